"""The cloud recorded from a real OpenStack, served over the real protocols, scanned by workers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.dispatch import submit
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import all_hold, contents
from tests.workers.conftest import Cluster, cluster, wait_for_end

__all__ = ["cluster"]

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "lab"


@pytest.fixture
def cloud(inv: InventoryMgr) -> Iterator[RunningCloud]:
    """The recorded cloud, its environment known as `recorded`."""
    with running_cloud(recorded=str(RECORDED), name="recorded") as running:
        EnvironmentStore().add(running.environment)
        yield running


def recorded(resource: str) -> int:
    return len(json.loads((RECORDED / "api" / resource).read_text())["items"])


@pytest.mark.long
@pytest.mark.broker
def test_workers_find_what_was_recorded(cluster: Cluster, cloud: RunningCloud, inv: InventoryMgr):
    cluster.worker("scan,events,api,db,cli", number=8)
    cluster.worker("links,cliques", pool="prefork", number=2)

    ended = wait_for_end(submit(ScanRequest(environment="recorded")))

    assert (ended["status"], ended["errors"]) == ("completed", [])
    all_hold(inv, "recorded")
    counts = Counter(item["type"] for item in inv.find_items({"environment": "recorded"}))
    assert counts["port"] == recorded("network/ports.json")
    assert counts["network"] == recorded("network/networks.json")
    assert counts["host"] == 5
    assert counts["instance"] == 10
    # a tap of each kind of plumbing: hybrid, native, Linux bridge
    kinds = {vnic["host"] for vnic in inv.find("recorded", "vnic", vnic_type="instance_vnic")}
    assert len(kinds) == 3
    assert len(inv.find("recorded", "vedge")) == 3
    assert len(inv.find("recorded", "otep")) == 6


@pytest.mark.slow
def test_one_process_finds_the_same_twice(cloud: RunningCloud, inv: InventoryMgr):
    run_local(ScanRequest(environment="recorded"))
    first = contents(inv, "recorded")

    record = run_local(ScanRequest(environment="recorded"))

    assert contents(inv, "recorded") == first
    assert inv.find_all("changes", {"scan_id": record["_id"]}) == []
