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
#: Troubles that are not reported yet, and why.
LATER = {"bond_member_down": "a member of a bond without link has a state, but no problem"}
CASES = [
    pytest.param(
        code,
        marks=[pytest.mark.xfail(strict=True, reason=LATER[code])] if code in LATER else [],
    )
    for code in SAID
]


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


@pytest.mark.parametrize("code", CASES)
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


def test_no_object_without_trouble_has_a_problem(cloud: RunningCloud, inv: InventoryMgr) -> None:
    about = {(trouble["object_type"], trouble["name"]) for trouble in cloud.troubles.values()}
    hosts = {trouble["host"] for trouble in cloud.troubles.values()}

    for item in inv.find_items({"environment": "troubled", "problems": {"$exists": True}}):
        plug = item["type"] in ("vnic", "vconnector", "vedge") and item["host"] in hosts
        assert plug or (item["type"], item["name"]) in about, item["problems"]


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
