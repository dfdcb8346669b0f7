"""`/overview`: how the environments are, and whether what is known of them can be believed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.overview import healths, last_scan, running_scan, stale_hosts, worst
from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, PresentQuery, opened, seen_names
from calipso.api.replies import shown
from calipso.api.schemas import Answer
from calipso.api.words import UtcTime
from calipso.model.documents import Document
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.health import Health

ns = Namespace("overview", description="How environments are.", path="/")


class Healths(Answer):
    """Numbers of objects by health."""

    good: int = 0
    degraded: int = 0
    bad: int = 0
    unknown: int = 0


class TypeCount(Healths):
    """Objects of one type."""

    type: str
    total: int


class OverviewScan(Answer):
    """The scan that ended last."""

    id: str
    status: str
    submitted: UtcTime | None = None
    ended: UtcTime | None = None
    error_count: int = 0
    warning_count: int = 0
    stale: int = Field(default=0, description="Objects that it could not read and kept.")
    hosts: int = Field(default=0, description="Hosts that it asked.")
    not_reached: list[str] = Field(default=[], description="Hosts that did not answer.")
    failed: int = Field(default=0, description="Requests that failed.")


class EnvironmentLine(Answer):
    """One environment."""

    environment: str
    objects: int = Field(description="Number of objects, without the folders of the tree.")
    healths: Healths
    last_scan: OverviewScan | None = None
    running_scan: str = Field(description="Id of a scan that has not ended, or empty.")


class OverviewAnswer(Answer):
    """All environments."""

    items: list[EnvironmentLine]


class WorstObject(Answer):
    """An object that is bad or has problems."""

    key: str = Field(alias="_id", description="What `/inventory/<key>` takes.")
    type: str
    id: str
    name: str = ""
    host: str = ""
    health: Health
    problems: list[dict[str, Any]] = Field(default=[])


class StaleHost(Answer):
    """A host of which something could not be read again."""

    host: str
    objects: int
    since: UtcTime | None = None


class EnvironmentOverview(EnvironmentLine):
    """One environment in full."""

    types: list[TypeCount]
    worst: list[WorstObject] = Field(description="The worst first.")
    stale_hosts: list[StaleHost]
    next_scan: UtcTime | None = Field(default=None, description="Next slot of its schedules.")


SCAN = {
    "id": "6563a1f0c2d4e8b1a2c3d4e5",
    "status": "completed_with_errors",
    "submitted": "2026-05-04T03:00:00Z",
    "ended": "2026-05-04T03:00:09Z",
    "error_count": 1,
    "warning_count": 0,
    "stale": 12,
    "hosts": 8,
    "not_reached": ["compute-3"],
    "failed": 1,
}
LINE = {
    "environment": "prod",
    "objects": 1204,
    "healths": {"good": 640, "degraded": 4, "bad": 2, "unknown": 558},
    "last_scan": SCAN,
    "running_scan": "",
}
OVERVIEW = LINE | {
    "types": [{"type": "instance", "total": 40, "good": 39, "degraded": 0, "bad": 1, "unknown": 0}],
    "worst": [
        {
            "_id": EXAMPLE_KEY,
            "type": "instance",
            "id": "7f2c1a7e-1111-4222-8333-444455556666",
            "name": "web-1",
            "host": "compute-1",
            "health": "bad",
            "problems": [],
        }
    ],
    "stale_hosts": [{"host": "compute-3", "objects": 12, "since": "2026-05-04T03:00:08Z"}],
    "next_scan": "2026-05-05T03:00:00Z",
}


@ns.route("/overview")
class Overview(Resource):  # type: ignore[misc]
    """All environments."""

    @operation(
        Need.LOGIN, answer=OverviewAnswer, query=PresentQuery, example={"items": [LINE]}, errors=()
    )
    def get(self, caller: Caller, query: PresentQuery) -> Document:
        """How each environment is that you may view: the one with most bad objects first."""
        inv = opened(query)
        names = seen_names(caller)
        found = healths(inv, names)
        items = [_line(inv, name, found[name]) for name in names]
        order = ("bad", "degraded")
        items.sort(key=lambda item: [-item["healths"][word] for word in order])
        return {"items": items}


@ns.route("/overview/<string:name>")
class OneOverview(Resource):  # type: ignore[misc]
    """One environment."""

    @operation(
        Need.LOGIN, answer=EnvironmentOverview, query=PresentQuery, errors=(404,), example=OVERVIEW
    )
    def get(self, name: str, caller: Caller, query: PresentQuery) -> Document:
        """How an environment is: objects by type and health, the worst ten, what was not read."""
        environment = caller.may_view(name)
        inv = opened(query)
        types = healths(inv, [environment])[environment]
        return _line(inv, environment, types) | {
            "types": [
                {"type": kind, "total": count.total()} | _numbers(count)
                for kind, count in sorted(types.items())
            ],
            "worst": [shown(item) for item in worst(inv, environment, 10)],
            "stale_hosts": stale_hosts(inv, environment),
            "next_scan": _next_scan(environment),
        }


def _line(inv: InventoryMgr, name: str, types: dict[str, Counter[Health]]) -> Document:
    total: Counter[Health] = sum(types.values(), Counter())
    return {
        "environment": name,
        "objects": total.total(),
        "healths": _numbers(total),
        "last_scan": last_scan(name, inv.inventory),
        "running_scan": running_scan(name),
    }


def _numbers(count: Counter[Health]) -> dict[str, int]:
    return {word.value: count[word] for word in Health}


def _next_scan(environment: str) -> Any:
    """The next slot of the schedules that are on; None without one."""
    wanted = {"environment": environment, "enabled": True, "scheduled_timestamp": {"$ne": None}}
    found = ScheduleStore().schedules.find(wanted, {"scheduled_timestamp": 1})
    return min((item["scheduled_timestamp"] for item in found), default=None)
