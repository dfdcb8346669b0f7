"""What views say of faults, facts and ages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.cli.test_views import ENV, OBJECTS, cloud, run

__all__ = ["cloud", "run"]  # fixtures


PROBLEM = {
    "code": "wrong_vlan",
    "message": "c1: port tap1 has VLAN tag 999; its network has VLAN 3 on this host",
    "hint": "A restart of the agent connects it again.",
    "since": datetime(2026, 5, 4, tzinfo=UTC),
    "found_by": {"finder": "FindLinksForVedges"},
}


def change(inv: InventoryMgr, object_type: str, object_id: str, **fields: Any) -> None:
    inv.set({"environment": ENV, "type": object_type, "id": object_id, "name": object_id} | fields)
    own = {name: fields[name] for name in ("problems",) if name in fields}  # not of scans
    if own:
        key = {"environment": ENV, "type": object_type, "id": object_id}
        inv.collection("inventory").update_one(key, {"$set": own})


def test_objects_with_problems_are_listed_with_their_codes(run: Any, cloud: InventoryMgr) -> None:
    change(cloud, "vnic", "c1-tap1", problems=[PROBLEM])

    table = run("inventory", "list", "-e", ENV, "--with-problems", "-f", "csv")

    assert table.splitlines() == ["type,name,host,problems", "vnic,c1-tap1,c1,wrong_vlan"]
    shown = json.loads(run("inventory", "show", "c1-tap1", "-e", ENV, "-f", "json"))
    assert shown["problems"][0]["message"] == PROBLEM["message"]


def test_a_clique_is_shown_with_facts_and_faults_in_eighty_columns(
    run: Any, cloud: InventoryMgr
) -> None:
    ips = [{"address": "10.0.0.5", "floating_ips": [{"address": "203.0.113.9"}]}]
    info = [{"network": {"id": "n-1", "subnets": [{"ips": ips}]}}]
    change(cloud, "instance", "i-1", name="web-1", network_info=info)
    plug = {"mac_address": "fa:16:3e:00:00:01", "ip_addresses": ["10.0.0.5"], "mtu": 1450}
    change(cloud, "vnic", "c1-tap1", name="tap1", problems=[PROBLEM], **plug)
    lldp = {"system_name": "leaf-1", "port_id": "port 7"}
    change(cloud, "host_pnic", "c1-eth1", name="eth1", lldp=lldp)
    segment = {"provider:network_type": "vxlan", "provider:segmentation_id": 841}
    change(cloud, "network", "n-1", name="blue", **segment)
    fields = {"attributes.tag": 999, "attributes.reason": f"wrong_vlan: {PROBLEM['message']}"}
    cloud.collection("links").update_one({"link_type": "vnic-vedge"}, {"$set": fields})

    text = run("clique", "show", "web-1")

    words = " ".join(text.replace("│", " ").split())
    for fact in (
        "floating IP 203.0.113.9",
        "fa:16:3e:00:00:01, 10.0.0.5, MTU 1450",
        "tag 999",
        "-> leaf-1 port port 7",
        "vxlan 841",
        f"! wrong_vlan: {PROBLEM['message']} (since 2026-05-04T00:00:00Z). {PROBLEM['hint']}",
    ):
        assert fact in words, fact
    assert words.count(PROBLEM["message"]) == 1
    assert max(len(line) for line in text.splitlines()) <= 80


def test_links_and_cliques_are_as_old_as_what_they_are_made_of(
    run: Any, cloud: InventoryMgr
) -> None:
    old, new = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC)
    for object_type, object_id, name, *_ in OBJECTS:
        change(cloud, object_type, object_id, name=name, last_scanned=new)
    change(cloud, "vedge", "c1-OVS", last_scanned=old, stale_since=new)
    for name in ("links", "cliques"):
        cloud.collection(name).update_many({}, {"$set": {"last_scanned": new}})

    links = json.loads(run("link", "list", "-e", ENV, "-f", "json"))
    ages = {link["link_type"]: (link["last_scanned"], link.get("stale_since")) for link in links}

    assert ages["vnic-vedge"] == ages["vedge-host_pnic"]
    assert ages["vnic-vedge"] == ("2026-05-01T00:00:00Z", "2026-05-04T00:00:00Z")
    assert ages["instance-vnic"] == ("2026-05-04T00:00:00Z", None)
    assert (
        "as of 2026-05-01T00:00:00Z; parts could not be read since 2026-05-04T00:00:00Z"
        in run("clique", "show", "web-1").splitlines()
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"host": "", "status": "ERROR"}, "it has no host (status ERROR)"),
        ({"network_info": []}, "it has no NIC: no port of Neutron belongs to it"),
        ({"network": ["n-1"], "status": "SHUTOFF"}, "it is shut off, so it has no devices on c1"),
        ({"network": ["n-1"], "problems": [PROBLEM]}, PROBLEM["message"]),
        ({"network": ["n-1"], "host": "c9"}, "the vNICs of host c9 were not scanned yet"),
        ({"network": ["n-1"], "stale_since": PROBLEM["since"]}, "could not be read since 2026"),
        ({"network": ["n-1"], "status": "ACTIVE"}, "it has no vNIC on c1, though Nova says ACTIVE"),
    ],
)
def test_an_instance_without_a_clique_says_why(
    fields: dict[str, Any], reason: str, cloud: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    change(cloud, "instance", "i-2", name="web-2", **fields)

    assert main(["clique", "show", "web-2", "web-1"]) == 1

    told = capsys.readouterr()
    assert reason in told.err
    assert "instance web-1" in told.out  # the others are shown
