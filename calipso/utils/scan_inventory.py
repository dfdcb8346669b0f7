"""The inventory as a running scan sees it, and the evidence of what it read.

Objects that are gone stay stored until the scan's sweep. What fetchers read meanwhile must not
be built on them: `ScanInventory` leaves out what a fetch of this scan did not list any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.scan_store import ScanStore

Document = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Which fetches of a scan succeeded: (node of the tree, `_id` of the parent)."""

    read: frozenset[tuple[str, ObjectId]]

    def covers(self, item: Mapping[str, Any]) -> bool:
        """True when the fetch that once found this object was repeated with success."""
        found_by = item.get("fetched_by") or {}
        return (found_by.get("node", ""), found_by.get("parent")) in self.read


def gather_evidence(store: ScanStore, scan_id: str) -> Evidence:
    """The evidence of a scan from its finished fetch tasks."""
    read: set[tuple[str, ObjectId]] = set()
    fields = ("nodes", "parents", "failed", "ran")
    for task in store.scan_tasks(scan_id, *fields, kind="fetch", done=True):
        if not task.get("ran"):
            continue
        failed = task.get("failed", {})
        for node in task["nodes"]:
            lost = set(failed.get(node, ()))
            read.update((node, parent) for parent in task["parents"] if parent not in lost)
    return Evidence(frozenset(read))


class ScanInventory(InventoryMgr):
    """Reads like InventoryMgr, without objects that the scan knows to be gone."""

    def __init__(self, inventory: str, scan_id: str) -> None:
        super().__init__(inventory)
        self.scan_id = scan_id
        self._evidence: tuple[int, Evidence] | None = None

    def find_items(self, query: Mapping[str, Any], fields: Iterable[str] = ()) -> list[Document]:
        """Objects that match, but for those that are gone."""
        wanted = list(fields)
        if wanted:
            wanted += ["scan_id", "fetched_by"]
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
        """A level is complete before the next begins, so evidence is gathered once a level."""
        store = ScanStore(self)
        level = store.level_of(self.scan_id)
        if self._evidence is None or self._evidence[0] != level:
            self._evidence = (level, gather_evidence(store, self.scan_id))
        return self._evidence[1]
