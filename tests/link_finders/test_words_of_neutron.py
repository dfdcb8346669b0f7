"""Where Neutron's word is all there is against a plug, its link is not known to be up."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.link_finders.test_faults import HOST, PLUG_A, PLUG_B, cloud, found

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
