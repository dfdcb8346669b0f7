"""A scan of each profile equals its truth: objects, links, and where cliques lead."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.profiles import PROFILES
from tests.sample_cloud.profiles.cloud import ProfileCloud
from tests.sample_cloud.running import running_cloud
from tests.scan.profile_check import Row, check
from tests.scan.profiles import scan

pytestmark = pytest.mark.slow

#: What a scan gets wrong today, by profile; who mends it takes the line out.
WRONG = {
    "kolla-ovs": "cliques do not go from Open vSwitch to a Linux bridge that is its way out",
    "dpdk": "vNICs by vhost-user have no state, though Open vSwitch tells it",
    "sriov": "the agent of SR-IOV counts as not read; a NIC given to a guest carries no network",
    "trunk": "cliques do not lead to networks of sub-ports",
    "ha": "floating IPs go before the address; the gateway of a standby counts as bound elsewhere",
    "dvr": "no link joins the namespaces of a distributed router",
    "kubernetes": "the device of a namespace is joined to a bridge by name, not by its veth pair",
}
SWITCHES = "neighbours that LLDP tells are no objects"

Scanned = tuple[list[Row], list[str]]
#: Each profile is scanned once for all tests of this file.
KNOWN: dict[str, Scanned] = {}


@pytest.fixture
def scanned(request: pytest.FixtureRequest) -> Any:
    """Scan a profile into an inventory of its own, if no test did before."""

    def of(profile: str) -> Scanned:
        if profile not in KNOWN:
            request.getfixturevalue("inv")
            KNOWN[profile] = scan(profile)
        return KNOWN[profile]

    return of


def cases(wrong: dict[str, str]) -> list[Any]:
    """The profiles; those that are wrong today must turn red when they become right."""
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(strict=True, reason=wrong[name], raises=AssertionError)]
            if name in wrong
            else [],
        )
        for name in PROFILES
    ]


@pytest.mark.parametrize("profile", cases(WRONG))
def test_hosts_their_plumbing_and_cliques_are_as_the_profile_drew_them(
    scanned: Any, profile: str
) -> None:
    rows, errors = scanned(profile)

    told = [line for row in rows if not row.of_switches for line in row.wrong()]
    assert not told, "\n".join(told)
    assert not errors


@pytest.mark.parametrize("profile", cases(dict.fromkeys(PROFILES, SWITCHES)))
def test_switches_are_those_that_nics_are_plugged_into(scanned: Any, profile: str) -> None:
    rows, _ = scanned(profile)

    told = [line for row in rows if row.of_switches for line in row.wrong()]
    assert not told, "\n".join(told)


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


def test_reasons_are_about_profiles_that_there_are() -> None:
    assert WRONG.keys() <= PROFILES.keys()


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
