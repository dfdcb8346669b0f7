"""`/diff`: what differs between two scans, two times, or around an object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.change_log import around
from calipso.analysis.diffing import Between, between, diff_answer, difference, of_scans
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, operation
from calipso.api.reading import INVENTORY, one_object
from calipso.api.replies import all_shown, shown
from calipso.api.schemas import Answer, Key, Query, Time
from calipso.api.words import EnvironmentName, InventoryName, Text, UtcTime
from calipso.errors import ConfigError
from calipso.model.answer import Verdict
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now

ns = Namespace("diff", description="What differs.", path="/diff")


class DiffQuery(Query):
    """What to compare: two scans, or two times."""

    inventory: InventoryName | None = Field(default=None, description=INVENTORY)
    env_name: EnvironmentName = Field(description="Of this environment.")
    from_scan: Text | None = Field(default=None, description="The end of this scan is the first.")
    to_scan: Text | None = Field(default=None, description="The end of this scan is the second.")
    start: Time | None = Field(default=None, description="The first time.")
    end: Time | None = Field(default=None, description="The second time; default: now.")
    around: Key | None = Field(
        default=None, description="Only what is near the object of this key, and its links."
    )
    depth: int = Field(default=2, ge=0, le=5, description="With `around`: so many links away.")
    limit: int = Field(default=1000, ge=1, le=5000, description="Changes at most.")


class FindingsAnswer(Answer):
    """Findings of drift at the two times."""

    new: list[dict[str, Any]] = Field(description="Open at the second time only.")
    cleared: list[dict[str, Any]] = Field(description="Open at the first time only.")
    unchanged: list[dict[str, Any]] = Field(description="Open at both.")


class DiffAnswer(Answer):
    """What differs."""

    environment: str
    start: UtcTime
    end: UtcTime
    verdict: Verdict = Field(description="`yes`: no new finding; `unknown`: drift was not judged.")
    sentence: str
    code: str
    counts: dict[str, dict[str, int]] = Field(
        description="Changes by `change`, `type`, `project`, `host` and `cause`."
    )
    changes: list[dict[str, Any]] = Field(
        description="One for each object or link that differs, with `project` and `cause`."
    )
    findings: FindingsAnswer
    truncated: bool = Field(description="True: there are more changes than the limit.")


EXAMPLE = {
    "environment": "prod",
    "start": "2026-05-04T03:00:00Z",
    "end": "2026-05-04T05:00:00Z",
    "verdict": "yes",
    "sentence": "1 changes, 0 new, 0 cleared and 0 unchanged findings",
    "code": "diff_no_new_findings",
    "counts": {"change": {"added": 1}, "type": {"instance": 1}},
    "changes": [{"change": "added", "kind": "object", "type": "instance", "name": "web-2"}],
    "findings": {"new": [], "cleared": [], "unchanged": []},
    "truncated": False,
}


@ns.route("")
class Diff(Resource):  # type: ignore[misc]
    """The difference."""

    @operation(Need.LOGIN, answer=DiffAnswer, query=DiffQuery, errors=(404, 422), example=EXAMPLE)
    def get(self, caller: Caller, query: DiffQuery) -> Document:
        """What differs between two scans or times of an environment, and which findings."""
        environment = caller.may_view(query.env_name)
        inv = _opened(query.inventory)
        where = _between(inv, environment, query)
        conditions = None
        if query.around is not None:
            item = one_object(inv, query.around, caller)
            if item["environment"] != environment:
                problem = Detail("around", f"is no object of {environment}")
                raise BadRequest("wrong in the query: around", details=[problem])
            conditions = around(inv, item, query.depth)
        found = difference(inv, where, conditions)
        answer = diff_answer(found)
        return {
            "environment": environment,
            "start": where.start,
            "end": where.end,
            "verdict": answer.verdict.value,
            "sentence": answer.sentence,
            "code": answer.code,
            "counts": found.counts(),
            "changes": [shown(item) for item in found.changes[: query.limit]],
            "findings": {
                "new": all_shown(found.new),
                "cleared": all_shown(found.cleared),
                "unchanged": all_shown(found.unchanged),
            },
            "truncated": len(found.changes) > query.limit,
        }


def _opened(inventory: str | None) -> InventoryMgr:
    try:
        return InventoryMgr(inventory)
    except ConfigError as error:
        problem = Detail("inventory", error.message)
        message = "wrong in the query: inventory"
        raise BadRequest(message, hint=error.hint, details=[problem]) from error


def _between(inv: InventoryMgr, environment: str, query: DiffQuery) -> Between:
    """The two times. Raises BadRequest for too little, NotFound for a scan of another cloud."""
    if query.from_scan is not None:
        return of_scans(inv, query.from_scan, query.to_scan, environment)
    if query.start is None or query.to_scan is not None:
        name = "from_scan" if query.to_scan is not None else "start"
        problem = Detail(name, "must be given: two scans or two times are compared")
        raise BadRequest(f"wrong in the query: {name}", details=[problem])
    end: datetime = query.end or now()
    return between(environment, query.start, end)
