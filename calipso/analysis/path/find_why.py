"""`find_why`: why an instance has no network, for command line and API."""

from __future__ import annotations

from calipso.analysis.path.finding_ends import find_end, find_instance
from calipso.analysis.path.store_world import StoreWorld
from calipso.model.answer import Answer
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.why.explain import explain


def find_why(
    inv: InventoryMgr, environment: str, instance: str, start: str | None = None
) -> Answer:
    """The checks of an instance's network in their order, and the first cause.

    `start`: an end that should reach it. Raises NotFound, and ConfigError for ambiguous words.
    """
    world = StoreWorld(inv, environment)
    item = find_instance(world, instance)
    return explain(world, item, find_end(world, start) if start else None)
