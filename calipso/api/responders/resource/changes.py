"""`/changes`: what scans found added, changed or removed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.change_log import around, as_net
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.gather import gathered
from calipso.api.operation import listing
from calipso.api.paging import page, page_of
from calipso.api.reading import EnvironmentPage, InventoryPage, one_object, opened, seen
from calipso.api.replies import Page
from calipso.api.schemas import Answer, Key, Time
from calipso.api.words import Text, UtcTime
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.stores.inventory.change_store import ChangeStore, within
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode

ns = Namespace("changes", description="What changed, and when.", path="/")

ORDER = ("time", "kind", "type", "id")
NEWEST_FIRST = ["-time"]

#: What time travel needs, and nobody else.
HIDDEN = ("was",)

#: Changes that are put together in memory.
MOST_NET = 20_000


class Change(StrEnum):
    """What happened."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Kind(StrEnum):
    """To what."""

    OBJECT = "object"
    LINK = "link"


class _Filter(InventoryPage):
    """Filters of changes."""

    since: Time | None = Field(default=None, description="From this time on.")
    until: Time | None = Field(default=None, description="Up to this time.")
    change: Change | None = Field(default=None, description="What happened.")
    kind: Kind | None = Field(default=None, description="Of objects only, or of links only.")


class ChangeQuery(_Filter, EnvironmentPage):
    """Filters of the list of changes."""

    type: Text | None = Field(default=None, description="Of this object type or link type.")
    id: Text | None = Field(default=None, description="Of objects with this id.")
    host: Text | None = Field(default=None, description="On this host.")
    scan_id: Text | None = Field(default=None, description="Recorded by this scan.")
    from_scan: Text | None = Field(
        default=None,
        description="With `env_name`: what is different from what this scan found; "
        "`to_scan` says since when it is the same again.",
    )
    to_scan: Text | None = Field(
        default=None, description="With `from_scan`: as this later scan found it; else as it is."
    )

    net: bool = Field(
        default=False,
        description="What is different at the end: the changes of each thing as one, none where "
        f"it is again as it was at the start. For {MOST_NET} changes at most, else 422.",
    )


class NearChangeQuery(_Filter):
    """Changes around an object."""

    depth: int = Field(
        default=0, ge=0, le=5, description="Also of what is so many links away, and those links."
    )


class ChangeAnswer(Answer):
    """A change."""

    environment: str = ""
    scan_id: str = Field(default="", description="The scan that found it.")
    time: UtcTime | None = Field(default=None, description="When that scan stored it.")
    change: Change = Change.CHANGED
    kind: Kind = Kind.OBJECT
    type: str = Field(default="", description="Object type or link type.")
    id: str = Field(default="", description="Of a link: `<source id> -> <target id> [<name>]`.")
    source_id: str = Field(default="", description="Of a link: the object it begins at.")
    target_id: str = Field(default="", description="Of a link: the object it ends at.")
    name: str = ""
    host: str = ""
    fields: dict[str, Any] = Field(
        default={},
        description="For a change: field (dotted) to `old` and `new`. A side without the field "
        "is left out.",
    )


EXAMPLE = {
    "id": "compute-1-tap8a0382a0-5b",
    "_id": "65a1f0c2d4e8b1a2c3d4e5d0",
    "environment": "prod",
    "scan_id": "6563a1f0c2d4e8b1a2c3d4e5",
    "time": "2026-05-04T03:00:09Z",
    "change": "changed",
    "kind": "object",
    "type": "vnic",
    "name": "tap8a0382a0-5b",
    "host": "compute-1",
    "fields": {"state": {"old": "up", "new": "down"}},
}


@ns.route("/changes")
class Changes(Resource):  # type: ignore[misc]
    """The list."""

    @listing(ChangeAnswer, ChangeQuery, EXAMPLE, errors=(404, 422))
    def get(self, caller: Caller, query: ChangeQuery) -> Page:
        """Changes, newest first: since a time, of one scan, or between two scans."""
        inv = opened(query)
        equal = {"type", "id", "host", "scan_id", "change", "kind"}
        wanted = query.model_dump(include=equal, exclude_none=True, mode="json")
        wanted |= seen(caller, query.env_name) | within(query.since, _end(query))
        if query.from_scan is not None or query.to_scan is not None:
            wanted["scan_id"] = {"$in": _scans(inv, query)}
        query = query.model_copy(update={"sort": query.sort or NEWEST_FIRST})
        if query.net:
            return page_of(_net(inv, wanted), query, order=ORDER)
        return page(inv.collection("changes"), wanted, query, order=ORDER, hidden=HIDDEN)


def _end(query: _Filter) -> datetime | None:
    """Up to when: what was known at a time are the changes up to it."""
    times = [moment for moment in (query.until, query.at) if moment is not None]
    return min(times, default=None)


def _net(inv: InventoryMgr, wanted: Document) -> list[Document]:
    """The changes of each thing as one. Raises ConfigError for too many."""
    change = wanted.pop("change", None)
    shown = dict.fromkeys(HIDDEN, 0)
    found = list(inv.collection("changes").find(wanted, shown, limit=MOST_NET + 1))
    if len(found) > MOST_NET:
        raise ConfigError(
            f"more than {MOST_NET} changes to combine",
            hint="Narrow them: env_name, type, host, since, until; or ask without net.",
        )
    ordered = sorted(found, key=lambda item: (item["time"], item["_id"]))
    folded = as_net(decode(item) for item in ordered)
    return [item for item in folded if change in (None, item["change"])]


def _scans(inv: InventoryMgr, query: ChangeQuery) -> list[str]:
    """Scans between the two asked for; with `scan_id`, that one if it is among them."""
    if query.from_scan is None or query.env_name is None:
        missing = "from_scan" if query.from_scan is None else "env_name"
        problem = Detail(missing, "must be given to compare scans")
        raise BadRequest(f"wrong in the query: {missing}", details=[problem])
    found = ChangeStore(inv).scans_between(query.env_name, query.from_scan, query.to_scan)
    return [scan for scan in found if query.scan_id in (None, scan)]


@ns.route("/inventory/<string:key>/changes")
class ObjectChanges(Resource):  # type: ignore[misc]
    """Changes of one object."""

    @listing(ChangeAnswer, NearChangeQuery, EXAMPLE, errors=(404,))
    def get(self, key: Key, caller: Caller, query: NearChangeQuery) -> Page:
        """What happened to an object and its links; with `depth`, also to what is near."""
        inv = opened(query)
        item = one_object(inv, key, caller)
        conditions = around(inv, item, query.depth)
        rest = query.model_dump(include={"change", "kind"}, exclude_none=True, mode="json")
        rest |= within(query.since, _end(query))
        query = query.model_copy(update={"sort": query.sort or NEWEST_FIRST})
        return gathered(
            inv.collection("changes"), conditions, rest, query, order=ORDER, hidden=HIDDEN
        )
