"""The troubles of the demo's cloud are found where they are, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud

SIZE: dict[str, Any] = {"hosts": 8, "instances": 40, "networks": 8}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCloud]:
    with running_cloud(name="troubled", troubles=True, **SIZE) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: RunningCloud, inv: InventoryMgr) -> Iterator[RunningCloud]:
    """The cloud, scanned once."""
    running.clear()
    EnvironmentStore().add(running.environment)
    record = run_local(ScanRequest(environment="troubled"))
    print(record["status"], record["error_count"], record.get("errors"), record.get("warnings"))
    yield running
    running.clear()


def named(inv: InventoryMgr, trouble: dict[str, Any]) -> dict[str, Any]:
    found = [
        item
        for item in inv.find("troubled", trouble["object_type"])
        if trouble["name"] in (item["name"], item.get("local_service_id"), item.get("binary"))
        and item.get("host") == trouble["host"]
    ]
    assert len(found) == 1, trouble["text"]
    return found[0]

def test_x(cloud, inv):
    for t in cloud.troubles.values():
        if t["code"]=="host_unreachable": continue
        o=named(inv,t)
        print(t["code"], o["type"], o.get("state"), o.get("status"), o.get("mtu"), o.get("problems"))
    for o in inv.find_items({"environment":"troubled","problems":{"$exists":True}}):
        print(o["type"],o["name"],o["problems"])
    assert 0
