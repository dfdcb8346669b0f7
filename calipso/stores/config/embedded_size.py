"""Checks whether an inventory is too large for the embedded MongoDB."""

from __future__ import annotations

from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.embedded import size_warning
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.mongo.stretches import host_ids


def embedded_warning(inventory: str | None = None) -> str:
    """Return a warning when an inventory has too many hosts; otherwise an empty text.

    Counts the hosts of all environments. A MongoDB server of your own never gets a warning.
    """
    if not MongoAccess().embedded:
        return ""
    inv = InventoryMgr(inventory)
    hosts = inv.collection("inventory")
    names = EnvironmentStore(inv.db).names()
    return size_warning(sum(len(host_ids(hosts, name)) for name in names))
