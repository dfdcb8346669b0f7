"""`/aggregates`: counts of objects, messages and constants, and counts over time."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, operation
from calipso.api.reading import OneQuery, opened, seen_names
from calipso.api.schemas import Answer, Time
from calipso.api.words import EnvironmentName, Text
from calipso.model.documents import Document
from calipso.model.types import is_folder
from calipso.stores.inventory.change_store import within
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.past import PastInventory
from calipso.stores.mongo.driver import DESCENDING
from calipso.stores.scans.scan_store import EVENT_ORIGIN
from calipso.utils.constants import load_constants

ns = Namespace("aggregates", description="Counts, now and over time.", path="/aggregates")

#: Scans that read a whole inventory; the others count only a part of it.
WHOLE = {
    "status": {"$in": ["completed", "completed_with_errors"]},
    "request.links_only": False,
    "request.cliques_only": False,
    "request.object_id": None,
    "request.scanner": None,
    "request.origin": {"$ne": EVENT_ORIGIN},
}


class AggregateType(StrEnum):
    """What to count."""

    ENVIRONMENT = "environment"
    MESSAGE = "message"
    CONSTANT = "constant"


class AggregateQuery(OneQuery):
    """What to count."""

    type: AggregateType = Field(
        description="environment: its objects, links and cliques by type; message: messages by "
        "level, environment and day; constant: values of each."
    )
    env_name: EnvironmentName | None = Field(
        default=None,
        description="The environment; for messages, default: all you may view.",
    )


class AggregateAnswer(Answer):
    """Counts."""

    type: AggregateType
    env_name: str | None = Field(default=None, description="Where one was given.")
    aggregates: dict[str, dict[str, Any]] = Field(
        description="environment: `object_types`, `link_types`, `cliques`; message: `levels`, "
        "`environments`, `days` (day to level to number); constant: `names`."
    )


class HistoryQuery(OneQuery):
    """Of what, and when."""

    env_name: EnvironmentName = Field(description="Of this environment.")
    type: list[Text] = Field(
        default=[], description="Object types, `links`, `cliques`; none: all that were counted."
    )
    since: Time | None = Field(default=None, description="Scans that ended from this time on.")
    until: Time | None = Field(default=None, description="Scans that ended up to this time.")
    limit: int = Field(default=500, ge=1, le=5000, description="Newest scans at most.")


class Series(Answer):
    """Numbers of one type over time."""

    target: str = Field(description="Object type, `links` or `cliques`.")
    datapoints: list[list[int]] = Field(
        description="`[number, milliseconds since 1970]`, the oldest first."
    )


class HistoryAnswer(Answer):
    """Counts over time, as Grafana's JSON data sources take them."""

    env_name: str
    series: list[Series]


@ns.route("")
class Aggregates(Resource):  # type: ignore[misc]
    """Counts now."""

    @operation(
        Need.LOGIN,
        answer=AggregateAnswer,
        query=AggregateQuery,
        errors=(404,),
        example={
            "type": "environment",
            "env_name": "prod",
            "aggregates": {
                "object_types": {"host": 12, "instance": 240},
                "link_types": {"instance-vnic": 244},
                "cliques": {"instance": 240},
            },
        },
    )
    def get(self, caller: Caller, query: AggregateQuery) -> Document:
        """Counts by type; of messages by level, environment and day; of constants."""
        found: Document = {"type": query.type.value}
        if query.env_name is not None:
            found["env_name"] = caller.may_view(query.env_name)
        inv = opened(query)
        if query.type is AggregateType.CONSTANT:
            return found | {"aggregates": {"names": _constants()}}
        if query.type is AggregateType.MESSAGE:
            names = [query.env_name] if query.env_name else seen_names(caller)
            return found | {"aggregates": _messages(inv, names, query.at)}
        if query.env_name is None:
            problem = Detail("env_name", "must be given for this type")
            raise BadRequest("wrong in the query: env_name", details=[problem])
        objects = _counted(inv, "inventory", query.env_name, "type")
        return found | {
            "aggregates": {
                "object_types": {
                    kind: number for kind, number in objects.items() if not is_folder(kind)
                },
                "link_types": _counted(inv, "links", query.env_name, "link_type"),
                "cliques": _counted(inv, "cliques", query.env_name, "focal_point_type"),
            }
        }


def _counted(inv: InventoryMgr, name: str, environment: str, field: str) -> dict[str, int]:
    """How many documents of an environment have, or had, each value of a field."""
    if isinstance(inv, PastInventory):
        items = inv.collection(name).find({"environment": environment}, {field: 1})
        return dict(sorted(Counter(str(item.get(field)) for item in items).items()))
    steps: list[Document] = [
        {"$match": {"environment": environment}},
        {"$group": {"_id": f"${field}", "number": {"$sum": 1}}},
    ]
    groups = inv.collection(name).aggregate(steps)
    return {str(item["_id"]): item["number"] for item in sorted(groups, key=lambda i: str(i))}


def _messages(
    inv: InventoryMgr, environments: list[str], until: datetime | None
) -> dict[str, Document]:
    """Messages of these environments by level, by environment, and by day and level."""
    wanted: Document = {"environment": {"$in": environments}}
    if until is not None:
        wanted["timestamp"] = {"$lte": until}
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": "$timestamp"}}
    by = {"level": "$level", "environment": "$environment", "day": day}
    steps: list[Document] = [
        {"$match": wanted},
        {"$group": {"_id": by, "number": {"$sum": 1}}},
    ]
    levels: Counter[str] = Counter()
    of: Counter[str] = Counter()
    days: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for group in inv.db["messages"].aggregate(steps):
        key, number = group["_id"], group["number"]
        levels[str(key["level"])] += number
        of[str(key["environment"])] += number
        days[str(key["day"])][str(key["level"])] += number
    return {
        "levels": dict(sorted(levels.items())),
        "environments": dict(sorted(of.items())),
        "days": {name: dict(sorted(count.items())) for name, count in sorted(days.items())},
    }


def _constants() -> dict[str, int]:
    return {
        name: len(values) for name, values in load_constants().items() if isinstance(values, list)
    }


@ns.route("/history")
class History(Resource):  # type: ignore[misc]
    """Counts over time."""

    @operation(
        Need.LOGIN,
        answer=HistoryAnswer,
        query=HistoryQuery,
        errors=(404,),
        example={
            "env_name": "prod",
            "series": [{"target": "instance", "datapoints": [[238, 1777863600000]]}],
        },
    )
    def get(self, caller: Caller, query: HistoryQuery) -> Document:
        """What whole scans of an environment counted, over time: a series for each type."""
        name = caller.may_view(query.env_name)
        inv = opened(query)
        ends = [moment for moment in (query.until, query.at) if moment is not None]
        limits = within(query.since, min(ends, default=None))
        wanted: Document = WHOLE | {"environment": name, "inventory": inv.inventory}
        wanted["end_timestamp"] = limits.get("time", {"$ne": None})
        scans = inv.db["scans"].find(
            wanted,
            {"counts": 1, "end_timestamp": 1},
            sort=[("end_timestamp", DESCENDING)],
            limit=query.limit,
        )
        series: defaultdict[str, list[list[int]]] = defaultdict(list)
        for scan in reversed(list(scans)):
            for kind, number in scan.get("counts", {}).items():
                if not query.type or kind in query.type:
                    series[kind].append([int(number), _milliseconds(scan["end_timestamp"])])
        points = [{"target": kind, "datapoints": series[kind]} for kind in sorted(series)]
        return {"env_name": name, "series": points}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
