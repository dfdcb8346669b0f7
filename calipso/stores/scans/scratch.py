"""Scratch inventories: for scans that only need answers of the cloud, not stored objects."""

from __future__ import annotations

import uuid

from calipso.model.collections import with_scan
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.stretches import prefix_range
from calipso.stores.scans.scan_store import ScanStore

PREFIX = "recording_"


def new_scratch() -> InventoryMgr:
    """Return a new inventory that nobody else uses."""
    return InventoryMgr(f"{PREFIX}{uuid.uuid4().hex[:12]}")


def remove_scratch(inv: InventoryMgr) -> None:
    """Remove a scratch inventory and the documents of its scans in shared collections.

    Raises ValueError for an inventory that is not a scratch inventory.
    """
    if not inv.inventory.startswith(PREFIX):
        raise ValueError(f"{inv.inventory} is not a scratch inventory")
    store = ScanStore(inv)
    scans = [scan["_id"] for scan in store.find_scans({"inventory": inv.inventory})]
    for name in with_scan():
        inv.db[name].delete_many({"scan_id": {"$in": scans}})
    store.scans.delete_many({"_id": {"$in": scans}})
    store.generations.delete_many({"_id": prefix_range(f"{inv.inventory}/")})
    inv.drop()
