"""Where Neutron's word is all there is against a plug, its link is not known to be up."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.plugs import Neutron
from tests.link_finders.test_faults import HOST, PLUG_A, PLUG_B, A, B, cloud, found

WORD: dict[str, tuple[dict[str, Any], str]] = {
    "bound to another host": ({"binding:host_id": "c2"}, "bound_elsewhere"),
    "that could not be bound": ({"binding:vif_type": "binding_failed"}, "binding_failed"),
    "that Neutron says is DOWN": ({"status": "DOWN"}, "port_down"),
}


@pytest.mark.parametrize("letter", "ab")
@pytest.mark.parametrize("word", WORD)
def test_a_port_has_a_link_that_is_not_known_where_neutron_says(
    word: str, letter: str, inv: InventoryMgr
) -> None:
    fields, code = WORD[word]
    objects = cloud()
    objects[f"p{letter}"] |= fields

    links, problems = found(inv, objects)

    plug = links[PLUG_A if letter == "a" else PLUG_B]
    assert plug["attributes"]["reason"].startswith(f"{code}: ")
    assert plug["state"] == ("down" if code == "binding_failed" else "unknown")
    assert code in {code for _, code in problems}


def test_a_migration_to_this_host_and_a_router_on_several_hosts_are_no_fault(
    inv: InventoryMgr,
) -> None:
    objects = cloud()
    objects["pa"] |= {"binding:host_id": "c2", "binding:profile": {"migrating_to": HOST}}
    objects["pb"] |= {"binding:host_id": "c2", "status": "DOWN"}
    objects["pb"]["device_owner"] = "network:ha_router_replicated_interface"

    links, problems = found(inv, objects)

    assert problems == set()
    assert links[PLUG_A]["state"] == links[PLUG_B]["state"] == "up"


@pytest.mark.parametrize("word", WORD)
def test_the_vnic_in_a_linux_bridge_says_what_neutron_says_of_its_port(
    word: str, inv: InventoryMgr
) -> None:
    fields, code = WORD[word]
    objects = cloud()
    objects["pb"] |= fields
    del objects[f"{HOST}-OVS"]

    _, problems = found(inv, objects)

    assert (B, code) in problems


def gateway(owner: str) -> dict[str, Any]:
    """The cloud with a port of a router on this host, while another host has its binding."""
    objects = cloud()
    objects["pa"] |= {"binding:host_id": "c2", "device_owner": f"network:{owner}"}
    objects["pa"]["device_id"] = "router-1"
    return objects


@pytest.mark.parametrize("owner", ["router_gateway", "router_centralized_snat"])
def test_a_port_that_keepalived_may_move_is_on_the_standby_host_too(
    owner: str, inv: InventoryMgr
) -> None:
    objects = gateway(owner)
    ha_port = {"device_owner": "network:router_ha_interface", "device_id": "router-1"}
    objects["ha"] = objects["pa"] | ha_port | {"id": "ha", "name": "ha"}

    links, problems = found(inv, objects)

    assert problems == set()
    assert links[PLUG_A]["state"] == "up"


@pytest.mark.parametrize("owner", ["router_gateway", "router_centralized_snat"])
def test_a_port_of_a_router_of_one_host_is_bound_elsewhere(owner: str, inv: InventoryMgr) -> None:
    assert (A, "bound_elsewhere") in found(inv, gateway(owner))[1]


@pytest.mark.parametrize(
    ("host", "bound", "codes"),
    [
        ("c1", "C1.one.example", []),
        ("c1.one.example", "c1", []),
        ("c1.one.example", "c1.two.example", ["bound_elsewhere"]),
        ("c1", "c10", ["bound_elsewhere"]),
    ],
)
def test_names_of_one_host_are_no_other_host(host: str, bound: str, codes: list[str]) -> None:
    fault = Neutron([{"id": "pa", "binding:host_id": bound}]).fault(host, "tapa", "pa")

    assert [fault.code for fault in [fault] if fault] == codes
