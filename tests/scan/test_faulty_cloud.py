"""Whole scans of a generated cloud in which something is wrong: nothing lost, nothing claimed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.ages import aged_links
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import every_parent_exists

pytestmark = pytest.mark.slow

SIZES = {"hosts": 4, "instances": 10, "networks": 4, "mechanism": "ovs"}
OVS_AGENT = "Open vSwitch agent"


@pytest.fixture
def cloud(inv: InventoryMgr) -> Iterator[RunningCloud]:
    """A cloud of its own for each test, known as `odd`."""
    with running_cloud(name="odd", seed=3, **SIZES) as cloud:
        EnvironmentStore().add(cloud.environment)
        yield cloud


def scan(**options: Any) -> dict[str, Any]:
    return run_local(ScanRequest(environment="odd", **options))


def place_of(inv: InventoryMgr, instance: str) -> str:
    """The path of ids above an instance; empty when it is not stored."""
    found = inv.get_by_id("odd", instance)
    return str(found["id_path"]).rpartition("/")[0] if found else ""


def changes(inv: InventoryMgr, record: dict[str, Any], object_type: str) -> list[dict[str, Any]]:
    return inv.find_all("changes", {"scan_id": record["_id"], "type": object_type})


def errors(record: dict[str, Any]) -> str:
    """What a scan reports as errors, as one text."""
    return "\n".join(f"{item['message']} {item.get('hint')}" for item in record["errors"])


def test_an_instance_moves_between_its_project_and_its_host(cloud: RunningCloud, inv: InventoryMgr):
    scan()
    chosen = inv.find("odd", "instance")[0]["id"]
    below_host = place_of(inv, chosen)
    about = cloud.mutate("place_instance", id=chosen, status="ERROR")

    scan()

    found = inv.get_by_id("odd", chosen)
    assert found is not None, "an instance in ERROR without a host is not in the inventory"
    assert about["project"] in found["id_path"].split("/")
    assert found["status"] == "ERROR"
    assert "No valid host was found" in str(found["fault"])
    assert "host" not in found

    cloud.mutate("place_instance", id=chosen, status="ACTIVE")
    record = scan()

    assert place_of(inv, chosen) == below_host
    assert inv.get_by_id("odd", chosen)["host"] == about["host"]  # type: ignore[index]
    assert "fault" not in (inv.get_by_id("odd", chosen) or {})
    assert {item["change"] for item in changes(inv, record, "instance")} == {"changed"}

    cloud.mutate("place_instance", id=chosen, status="SHELVED_OFFLOADED")
    scan()

    assert about["project"] in place_of(inv, chosen).split("/")
    assert len(inv.find("odd", "instance")) == SIZES["instances"]
    assert not [nic for nic in inv.find("odd", "vnic") if nic.get("instance_id") == chosen]
    every_parent_exists(inv, "odd")


def test_a_scan_ends_with_an_error_that_names_agents_that_are_not_read(
    cloud: RunningCloud, inv: InventoryMgr
):
    scan()
    host = next(item["id"] for item in inv.find("odd", "host") if "Compute" in item["host_type"])
    cloud.mutate("add_agent", host=host, agent_type="VPP agent", binary="neutron-vpp-agent")

    record = scan()

    assert record["status"] == "completed_with_errors"
    assert "Vector Packet Processing" in errors(record)
    assert host in errors(record)
    assert "missing" in errors(record)


def test_an_agent_that_died_says_so_and_only_that_is_a_change(
    cloud: RunningCloud, inv: InventoryMgr
):
    scan()
    agent = next(a for a in inv.find("odd", "network_agent") if a["agent_type"] == OVS_AGENT)
    cloud.mutate("set_agent", host=agent["host"], agent_type=OVS_AGENT, alive=False)

    record = scan()

    stored = inv.get_by_id("odd", agent["id"])
    assert stored is not None
    assert stored.get("alive") is False
    found = changes(inv, record, "network_agent")
    assert {item["id"] for item in found} == {agent["id"]}
    assert {key for item in found for key in item["fields"]} == {"alive", "problems.agent_down"}
    assert changes(inv, scan(), "network_agent") == [], "a heartbeat is no change"


def test_a_nova_service_that_is_down_or_disabled_reads_as_nova_says(
    cloud: RunningCloud, inv: InventoryMgr
):
    scan()
    down, off = [h["id"] for h in inv.find("odd", "host") if "Compute" in h["host_type"]][:2]
    cloud.mutate("set_service", host=down, binary="nova-compute", state="down")
    cloud.mutate(
        "set_service", host=off, binary="nova-compute", status="disabled", disabled_reason="disks"
    )

    scan()

    stored = {
        item["id"]: item["services"]["nova-compute"]
        for item in inv.find("odd", "host")
        if item["id"] in (down, off)
    }
    assert (stored[down]["available"], stored[down]["active"]) == (False, True)
    assert (stored[off]["available"], stored[off]["active"]) == (True, False)


def test_a_field_of_monitoring_outlives_a_scan(cloud: RunningCloud, inv: InventoryMgr):
    scan()
    host = inv.find("odd", "host")[0]["_id"]
    status = {"monitoring": {"status": "error"}}
    inv.db["inventory"].update_one({"_id": host}, {"$set": status})

    record = scan()

    assert inv.db["inventory"].find_one({"_id": host})["monitoring"] == status["monitoring"]
    assert changes(inv, record, "host") == []


def test_links_of_what_could_not_be_read_are_as_old_as_that(cloud: RunningCloud, inv: InventoryMgr):
    scan()
    host = next(item["id"] for item in inv.find("odd", "host") if "Compute" in item["host_type"])
    cloud.fault(f"dead-host:{host}")

    record = scan()

    stale = {
        i["_id"]: i["last_scanned"]
        for i in inv.find_items({"environment": "odd"})
        if "stale_since" in i
    }
    assert stale
    links = aged_links(inv, inv.find_all("links", {"environment": "odd"}))
    links = [link for link in links if link["source"] in stale and link["target"] in stale]
    assert links
    for link in links:
        older = min(stale[link["source"]], stale[link["target"]])
        assert link["last_scanned"] <= older, (
            f"{link['link_type']} looks as fresh as {record['_id']}"
        )


def test_hosts_of_one_name_in_two_regions_do_not_share_instances(inv: InventoryMgr):
    with running_cloud(name="odd", seed=3, second_region=True, **SIZES) as cloud:
        environment = cloud.environment
        cloud.section("OpenStack").pop("region")
        EnvironmentStore().add(environment)

        record = scan()

        others = set(cloud.state["second_region"]["instances"])
        below = {item["id"] for item in inv.find("odd", "instance") if item.get("host")}
        assert len(below) == SIZES["instances"]
        assert not below & others, "instances of one region are on hosts of the other"
        assert record["status"] == "completed_with_errors"
        assert "RegionTwo" in errors(record)


@pytest.mark.parametrize("fetcher", ["DbFetchVedgesOvs", "DbFetchOteps"])
def test_what_asks_hosts_runs_on_their_queue(cloud: RunningCloud, inv: InventoryMgr, fetcher: str):
    record = scan(inventory_only=True)

    tasks = ScanStore().scan_tasks(record["_id"])
    asked = [task for task in tasks if fetcher in task.get("fetchers", ())]

    assert asked
    assert {task["queue"] for task in asked} == {"cli"}
