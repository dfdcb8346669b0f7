"""A host on the way that could not be read makes a path unknown, never yes."""

from __future__ import annotations

import pytest

from calipso.analysis.path.find_path import find_path
from calipso.discover.engine.scan_local import run_local
from calipso.model.answer import Verdict
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import running_cloud

pytestmark = pytest.mark.slow


def test_a_way_out_over_a_network_node_that_is_away_is_unknown(inv: InventoryMgr) -> None:
    with running_cloud(hosts=6, instances=6, networks=6, name="away") as cloud:
        EnvironmentStore().add(cloud.environment)
        run_local(ScanRequest(environment="away"))
        guest = min(item["name"] for item in inv.find("away", "instance"))
        before = find_path(inv, "away", guest, "internet")
        cloud.fault("dead-host:network-1")
        run_local(ScanRequest(environment="away"))

    after = find_path(inv, "away", guest, "internet")

    assert before.verdict is Verdict.YES, before.sentence
    assert (after.verdict, after.code) == (Verdict.UNKNOWN, "not_read")
    assert "network-1" in after.sentence
