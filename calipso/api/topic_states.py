"""What a browser is told of drift, events and monitoring: a short state of each environment.

A state is small, and another one whenever a page that shows the whole would show something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calipso.model.documents import Document
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.event_keys import DEAD, DIRTY
from calipso.stores.scans.event_view import believed
from calipso.stores.scans.listener_store import ListenerStore

States = dict[str, Document]


def drift(inv: InventoryMgr, names: Iterable[str]) -> States:
    """Return when the rules were applied last, by environment."""
    runs = FindingStore(inv).runs_of(names)
    return {name: {"as_of": run["as_of"]} for name, run in runs.items()}


def events(inv: InventoryMgr, names: Iterable[str]) -> States:
    """Return the state of the listener, and numbers of messages and waiting keys."""
    known = set(names)
    found: States = {}
    for item in ListenerStore().all():
        if item["_id"] not in known:
            continue
        state = believed(item)
        messages = sum(sum(kinds.values()) for kinds in (item.get("events") or {}).values())
        found[str(item["_id"])] = {
            **{name: state.get(name) for name in ("state", "reason", "since")},
            "messages": messages,
            "waiting": 0,
            "dead": 0,
        }
    words = {DIRTY: "waiting", DEAD: "dead"}
    where = {"environment": {"$in": sorted(known)}}
    for group in _groups(inv, "event_keys", where, "$environment", "$state"):
        name, state = group["_id"]
        if state in words:
            found.setdefault(name, {})[words[state]] = group["count"]
    return found


def monitoring(inv: InventoryMgr, names: Iterable[str]) -> States:
    """Return the number of statuses that are not OK, and since when the newest of them is."""
    known = sorted(set(names))
    found = {name: {"count": 0, "newest": None} for name in known}
    where = {"environment": {"$in": known}}
    newest = {"newest": {"$max": "$since"}, "acknowledged": {"$max": "$acknowledged.at"}}
    newest["silenced_until"] = {"$max": "$silenced_until"}
    for group in _groups(inv, "monitoring_troubles", where, "$environment", "$value", **newest):
        name, value = group.pop("_id")
        found[name]["count"] += group["count"]
        found[name][f"value_{value}"] = group
    return found


def _groups(
    inv: InventoryMgr, collection: str, where: Document, first: str, second: str, **more: Any
) -> Any:
    """Groups by two fields, with their `count` and more."""
    group = {"_id": [first, second], "count": {"$sum": 1}, **more}
    return inv.db[collection].aggregate([{"$match": where}, {"$group": group}])
