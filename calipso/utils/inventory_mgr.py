"""InventoryMgr, under the name that fetchers written by the developer guide import.

No module of Calipso uses this name. It is the only import that points up the layers.
"""

from calipso.stores.inventory.inventory_mgr import InventoryMgr

__all__ = ["InventoryMgr"]
