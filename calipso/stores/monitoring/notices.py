"""Notices: what webhooks are told, each an answer with what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calipso.model.answer import Answer, Evidence, Verdict
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.monitoring.status_store import Changed, message_text

#: Topics that a webhook may ask for.
STATUS, DRIFT = "status", "drift"
TOPICS = (STATUS, DRIFT)
#: Bytes of a body. Evidence is left out where it would be longer.
LONGEST = 32_768

VERDICTS = {
    Value.OK: Verdict.YES,
    Value.WARNING: Verdict.DEGRADED,
    Value.ERROR: Verdict.NO,
    Value.UNKNOWN: Verdict.UNKNOWN,
}
#: How bad a finding of drift is, in the words of statuses.
_SEVERITIES = {"critical": Value.ERROR, "major": Value.WARNING, "minor": Value.UNKNOWN}


@dataclass(frozen=True)
class Notice:
    """One notice. `value`: the worse of before and after, which the filter of a webhook sees."""

    topic: str
    type: str
    value: Value
    body: Document


def of_status(environment: str, one: Changed) -> Notice | None:
    """Return the notice of a changed status; None where there is no message either."""
    target, status = one.found.target, one.status
    value = Value(status["value"])
    text = message_text(one.found, one.before, value, status)
    if not text:
        return None
    answer = Answer(
        verdict=VERDICTS[value],
        sentence=text,
        code=f"status_{value.name.lower()}",
        findings=[{"value": int(value), "label": value.label, "text": status["text"]}],
        evidence=[
            Evidence(
                source=status["source"], line=status["text"], host=target.host, read_at=status["at"]
            )
        ],
        as_of=status["at"],
    )
    about = {"kind": target.kind, "type": target.type, "id": target.id, "name": target.name}
    before = Value.OK if one.before is None else one.before
    was = None if one.before is None else one.before.label
    more = {"was": was, "since": status["since"].isoformat()}
    body = _body(STATUS, environment, answer, about | {"host": target.host}, more)
    return Notice(STATUS, target.type, max(value, before, key=lambda v: v.badness), body)


def of_finding(environment: str, finding: Mapping[str, Any], cleared: bool) -> Notice:
    """Return the notice of a finding of drift that is new, or is gone."""
    value = _SEVERITIES.get(str(finding.get("severity")), Value.WARNING)
    sentence = str(finding["sentence"])
    answer = Answer(
        verdict=Verdict.YES if cleared else Verdict.NO,
        sentence=f"no longer so: {sentence}" if cleared else sentence,
        code=str(finding["rule"]),
        findings=[{"severity": finding.get("severity"), "remedy": finding.get("remedy", "")}],
        evidence=[Evidence.model_validate(one) for one in finding.get("evidence") or ()],
    )
    about = {name: str(finding.get(name) or "") for name in ("type", "id", "name", "host")}
    body = _body(DRIFT, environment, answer, {"kind": "object"} | about, {"cleared": cleared})
    return Notice(DRIFT, about["type"], value, body)


def of_test(environment: str, name: str) -> Document:
    """Return the body that shows whether a webhook works."""
    sentence = f"{environment}: this is a test of the webhook {name}"
    answer = Answer(verdict=Verdict.YES, sentence=sentence, code="webhook_test")
    return _body("test", environment, answer, {}, {})


def _body(
    topic: str, environment: str, answer: Answer, about: Document, more: Document
) -> Document:
    head: Document = {"topic": topic, "environment": environment, "object": about} | more
    body: Document = answer.model_dump(mode="json") | head
    if len(json.dumps(body)) > LONGEST:
        body |= {"evidence": [], "findings": [], "sentence": answer.sentence[:2000]}
        body["not_checked"] = ["evidence and findings are too long for an alert"]
    return body
