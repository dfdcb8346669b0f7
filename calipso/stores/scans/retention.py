"""Retention: removes old records of scans, changes and log lines, in portions and in limited time.

The last finished whole scan of each environment and inventory always stays, because changes are
counted from it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo.collection import Collection

from calipso.errors import Conflict
from calipso.model.collection_spec import Retention, Scope
from calipso.model.collections import COLLECTIONS, stored_name, with_scan
from calipso.model.documents import Document
from calipso.model.scan import RUNNING, ScanRequest, ScanStatus
from calipso.settings import Settings, settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr, known_inventories
from calipso.stores.mongo.embedded import PORTION
from calipso.stores.mongo.indexes import ensure_indexes
from calipso.stores.scans.scan_store import EVENT_ORIGIN, ScanStore
from calipso.stores.scans.scratch import PREFIX, remove_scratch
from calipso.utils.clock import now

FINISHED = [ScanStatus.COMPLETED.value, ScanStatus.COMPLETED_WITH_ERRORS.value]

#: Days that a scratch inventory may be needed after its scan has ended.
SCRATCH_DAYS = 1.0
#: Most seconds of a run. The next run continues.
BUDGET = 60.0


class Housekeeping:
    """One run over all collections that grow with time."""

    def __init__(
        self,
        config: Settings | None = None,
        *,
        moment: datetime | None = None,
        budget: float = BUDGET,
        portion: int = PORTION,
    ) -> None:
        self.config = config or settings()
        self.moment = moment or now()
        self.portion = portion
        self.removed: dict[str, int] = {}
        self._deadline = time.monotonic() + budget
        self._store = ScanStore()
        self._db = InventoryMgr().db

    def run(self) -> dict[str, int]:
        """Remove old documents; returns the number of removed documents by collection."""
        inventories = known_inventories(self._db)
        for name, spec in COLLECTIONS.items():
            if spec.retention is None:
                continue
            names = [name] if spec.scope is not Scope.INVENTORY else inventories
            for stored in sorted({stored_name(inventory, name) for inventory in names}):
                self._older(self._db[stored], name, spec.retention)
        self._old_tasks()
        self._old_scratch()
        self._old_scans()
        return self.removed

    def _old_tasks(self) -> None:
        """Remove tasks of finished scans, which are useful only to look at a failure."""
        for scan in self._ended(self.config.retention_days_tasks, tasks_removed=None):
            if self._all(self._db["scan_tasks"], {"scan_id": scan["_id"]}):
                self._store.update(scan["_id"], {"tasks_removed": True})

    def _old_scratch(self) -> None:
        """Remove scratch inventories of processes that were killed before they removed them."""
        for name in {str(scan["inventory"]) for scan in self._ended(SCRATCH_DAYS)}:
            if name.startswith(PREFIX) and time.monotonic() < self._deadline:
                remove_scratch(InventoryMgr(name))

    def forget_scan(self, scan: Mapping[str, Any]) -> None:
        """Delete the records of an ended scan.

        Raises Conflict for a running scan and for the last whole scan.
        """
        scan_id = str(scan["_id"])
        if scan["status"] in RUNNING:
            raise Conflict(f"scan {scan_id} has not ended", hint="Cancel it first.")
        if scan_id in self._baselines([scan]):
            raise Conflict(
                f"scan {scan_id} is the last whole scan of environment {scan['environment']}: "
                "changes are counted from it",
                hint="You can delete it after the next whole scan.",
            )
        self._remove(scan_id)

    def _old_scans(self) -> None:
        """Remove scans with all their documents. The record of a scan goes last."""
        old = self._ended(self.config.retention_days_scans)
        of_events = {"request.origin": EVENT_ORIGIN}
        old += self._ended(self.config.retention_days_event_scans, **of_events)
        keep = self._baselines(old)
        for scan in old:
            if scan["_id"] not in keep:
                self._remove(scan["_id"])

    def _remove(self, scan_id: str) -> None:
        parts = [self._db[name] for name in with_scan()]
        if all(self._all(part, {"scan_id": scan_id}) for part in parts):
            self._delete(self._db["scans"], [scan_id])

    def _ended(self, days: float, **more: Any) -> list[Document]:
        """Return scans that are older than the setting; none if scans are kept for ever."""
        if not days:
            return []
        before = self.moment - timedelta(days=days)
        query = {"status": {"$nin": RUNNING}, "end_timestamp": {"$lt": before}, **more}
        return list(self._store.scans.find(query, {"environment": 1, "inventory": 1}))

    def _baselines(self, old: Iterable[Mapping[str, Any]]) -> set[str]:
        """Return the newest whole scan of each environment, and the newest scan with a
        generation.
        """
        kept = set()
        for environment, inventory in {(scan["environment"], scan["inventory"]) for scan in old}:
            scope: Document = {"environment": environment, "inventory": inventory}
            numbered = scope | {"generation": {"$exists": True}}
            kept |= {str(scan["_id"]) for scan in self._store.find_scans(numbered, limit=1)}
            finished = scope | {"status": {"$in": FINISHED}}
            newest = self._store.scans.find(finished, {"request": 1}).sort("submit_timestamp", -1)
            for scan in newest:
                if ScanRequest.model_validate(scan["request"]).whole_inventory():
                    kept.add(str(scan["_id"]))
                    break
        return kept

    def _older(self, collection: Collection[Document], name: str, retention: Retention) -> None:
        """Remove the documents of a collection that are older than its setting."""
        kept = getattr(self.config, retention.setting) * retention.unit
        if not kept:
            return
        ensure_indexes(collection, name)
        before = self.moment - timedelta(seconds=kept)
        self._all(collection, {retention.field: {"$lt": before}})

    def _all(self, collection: Collection[Document], query: Mapping[str, Any]) -> bool:
        """Delete matching documents in portions; False when the time ended first."""
        while time.monotonic() < self._deadline:
            found = collection.find(query, {"_id": 1}).limit(self.portion)
            if not self._delete(collection, [item["_id"] for item in found]):
                return True
        return False

    def _delete(self, collection: Collection[Document], ids: list[Any]) -> int:
        if not ids:
            return 0
        count = collection.delete_many({"_id": {"$in": ids}}).deleted_count
        self.removed[collection.name] = self.removed.get(collection.name, 0) + count
        return count


def remove_scan(scan_id: str) -> None:
    """Delete the record of a scan with its tasks, coverage and log. Raises NotFound, Conflict."""
    Housekeeping().forget_scan(ScanStore().get(scan_id))
