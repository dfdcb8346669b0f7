"""A scan of each profile equals its truth: objects, links, and where cliques lead."""

from __future__ import annotations

import pytest

from calipso.analysis.drift import judge
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.profiles import PROFILES
from tests.sample_cloud.profiles.cloud import ProfileCloud
from tests.sample_cloud.running import running_cloud
from tests.scan.profile_check import check
from tests.scan.profiles import scan

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("profile", PROFILES)
def test_a_scan_is_as_the_profile_drew_it_and_nothing_drifts(
    inv: InventoryMgr, profile: str
) -> None:
    rows, errors = scan(profile)

    told = [f"error: {error}" for error in errors]
    told += [line for row in rows for line in row.wrong()]
    told += [f"drift: {item['rule']}: {item['sentence']}" for item in judge(inv, profile).new]
    assert not told, "\n".join(told)
    assert inv.find(profile, "host_pnic"), "nothing was scanned"


def test_without_a_region_the_second_of_two_hosts_with_one_name_is_left_out_and_told(
    inv: InventoryMgr,
) -> None:
    with running_cloud(profile="regions", name="both-regions") as cloud:
        del cloud.section("OpenStack")["region"]
        EnvironmentStore().add(cloud.environment)
        record = run_local(ScanRequest(environment="both-regions"))

    errors = [item["message"] for item in record["errors"] if not item["warning"]]
    assert any("RegionTwo" in message and "node-1" in message for message in errors), errors
    assert [host["name"] for host in inv.find("both-regions", "host")] == ["node-1", "node-2"]
    guests = {item["name"]: item.get("host") for item in inv.find("both-regions", "instance")}
    assert guests == {"web": "node-2", "mail": None}


def test_an_inventory_that_lacks_everything_is_wrong_in_each_kind(inv: InventoryMgr) -> None:
    truth = ProfileCloud("osa-ovs").site.truth

    rows = {row.kind: row for row in check(truth, inv, "nothing")}

    assert len(rows["host_pnic"].missing) == rows["host_pnic"].truth == 18
    assert rows["vedge-host_pnic"].missing
    assert rows["clique of instance"].missing == ["web: no clique", "both: no clique"]


def test_an_invented_a_lost_and_a_changed_link_are_reported(inv: InventoryMgr) -> None:
    scan("segments")
    truth = ProfileCloud("segments").site.truth
    links = inv.collection("links")
    first, *_, last = links.find({"link_type": "vedge-host_pnic"}).sort("source_id", 1)
    links.update_one({"_id": first["_id"]}, {"$set": {"target": last["target"]}})
    links.update_one({"link_type": "host_pnic-network"}, {"$set": {"state": "down"}})

    rows = {row.kind: row for row in check(truth, inv, "segments")}

    assert len(rows["vedge-host_pnic"].missing) == 1
    assert rows["vedge-host_pnic"].extra == ["rack1-node -> rack2-node/ens1f0"]
    assert [line.partition(": ")[2] for line in rows["host_pnic-network"].different] == [
        "truth up, inventory down"
    ]


def test_a_problem_of_a_right_cloud_and_a_missing_thing_are_reported(
    inv: InventoryMgr,
) -> None:
    scan("segments")
    truth = ProfileCloud("segments").site.truth
    del truth.objects["host_pnic", "rack1-node/eno1"]
    wrong = {"code": "link_down", "message": "eno1 is down"}
    inv.collection("inventory").update_one({"type": "host_pnic"}, {"$set": {"problems": [wrong]}})

    rows = {row.kind: row for row in check(truth, inv, "segments")}

    assert rows["host_pnic"].extra == ["rack1-node/eno1"]
    assert len(rows["problem"].extra) == 1
