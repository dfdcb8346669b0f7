"""`find_path`: the one entry for command line, API and whoever else asks for a path."""

from __future__ import annotations

from calipso.analysis.path.finding_ends import find_end
from calipso.analysis.path.store_world import StoreWorld
from calipso.model.answer import Answer
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.path.both import between


def find_path(inv: InventoryMgr, environment: str, start: str, goal: str) -> Answer:
    """The answer to: do packets get from one end to the other and back?

    The ends are words, see `find_end`. Raises NotFound, and ConfigError for a word that means
    several things.
    """
    world = StoreWorld(inv, environment)
    return between(world, find_end(world, start), find_end(world, goal))
