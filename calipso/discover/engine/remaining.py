"""How long a running scan still takes, by the times of the last scan like it."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from calipso.model.documents import Document
from calipso.model.scan import ScanStatus
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now

#: Scans that are looked through for one that read the whole inventory; events make many small ones.
LOOKED_AT = 50

#: What limits a scan to a part, or to some of its stages.
_LIMITS = ("object_id", "scanner", "parts", "inventory_only", "links_only", "cliques_only")

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
    before = map(_took, filter(_whole, store.find_scans(wanted, LOOKED_AT)))
    took = next(filter(None, before), {})
    number = int(scan.get("level") or 0)
    level = (scan.get("levels") or {}).get(str(number), {})
    place = (number, level.get("title"))
    if place not in took or not level.get("began"):
        return None
    done = level["done"] / level["tasks"] if level["tasks"] else 1.0
    spent: float = (now() - level["began"]).total_seconds()
    here: float = max(0.0, min(took[place] - spent, took[place] * (1 - done)))
    later = sum(seconds for (at, _), seconds in took.items() if at > number)
    return round(here + later, 1)


def _whole(scan: Mapping[str, Any]) -> bool:
    """True for a scan of everything. Records of other versions may have other requests."""
    request = scan.get("request") or {}
    return not any(request.get(name) for name in _LIMITS)


def _took(scan: Document) -> dict[tuple[int, str], float]:
    """Seconds of each level, by its number and title; empty when the record does not have them."""
    found = scan.get("levels") or {}
    levels = sorted(((int(number), level) for number, level in found.items()), key=itemgetter(0))
    begins = [level.get("began") for _, level in levels]
    ends = [*begins[1:], scan.get("end_timestamp")]
    if not levels or not all((*begins, *ends)):
        return {}
    return {
        (number, level["title"]): (end - level["began"]).total_seconds()
        for (number, level), end in zip(levels, ends, strict=True)
    }
