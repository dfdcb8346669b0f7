"""InventoryMgr, at the place where fetchers written by the developer guide import it from.

Nothing of Calipso imports it here. It is the one import that points up the layers.
"""

from calipso.stores.inventory.inventory_mgr import InventoryMgr

__all__ = ["InventoryMgr"]
