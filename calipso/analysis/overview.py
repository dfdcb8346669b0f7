"""How an environment is: objects by type and health, the worst of them, what was not read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from calipso.model.documents import Document
from calipso.model.scan import ScanStatus
from calipso.model.types import is_folder
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import DESCENDING
from calipso.stores.mongo.encoding import decode
from calipso.stores.scans.scan_store import ScanStore
from calipso.topology.health import BAD_WORDS, Health, health

Condition = dict[str, Any]

#: Fields of an object of the list of the worst.
SHOWN = (
    *("type", "id", "name", "object_name", "host"),
    *("state", "status", "stale_since", "problems", "last_scanned"),
)
#: Objects that are compared to find the worst; a cloud that is ill has thousands of them.
COMPARED = 500

ENDED = [status.value for status in ScanStatus if status.final]
NOT_ENDED = [status.value for status in ScanStatus if not status.final]
_SCAN = dict.fromkeys(
    ("status", "submit_timestamp", "end_timestamp", "error_count", "warning_count", "stale"), 1
)


def healths(
    inv: InventoryMgr, environments: Iterable[str]
) -> dict[str, dict[str, Counter[Health]]]:
    """Numbers of objects by environment, type and health; folders are not counted."""
    found: dict[str, dict[str, Counter[Health]]] = {
        name: defaultdict(Counter) for name in environments
    }
    where: Condition = {"environment": {"$in": list(found)}}
    ill: Condition = {"problems.0": {"$exists": True}}
    well: Condition = {"problems.0": {"$exists": False}}
    stale: Condition = {"stale_since": {"$type": "date"}}
    fresh: Condition = {"$nor": [stale]}
    kinds: tuple[tuple[Condition, Document], ...] = (
        (where | ill, {"problems": [True]}),
        (where | well | stale, {"stale_since": True}),
        (where | well | fresh, {}),
    )
    by = {name: f"${name}" for name in ("environment", "type", "state", "status")}
    for wanted, more in kinds:
        steps: list[Document] = [{"$match": wanted}, {"$group": {"_id": by, "n": {"$sum": 1}}}]
        for group in inv.collection("inventory").aggregate(steps):
            key = group["_id"]
            kind = str(key.get("type"))
            if not is_folder(kind):
                found[key["environment"]][kind][health(key | more)] += group["n"]
    return found


def worst(inv: InventoryMgr, environment: str, limit: int) -> list[Document]:
    """Objects that are bad or have problems, the worst first, each with its `health`.

    An object that is bad and has problems comes before one that has problems, and that before
    one that is only bad: the state of a port that nobody uses is no fault.
    """
    where: Condition = {"environment": environment}
    fields = dict.fromkeys(SHOWN, 1)
    found = {
        item["_id"]: item
        for wanted in (
            where | {"problems.0": {"$exists": True}},
            where | {"$or": [{name: {"$in": BAD_WORDS}} for name in ("state", "status")]},
        )
        for item in inv.find_all("inventory", wanted, projection=fields, limit=COMPARED)
    }
    ranked = sorted(found.values(), key=_rank)
    return [decode(item) | {"health": health(item)} for item in ranked[:limit]]


def _rank(item: Mapping[str, Any]) -> tuple[Any, ...]:
    problems, bad = len(item.get("problems") or ()), health(item) is Health.BAD
    known = (str(item.get("type")), str(item.get("name")), str(item["_id"]))
    return (-int(bool(problems)), -int(bad), -problems, *known)


def stale_hosts(inv: InventoryMgr, environment: str) -> list[Document]:
    """Hosts of which objects could not be read again: `{host, objects, since}`, most first."""
    steps: list[Document] = [
        {"$match": {"environment": environment, "stale_since": {"$type": "date"}}},
        {"$group": {"_id": "$host", "n": {"$sum": 1}, "since": {"$min": "$stale_since"}}},
    ]
    found = [
        {"host": str(item["_id"] or ""), "objects": item["n"], "since": item["since"]}
        for item in inv.collection("inventory").aggregate(steps)
    ]
    return sorted(found, key=lambda item: (-item["objects"], item["host"]))


def last_scan(environment: str, inventory: str) -> Document | None:
    """The scan that ended last, with what it did not read; None without one.

    `{id, status, submitted, ended, error_count, warning_count, stale, hosts, not_reached, failed}`:
    `hosts` is the number of hosts that it asked, `not_reached` names those without an answer,
    `failed` is the number of requests that failed.
    """
    store = ScanStore()
    wanted = {"environment": environment, "inventory": inventory, "status": {"$in": ENDED}}
    scan = store.scans.find_one(wanted, _SCAN, sort=[("end_timestamp", DESCENDING)])
    if scan is None:
        return None
    lines = list(
        store.coverage.find({"scan_id": scan["_id"]}, {"host": 1, "reached": 1, "failed": 1})
    )
    return {
        "id": scan["_id"],
        "status": scan["status"],
        "submitted": scan.get("submit_timestamp"),
        "ended": scan.get("end_timestamp"),
        "error_count": scan.get("error_count", 0),
        "warning_count": scan.get("warning_count", 0),
        "stale": scan.get("stale", 0),
        "hosts": len({line["host"] for line in lines if line.get("host")}),
        "not_reached": sorted(
            {
                str(line["host"])
                for line in lines
                if line.get("host") and line.get("reached") is False
            }
        ),
        "failed": sum(line.get("failed", 0) for line in lines),
    }


def running_scan(environment: str) -> str:
    """The id of the newest scan that has not ended; empty without one."""
    wanted = {"environment": environment, "status": {"$in": NOT_ENDED}}
    scan = ScanStore().scans.find_one(wanted, {"_id": 1}, sort=[("submit_timestamp", DESCENDING)])
    return str(scan["_id"]) if scan else ""
