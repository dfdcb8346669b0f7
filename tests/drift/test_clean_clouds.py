"""No finding on a clean cloud; of a cloud with troubles, each by its rule.

Profiles are scanned by `tests/scan/test_profiles.py`, which asks for findings, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calipso.analysis.drift import judge
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import running_cloud

pytestmark = pytest.mark.slow

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "lab"
#: Trouble of the sample cloud -> the rule that says so.
SAID = {
    "tap_missing": "interface_without_device",
    "dead_vlan": "port_in_dead_vlan",
    "wrong_vlan": "tag_not_of_segment",
    "mtu_changed": "mtu_below_network",
    "nic_down": "device_down",
    "bond_member_down": "bond_member_down",
    "agent_dead": "agent_dead",
    "namespace_orphan": "namespace_orphan",
}
#: Findings beside the troubles, as (rule, object): what Open vSwitch says of the missing tap.
BESIDE = {("ovs_port_with_error", "compute-2-OVS")}
SIZE: dict[str, Any] = {"hosts": 8, "instances": 40, "networks": 8}


def scanned(inv: InventoryMgr, **cloud: Any) -> list[dict[str, Any]]:
    """What the rules find after a scan of such a cloud."""
    with running_cloud(name="cloud", **cloud) as running:
        EnvironmentStore().add(running.environment)
        run_local(ScanRequest(environment="cloud"))
    return judge(inv, "cloud").new


@pytest.mark.parametrize("mechanism", ["ovs", "lxb"])
def test_a_clean_generated_cloud_has_no_finding(inv: InventoryMgr, mechanism: str) -> None:
    found = scanned(inv, seed=3, mechanism=mechanism, **SIZE)

    assert [f"{item['rule']}: {item['sentence']}" for item in found] == []


def test_a_recorded_cloud_has_no_finding(inv: InventoryMgr) -> None:
    found = scanned(inv, recorded=str(RECORDED))

    assert [f"{item['rule']}: {item['sentence']}" for item in found] == []


def test_each_trouble_has_its_one_rule(inv: InventoryMgr) -> None:
    found = scanned(inv, troubles=True, **SIZE)

    beside = {(item["rule"], item["name"]) for item in found if item["rule"] not in SAID.values()}
    assert beside == BESIDE
    numbers = {rule: [i for i in found if i["rule"] == rule] for rule in SAID.values()}
    assert {rule: len(items) for rule, items in numbers.items()} == dict.fromkeys(numbers, 1)
