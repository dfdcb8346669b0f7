"""The inventory as a running scan sees it, and the evidence of what the scan read.

Objects that are gone stay stored until the sweep of the scan. Fetchers must not use them before
that: `ScanInventory` leaves out objects that a fetch of this scan did not list any more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore

#: A fetch: scanner, fetcher, `_id` of the parent.
Fetch = tuple[str, str, ObjectId]

#: An id_path, or several.
Places = str | tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """Which fetches of a scan succeeded, and which failed.

    Scanner, fetcher and parent identify a fetch. Its place in the file does not, because it moves
    when somebody adds an entry before it.
    """

    read: frozenset[Fetch]
    failed: frozenset[Fetch]
    #: id_path (or several) to which the scan was limited; a slash at the end means only what is
    #: below it
    below: Places = ""
    #: `_id`s of objects that a fetch could not read although it succeeded for others
    unread: frozenset[ObjectId] = frozenset()
    #: fetches of which a scan of several parts kept only what is at or below these places
    limits: Mapping[Fetch, tuple[str, ...]] = field(default_factory=dict)

    def covers(self, item: Mapping[str, Any]) -> bool:
        """True when the scan repeated, with success, the fetch that had found this object.

        A scan of one object repeats a fetch that finds others too, and keeps only this object.
        """
        if item.get("_id") in self.unread:
            return False
        fetch = _fetch_of(item)
        places = self.limits.get(fetch, self.below)
        return fetch in self.read and is_at_or_below(item.get("id_path", ""), places)

    def lacks(self, item: Mapping[str, Any]) -> bool:
        """True when the fetch that had found this object failed, or could not read this object."""
        return item.get("_id") in self.unread or _fetch_of(item) in self.failed

    def lacks_elsewhere(self, item: Mapping[str, Any]) -> bool:
        """True when the fetcher that had found this object failed for another parent."""
        return _fetch_of(item)[:2] in self._failed_anywhere

    @cached_property
    def _failed_anywhere(self) -> frozenset[tuple[str, str]]:
        return frozenset((scanner, fetcher) for scanner, fetcher, _ in self.failed)


def is_at_or_below(id_path: str, place: Places) -> bool:
    """True for an object at this place of the tree or below it, or at or below one of several.

    Every object is below ``.
    """
    if not isinstance(place, str):
        return any(is_at_or_below(id_path, one) for one in place)
    return id_path == place or id_path.startswith(place if place[-1:] in "/" else f"{place}/")


def _fetch_of(item: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    found_by = item.get("fetched_by") or {}
    return found_by.get("scanner", ""), found_by.get("fetcher", ""), found_by.get("parent")


def gather_evidence(store: ScanStore, scan_id: str) -> Evidence:
    """Return the evidence of a scan from its finished fetch tasks."""
    read: set[Fetch] = set()
    failed: set[Fetch] = set()
    unread: set[ObjectId] = set()
    limits: dict[Fetch, tuple[str, ...] | None] = {}
    fields = ("scanner", "nodes", "fetchers", "parents", "failed", "ran", "unread", "places")
    for task in store.scan_tasks(scan_id, *fields, kind="fetch", done=True):
        unread.update(task.get("unread", ()))
        for node, fetcher in zip(task["nodes"], task["fetchers"], strict=True):
            lost = set(task.get("failed", {}).get(node, ())) if task.get("ran") else None
            for parent in task["parents"]:
                known = failed if lost is None or parent in lost else read
                fetch = (task["scanner"], fetcher, parent)
                known.add(fetch)
                limits[fetch] = _both(limits.get(fetch, ()), task.get("places"))
    return Evidence(
        frozenset(read - failed),
        frozenset(failed),
        store.below_of(scan_id),
        frozenset(unread),
        {fetch: places for fetch, places in limits.items() if places is not None},
    )


def _both(one: tuple[str, ...] | None, other: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the places that two runs of a fetch kept; None: one of them kept everything."""
    return None if one is None or other is None else (*one, *other)


class ScanInventory(InventoryMgr):
    """Reads like InventoryMgr, but leaves out objects that are gone by the evidence of the scan."""

    def __init__(self, inventory: str, scan_id: str) -> None:
        super().__init__(inventory)
        self.scan_id = scan_id
        self._evidence: tuple[int, Evidence] | None = None
        self._gathering = threading.Lock()

    def find_items(self, query: Mapping[str, Any], fields: Iterable[str] = ()) -> list[Document]:
        """Return objects that match and that are not gone."""
        wanted = list(fields)
        if wanted:
            wanted += ["scan_id", "fetched_by", "id_path"]
        found = super().find_items(query, wanted)
        if all(item.get("scan_id") == self.scan_id for item in found):
            return found
        evidence = self._current_evidence()
        return [
            item
            for item in found
            if item.get("scan_id") == self.scan_id or not evidence.covers(item)
        ]

    def _current_evidence(self) -> Evidence:
        """Return the evidence so far.

        It is read once per level, because each level ends before the next begins.
        """
        store = ScanStore(self)
        level = store.level_of(self.scan_id)
        with self._gathering:  # the threads of a worker begin a level at the same time
            if self._evidence is None or self._evidence[0] != level:
                self._evidence = (level, gather_evidence(store, self.scan_id))
            return self._evidence[1]
