"""`/drift`: where API, database and hosts say different things."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field

from calipso import dispatch
from calipso.analysis.drift_answer import Wanted, drift_answer, found
from calipso.analysis.drift_rules import described, load_drift_rules
from calipso.api.answers import JudgedAnswer, judged
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, INVENTORY, OneQuery, opened, seen_names
from calipso.api.schemas import Answer, Body, Time
from calipso.api.words import EnvironmentName, InventoryName, Text
from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.topology.drift.drift_rule import DriftSeverity
from calipso.utils.metadata_parser import nearest

ns = Namespace("drift", description="Where sources say different things.", path="/drift")


class DriftQuery(OneQuery):
    """Filters of findings."""

    env_name: EnvironmentName | None = Field(
        default=None, description="Of this environment; default: of all you may view."
    )
    rule: list[Text] = Field(default=[], description="Of these rules.")
    severity: DriftSeverity | None = Field(default=None, description="As bad as this, or worse.")
    type: Text | None = Field(default=None, description="About objects of this type.")
    id: Text | None = Field(default=None, description="About objects with this id.")
    host: Text | None = Field(default=None, description="On this host.")
    project: Text | None = Field(default=None, description="Of this project.")
    since: Time | None = Field(default=None, description="Only what began since then.")
    muted: bool = Field(default=True, description="False: without muted findings.")
    limit: int = Field(default=1000, ge=1, le=5000, description="Findings at most.")


class DriftAnswer(JudgedAnswer):
    """Findings, the worst first, and what they come to. `key` of a finding is what
    `/inventory/<key>` takes of its object.
    """

    counts: dict[str, int] = Field(description="Findings that are not muted, by severity.")
    truncated: bool = Field(description="True: there are more than the limit.")


class RuleAnswer(Answer):
    """A rule."""

    rule: str = Field(description="Its stable name.")
    severity: DriftSeverity
    sentence: str = Field(description="What a finding of it says.")
    remedy: str = Field(description="What a person does about it.")
    rests_on: list[str] = Field(description="Codes of problems that it rests on.")


class RulesAnswer(Answer):
    """All rules."""

    items: list[RuleAnswer]


class RunBody(Body, json_schema_extra={"examples": [{"environment": "prod"}]}):
    """What to judge."""

    environment: EnvironmentName
    inventory: InventoryName | None = Field(default=None, description=INVENTORY)


class RunAnswer(BaseModel):
    """The rules will be applied."""

    environment: str
    message: str


FINDING = {
    "_id": EXAMPLE_KEY,
    "key": EXAMPLE_KEY,
    "id": "compute-1-tap8a0382a0-5b",
    "environment": "prod",
    "rule": "mtu_below_network",
    "severity": "major",
    "type": "vnic",
    "name": "tap8a0382a0-5b",
    "host": "compute-1",
    "project": "",
    "sentence": "tap8a0382a0-5b on compute-1 has MTU 1400, network private has 1450",
    "remedy": "Set the MTU of the device to that of the network: `ip link set DEVICE mtu N`.",
    "evidence": [{"source": "cli", "line": "mtu=1400", "host": "compute-1", "command": ""}],
    "others": [{"type": "network", "id": "2f0c1a7e", "name": "private", "host": ""}],
    "since": "2026-05-04T03:00:09Z",
    "open": True,
}
EXAMPLE = {
    "verdict": "no",
    "sentence": "1 major findings",
    "code": "drift_found",
    "findings": [FINDING],
    "evidence": [],
    "assumptions": [],
    "not_checked": [],
    "as_of": "2026-05-04T03:00:20Z",
    "counts": {"major": 1},
    "truncated": False,
}


@ns.route("")
class Drift(Resource):  # type: ignore[misc]
    """Findings."""

    @operation(Need.LOGIN, answer=DriftAnswer, query=DriftQuery, errors=(404, 422), example=EXAMPLE)
    def get(self, caller: Caller, query: DriftQuery) -> Document:
        """What is open, the worst first, of the environments you may view."""
        inv = opened(OneQuery(inventory=query.inventory))
        known = load_drift_rules()
        wrong = [name for name in query.rule if name not in known]
        if wrong:
            details = [Detail("rule", f"no rule {name}{nearest(name, known)}") for name in wrong]
            raise BadRequest("wrong in the query: rule", details=details)
        names = [caller.may_view(query.env_name)] if query.env_name else seen_names(caller)
        equal = {"type", "id", "host", "project"}
        wanted = Wanted(
            rules=query.rule,
            severity=query.severity.value if query.severity else "",
            since=query.since,
            equal=query.model_dump(include=equal, exclude_none=True),
            at=query.at,
        )
        items = found(inv, names, wanted)
        answer = drift_answer(inv, names, items, query.at)
        if not query.muted:
            heard = [item for item in items if not item.get("muted")]
            answer = answer.model_copy(update={"findings": heard})
        document = judged(answer, query.limit)
        for item in document["findings"]:
            item["key"] = str(object_key(item["environment"], item["type"], item["id"]))
        return document | {"counts": _counts(items)}


def _counts(items: list[Document]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        if not item.get("muted"):
            found[item["severity"]] = found.get(item["severity"], 0) + 1
    return found


@ns.route("/rules")
class Rules(Resource):  # type: ignore[misc]
    """The rules."""

    @operation(
        Need.LOGIN,
        answer=RulesAnswer,
        example={
            "items": [
                {
                    "rule": "agent_dead",
                    "severity": "major",
                    "sentence": "A network agent does not report to Neutron any more.",
                    "remedy": "Start the agent on its host; look at its log.",
                    "rests_on": ["agent_down"],
                }
            ]
        },
    )
    def get(self, caller: Caller) -> dict[str, Any]:
        """All rules that are in force, in their order."""
        return {"items": described(load_drift_rules())}


@ns.route("/runs")
class Runs(Resource):  # type: ignore[misc]
    """Runs of the rules."""

    @operation(
        Need.OPERATE,
        answer=RunAnswer,
        body=RunBody,
        status=202,
        errors=(404, 422),
        example={"environment": "prod", "message": "the rules will be applied to prod"},
    )
    def post(self, caller: Caller, body: RunBody) -> Document:
        """Have a worker apply the rules to what is stored. A scan does so at its end."""
        environment = caller.may_edit(body.environment)
        inv = opened(OneQuery(inventory=body.inventory))
        dispatch.send_drift(environment, inv.inventory)
        return {
            "environment": environment,
            "message": f"the rules will be applied to {environment}",
        }
