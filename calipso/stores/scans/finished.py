"""How far the scans of an environment have come, by their numbers."""

from __future__ import annotations

from calipso.model.scan import RUNNING
from calipso.stores.inventory.inventory_mgr import InventoryMgr


def finished_generation(inv: InventoryMgr, environment: str) -> int:
    """Return the number up to which all scans of an environment have ended; 0 without a scan.

    The numbers are the `generation` of objects, links and cliques.
    """
    # the last number first: a scan that begins meanwhile is not in it
    found = inv.db["scan_generations"].find_one({"_id": f"{inv.inventory}/{environment}"})
    last = int((found or {}).get("generation") or 0)
    wanted = {"environment": environment, "status": {"$in": RUNNING}}
    running = inv.db["scans"].find(wanted, {"generation": 1, "inventory": 1})
    numbers = [
        int(scan["generation"]) - 1
        for scan in running
        if scan.get("generation") and scan.get("inventory") == inv.inventory
    ]
    return min([*numbers, last])
