"""A plug that is not really connected is not up, says why, and so do object and owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from calipso.discover.find_links import FindLinks
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.metadata_parser import load_class
from tests.link_finders.casekit import FINDERS_PACKAGE, fill
from tests.link_finders.wiring import ENV, Item, item, port

HOST = "c1"
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
Cloud = dict[str, Item]
Change = Callable[[Cloud], Any]


def ovs_port(name: str, port_id: str, net: str, tag: Any, noted: Any = None) -> Item:
    found: Item = {"name": name, "bridge": "br-int", "port_id": port_id, "state": "up", "id": 7}
    found |= {} if tag is None else {"tag": tag}
    config = {"net_uuid": f"net-{net}", "tag": str(noted), "segmentation_id": "30"}
    return found | ({} if noted is None else {"other_config": config})


def cloud() -> Cloud:
    """A host with a tap in Open vSwitch and one in a hybrid plug, both well."""
    taps = {
        "tapa": ovs_port("tapa", "pa", "red", 3, 3),
        "qvob": ovs_port("qvob", "pb", "red", 3, 3),
    }
    found = [
        item("network", "net-red", "red"),
        port("pa", "red", HOST) | {"status": "ACTIVE", "device_id": "vm-a"},
        port("pb", "red", HOST) | {"status": "ACTIVE", "device_id": "vm-b"},
        *(item("instance", f"vm-{x}", f"vm-{x}", HOST, network_info=[]) for x in "ab"),
        vnic("a", "br-int", "ovs-system"),
        vnic("b", "qbrb", "qbrb"),
        item(
            "vconnector",
            f"{HOST}-qbrb",
            "qbrb",
            HOST,
            bridge_name="qbrb",
            admin_state="up",
            network=["net-red"],
            interfaces_names=["qvbb", "tapb"],
            interfaces={"qvbb": {"state": "up"}, "tapb": {"state": "up"}},
        ),
        item(
            "vedge",
            f"{HOST}-OVS",
            f"{HOST}-OVS",
            HOST,
            ports=taps,
            bridges=[{"name": "br-int"}],
        ),
    ]
    return {document["id"]: document for document in found}


def vnic(letter: str, bridge: str, master: str) -> Item:
    return item(
        "vnic",
        f"{HOST}-tap{letter}",
        f"tap{letter}",
        HOST,
        vnic_type="instance_vnic",
        instance_id=f"vm-{letter}",
        port_id=f"p{letter}",
        network="net-red",
        mac_address=f"fa:16:3e:00:00:0{letter}",
        state="up",
        source_bridge=bridge,
        master=master,
    )


FINDERS = ("FindLinksForVedges", "FindLinksForVconnectors", "FindLinksForInstanceVnics")


def found(inv: InventoryMgr, objects: Cloud) -> tuple[dict[str, Item], set[tuple[str, str]]]:
    """Links by type and source, and (object, code) of the problems of all finders."""
    fill(inv, objects.values())
    links: dict[str, Item] = {}
    problems = set()
    for name in FINDERS:
        finder: FindLinks = load_class(name, FINDERS_PACKAGE)()
        finder.bind(ENV, inv)
        links |= {f"{link['link_type']} {link['source_id']}": dict(link) for link in finder.run()}
        problems |= {(problem.object_id, problem.code) for problem in finder.problems}
    return links, problems


def a_port(cloud: Cloud) -> Item:
    port: Item = cloud["c1-OVS"]["ports"]["tapa"]
    return port


def b_port(cloud: Cloud) -> Item:
    port: Item = cloud["c1-OVS"]["ports"]["qvob"]
    return port


A, B, QBR = "c1-tapa", "c1-tapb", "c1-qbrb"
PLUG_A, PLUG_B, TAP_B = f"vnic-vedge {A}", f"vconnector-vedge {QBR}", f"vnic-vconnector {B}"

DOWN: dict[str, tuple[Change, str, str, str, str]] = {
    "another tag": (lambda c: a_port(c).update(tag=999), PLUG_A, A, "wrong_vlan", "vm-a"),
    "no tag": (lambda c: a_port(c).pop("tag"), PLUG_A, A, "wrong_vlan", "vm-a"),
    "the dead VLAN": (lambda c: a_port(c).update(tag=4095), PLUG_A, A, "dead_vlan", "vm-a"),
    "another network": (
        lambda c: a_port(c)["other_config"].update(net_uuid="net-blue"),
        PLUG_A,
        A,
        "wrong_network",
        "vm-a",
    ),
    "an error": (
        lambda c: a_port(c).update(error="No such device"),
        PLUG_A,
        A,
        "port_error",
        "vm-a",
    ),
    "its device down": (lambda c: c[A].update(state="down"), PLUG_A, A, "link_down", "vm-a"),
    "another tag of qvo": (lambda c: b_port(c).update(tag=999), PLUG_B, QBR, "wrong_vlan", "vm-b"),
    "an error of qvo": (
        lambda c: b_port(c).update(error="gone"),
        PLUG_B,
        QBR,
        "port_error",
        "vm-b",
    ),
    "qvo down": (lambda c: b_port(c).update(state="down"), PLUG_B, QBR, "link_down", "vm-b"),
    "qvb down": (
        lambda c: c[QBR]["interfaces"]["qvbb"].update(state="down"),
        PLUG_B,
        QBR,
        "link_down",
        "vm-b",
    ),
    "the Linux bridge down": (
        lambda c: c[QBR].update(admin_state="down"),
        TAP_B,
        QBR,
        "link_down",
        "vm-b",
    ),
    "the tap in it down": (lambda c: c[B].update(state="down"), TAP_B, B, "link_down", "vm-b"),
    "the guest's link down": (
        lambda c: c[A].update(link={"@state": "down"}),
        "instance-vnic vm-a",
        A,
        "link_down",
        "vm-a",
    ),
}


def test_a_host_that_is_well_has_no_problem(inv: InventoryMgr) -> None:
    links, problems = found(inv, cloud())

    assert problems == set()
    assert {link["state"] for link in links.values()} == {"up"}
    assert not any("reason" in link["attributes"] for link in links.values())
    assert links[PLUG_A]["attributes"]["tag"] == 3


@pytest.mark.parametrize("fault", DOWN)
def test_a_plug_with_a_fault_is_down_with_a_reason(fault: str, inv: InventoryMgr) -> None:
    change, link, item_id, code, owner = DOWN[fault]
    objects = cloud()
    change(objects)

    links, problems = found(inv, objects)

    assert links[link]["state"] == "down"
    assert links[link]["attributes"]["reason"].startswith(f"{code}: ")
    assert {(item_id, code), (owner, "cut_off")} <= problems
    assert {about for about, _ in problems} == {item_id, owner}


LOST: dict[str, tuple[Change, str, str, str]] = {
    "a tap in no bridge": (
        lambda c: (c[QBR]["interfaces_names"].remove("tapb"), c[B].update(master="")),
        B,
        "tap_not_in_bridge",
        TAP_B,
    ),
    "a tap in another bridge": (
        lambda c: (c[QBR]["interfaces_names"].remove("tapb"), c[B].update(master="virbr0")),
        B,
        "tap_not_in_bridge",
        TAP_B,
    ),
    "a tap that Open vSwitch has not": (
        lambda c: (c["c1-OVS"]["ports"].pop("tapa"), c[A].update(master="")),
        A,
        "tap_not_in_bridge",
        PLUG_A,
    ),
    "no qvb": (lambda c: c[QBR]["interfaces_names"].remove("qvbb"), QBR, "veth_broken", PLUG_B),
    "no qvo": (lambda c: c["c1-OVS"]["ports"].pop("qvob"), QBR, "veth_broken", PLUG_B),
}


@pytest.mark.parametrize("fault", LOST)
def test_where_a_device_is_missing_there_is_no_link_and_the_object_says_so(
    fault: str, inv: InventoryMgr
) -> None:
    change, item_id, code, link = LOST[fault]
    objects = cloud()
    change(objects)

    links, problems = found(inv, objects)

    assert link not in links
    assert (item_id, code) in problems
    assert any(about.startswith("vm-") and code == "cut_off" for about, code in problems)


NOT_READ: dict[str, Change] = {
    "nobody noted a VLAN": lambda c: (
        a_port(c).pop("other_config"),
        b_port(c).pop("other_config"),
        a_port(c).update(tag=9),
        b_port(c).pop("tag"),
    ),
    "one port's tag stands against another's": lambda c: (
        a_port(c).pop("other_config"),
        b_port(c).pop("other_config"),
        a_port(c).update(tag=9),
    ),
    "there is one witness for each tag": lambda c: (
        a_port(c).pop("other_config"),
        b_port(c).pop("other_config"),
        c["c1-OVS"]["ports"].update(
            tapc=ovs_port("tapc", "pa", "red", 5), tapd=ovs_port("tapd", "pa", "red", 6)
        ),
    ),
    "the switch was not read": lambda c: (c.pop("c1-OVS"), c[A].update(master="")),
    "the switch was not read this time": lambda c: (
        c["c1-OVS"].update(stale_since=EARLIER, ports={"qvoz": {"name": "qvoz"}}),
        c[A].update(master=""),
    ),
    "the tap was not read this time": lambda c: (
        c[A].update(stale_since=EARLIER, master=""),
        c["c1-OVS"]["ports"].pop("tapa"),
    ),
    "the Linux bridge was not read this time": lambda c: (
        c[QBR].update(stale_since=EARLIER),
        c["c1-OVS"]["ports"].pop("qvob"),
    ),
    "the kernel says Open vSwitch, and Open vSwitch does not say which bridge": lambda c: c[
        "c1-OVS"
    ]["ports"].pop("tapa"),
    "the bridge of the tap was not read": lambda c: (
        c[A].pop("master"),
        c["c1-OVS"]["ports"].pop("tapa"),
    ),
}


@pytest.mark.parametrize("lack", NOT_READ)
def test_what_was_not_read_is_no_evidence(lack: str, inv: InventoryMgr) -> None:
    objects = cloud()
    NOT_READ[lack](objects)

    _, problems = found(inv, objects)

    assert {code for about, code in problems if about in (A, QBR, "vm-a", "vm-b")} == set()


def test_without_notes_of_the_agent_the_other_ports_of_the_network_show_the_vlan(
    inv: InventoryMgr,
) -> None:
    objects = cloud()
    for port_ in objects["c1-OVS"]["ports"].values():
        del port_["other_config"]
    a_port(objects)["tag"] = 999
    objects["c1-OVS"]["ports"]["qr-c"] = ovs_port("qr-c", "pb", "red", 3)

    links, problems = found(inv, objects)

    assert (A, "wrong_vlan") in problems
    assert links[PLUG_A]["state"] == "down"


def test_tunnels_that_do_not_work_are_reported_on_the_endpoint_and_other_ports_on_the_switch(
    inv: InventoryMgr,
) -> None:
    objects = cloud()
    objects["c1-OVS"]["ports"] |= {
        "tapz": {"name": "tapz", "error": "No such device"},
    }
    broken = {"name": "vxlan-1", "type": "vxlan", "error": "no route"}
    otep = item("otep", "c1-otep", "c1-otep", HOST, parent_type="vedge", parent_id="c1-OVS")
    fill(inv, [otep | {"odd_tunnels": [broken], "tunnels_state": "down"}])

    _, problems = found(inv, objects)
    finder: FindLinks = load_class("FindLinksForOteps", FINDERS_PACKAGE)()
    finder.bind(ENV, inv)
    (link,) = finder.run()

    assert problems == {("c1-OVS", "port_error")}
    assert [(told.object_id, told.code) for told in finder.problems] == [("c1-otep", "port_error")]
    assert link["state"] == "down"
    assert "vxlan-1" in link["attributes"]["reason"]


def test_names_of_a_pair_are_no_evidence_where_the_host_tells_what_ports_lead_to(
    inv: InventoryMgr,
) -> None:
    objects = cloud()
    objects["c1-OVS"]["bridges"] = [{"name": "br-int", "ways_out": []}]

    links, _ = found(inv, objects)

    assert PLUG_A in links
    assert PLUG_B not in links
