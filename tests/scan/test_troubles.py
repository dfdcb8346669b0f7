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

pytestmark = pytest.mark.slow

SIZE: dict[str, Any] = {"hosts": 8, "instances": 40, "networks": 8}

#: Trouble -> codes of problems that its object must have.
SAID = {
    "tap_missing": {"tap_missing"},
    "dead_vlan": {"cut_off"},
    "wrong_vlan": {"cut_off"},
    "nic_down": {"link_down"},
    "instance_error": {"instance_error"},
    "agent_dead": {"agent_down"},
    "namespace_orphan": {"namespace_orphan"},
    "bond_member_down": {"link_down"},
}
#: Every problem that a scan tells: of the objects of the troubles, and of what they are plugged
#: into. The same flags make the same cloud, to the last name.
PROBLEMS = {
    ("host_pnic", "compute-2", "ens1f1", "link_down"),
    ("host_pnic", "compute-2", "ens2f0", "link_down"),
    ("instance", "compute-1", "mail-1", "cut_off"),
    ("vconnector", "compute-1", "compute-1-qbr4dffb88a-dd", "wrong_vlan"),
    ("instance", "compute-2", "web-3", "tap_missing"),
    ("vedge", "compute-2", "compute-2-OVS", "port_error"),
    ("instance", "compute-4", "db-2", "cut_off"),
    ("vnic", "compute-4", "tapd8b0332d-ea", "dead_vlan"),
    ("instance", "compute-6", "batch-7", "instance_error"),
    ("network_agent", "compute-2", "neutron-openvswitch-agent", "agent_down"),
    ("vservice", "network-1", "qdhcp-55af4d14-af67-48ba-a8d8-e13a9ac0d6f0", "namespace_orphan"),
}


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
    assert record["status"] == "completed"
    yield running
    running.clear()


def named(inv: InventoryMgr, trouble: dict[str, Any]) -> dict[str, Any]:
    """The object a trouble is about."""
    found = [
        item
        for item in inv.find("troubled", trouble["object_type"])
        if trouble["name"] in (item["name"], item.get("local_service_id"), item.get("binary"))
        and item.get("host") == trouble["host"]
    ]
    assert len(found) == 1, trouble["text"]
    return found[0]


def codes(item: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in item.get("problems") or ()}


@pytest.mark.parametrize("code", SAID)
def test_the_object_of_a_trouble_has_its_problem(
    cloud: RunningCloud, inv: InventoryMgr, code: str
) -> None:
    assert codes(named(inv, cloud.troubles[code])) >= SAID[code]


def test_state_status_and_mtu_are_what_was_planted(cloud: RunningCloud, inv: InventoryMgr) -> None:
    troubles = cloud.troubles
    owner = named(inv, troubles["mtu_changed"])["id"]
    tap = next(vnic for vnic in inv.find("troubled", "vnic") if vnic.get("instance_id") == owner)

    assert tap["mtu"] == 1400
    assert named(inv, troubles["bond_member_down"])["state"] == "down"
    assert named(inv, troubles["instance_error"])["status"] == "ERROR"


def test_objects_have_the_problems_of_the_troubles_and_no_other(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    found = {
        (item["type"], item.get("host"), item["name"], code)
        for item in inv.find_items({"environment": "troubled", "problems": {"$exists": True}})
        for code in codes(item)
    }

    assert found == PROBLEMS
    hosts = {trouble["host"] for trouble in cloud.troubles.values()}
    assert {host for _, host, _, _ in found} <= hosts


def test_the_host_that_stops_to_answer_becomes_stale_and_stays(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    trouble = cloud.troubles["host_unreachable"]
    before = {item["id"] for item in inv.find("troubled", "host_pnic")}

    cloud.fault(trouble["fault"])
    run_local(ScanRequest(environment="troubled"))

    after = inv.find("troubled", "host_pnic")
    assert {item["id"] for item in after} == before
    assert {item["host"] for item in after if item.get("stale_since")} == {trouble["host"]}
