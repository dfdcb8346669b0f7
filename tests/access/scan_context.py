"""A scan context for tests of sources; it needs no store."""

from __future__ import annotations

from typing import Any

from calipso.model.environment import parse_environment
from calipso.sources.context import ScanContext
from calipso.stores.inventory.inventory_mgr import InventoryMgr


def context(**sections: dict[str, Any]) -> ScanContext:
    """A context whose sections OpenStack, mysql and CLI have these values over defaults."""
    defaults: dict[str, dict[str, Any]] = {
        "OpenStack": {"host": "127.0.0.1", "user": "admin", "pwd": "right"},
        "mysql": {"host": "127.0.0.1", "user": "scanner", "pwd": "right"},
        "CLI": {"host": "127.0.0.1", "user": "root", "pwd": "right"},
    }
    configuration = [
        {"name": name, **values, **sections.get(name, {})} for name, values in defaults.items()
    ]
    environment = parse_environment({"name": "test", "configuration": configuration})
    return ScanContext(environment, InventoryMgr(), "scan-1")
