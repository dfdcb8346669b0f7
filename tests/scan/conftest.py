"""The toy cloud as a fixture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ENVIRONMENT = {
    "name": "toy",
    "environment_type": "OpenStack",
    "distribution": "Debian",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": [
        {"name": "OpenStack", "host": "192.0.2.1", "user": "admin", "pwd": "x"},
        {"name": "mysql", "host": "192.0.2.1", "user": "scanner", "pwd": "x"},
        {"name": "CLI", "host": "192.0.2.1", "user": "root", "pwd": "x"},
    ],
}

CLOUD: dict[str, Any] = {
    "regions": {
        "east": {
            "h1": {"eth0": "52:54:00:00:01:00", "eth1": "52:54:00:00:01:01"},
            "h2": {"eth0": "52:54:00:00:02:00"},
            "h3": {"eth0": "52:54:00:00:03:00"},
        },
        "west": {"h10": {"eth0": "52:54:00:00:10:00"}},
    }
}


class ToyCloud:
    """What the toy fetchers read; `write` changes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = json.loads(json.dumps(CLOUD))
        self.write()

    def write(self) -> None:
        """Make the state visible to the fetchers, also of other processes."""
        self.path.write_text(json.dumps(self.state))


@pytest.fixture
def toy(inv: InventoryMgr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyCloud:
    """The toy cloud with its own scan tree, and its environment `toy`."""
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(Path(__file__).parent / "toy" / "config"))
    monkeypatch.setenv("TOY_CLOUD", str(tmp_path / "cloud.json"))
    settings.cache_clear()
    EnvironmentStore().add(ENVIRONMENT)
    return ToyCloud(tmp_path / "cloud.json")


@pytest.fixture
def scan() -> Callable[..., dict[str, Any]]:
    """Run a scan of the toy cloud in this process; returns the scan record."""
    from calipso.discover.engine.scan_local import run_local

    def run(**options: Any) -> dict[str, Any]:
        return run_local(ScanRequest(environment="toy", **options))

    return run


def snapshot(inv: InventoryMgr, environment: str = "toy") -> dict[str, set[str]]:
    """What is stored, as sets of readable names by collection."""
    objects = inv.find_items({"environment": environment})
    links = inv.find_all("links", {"environment": environment})
    return {
        "objects": {f"{item['type']} {item['id_path']}" for item in objects},
        "links": {f"{link['source_id']} {link['link_type']} {link['target_id']}" for link in links},
    }
