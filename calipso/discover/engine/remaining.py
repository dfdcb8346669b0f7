"""How long a running scan still takes, by the times of the last scan like it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.documents import Document
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now

#: Scans that are looked through for one that read the whole inventory; events make many small ones.
LOOKED_AT = 50

#: How a scan ended that went through all its levels.
_ENDED = [ScanStatus.COMPLETED.value, ScanStatus.COMPLETED_WITH_ERRORS.value]


def seconds_left(store: ScanStore, scan: Mapping[str, Any]) -> float | None:
    """Seconds that a running scan of a whole inventory still takes; None when that is not known.

    It is known when a whole scan of this environment ended before, and went through the level in
    which this one is.
    """
    if scan["status"] != ScanStatus.RUNNING.value or not _whole(scan):
        return None
    wanted = {name: scan[name] for name in ("environment", "inventory")}
    wanted |= {"status": {"$in": _ENDED}}
    before = next(filter(_whole, store.find_scans(wanted, LOOKED_AT)), None)
    took = _took(before) if before else {}
    number = scan["level"]
    level = scan["levels"].get(str(number), {})
    place = (number, level.get("title"))
    if place not in took or not level.get("began"):
        return None
    done = level["done"] / level["tasks"] if level["tasks"] else 1.0
    spent: float = (now() - level["began"]).total_seconds()
    here: float = max(0.0, min(took[place] - spent, took[place] * (1 - done)))
    later = sum(seconds for (at, _), seconds in took.items() if at > number)
    return round(here + later, 1)


def _whole(scan: Mapping[str, Any]) -> bool:
    request = ScanRequest.model_validate(scan["request"])
    return request.whole_inventory() and not request.inventory_only


def _took(scan: Document) -> dict[tuple[int, str], float]:
    """Seconds of each level, by its number and title; empty when the record does not have them."""
    levels = sorted(
        ((int(number), level) for number, level in scan["levels"].items()), key=lambda item: item[0]
    )
    begins = [level.get("began") for _, level in levels]
    if not all(begins):
        return {}
    ends = [*begins[1:], scan["end_timestamp"]]
    return {
        (number, level["title"]): (end - level["began"]).total_seconds()
        for (number, level), end in zip(levels, ends, strict=True)
    }
