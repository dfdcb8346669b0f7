"""Is an inventory larger than the embedded MongoDB is meant for?"""

from __future__ import annotations

from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.embedded import size_warning
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.mongo.stretches import host_ids


def embedded_warning(inventory: str | None = None) -> str:
    """What to say of the hosts of an inventory; empty when they are not too many.

    Counts the hosts of all environments. With a MongoDB of one's own there is never a warning.
    """
    if not MongoAccess().embedded:
        return ""
    inv = InventoryMgr(inventory)
    hosts = inv.collection("inventory")
    names = EnvironmentStore(inv.db).names()
    return size_warning(sum(len(host_ids(hosts, name)) for name in names))
