"""A link that is down ends the path: its other end is reached, nothing from there on."""

from __future__ import annotations

from typing import Any

from calipso.topology.adjacency import Adjacency
from tests.link_finders.casekit import short_link

TYPES = ["instance-vnic", "vnic-vedge", "vedge-host_pnic", "host_pnic-network"]


def links(**states: str) -> list[dict[str, Any]]:
    wiring = [
        ("instance-vnic", "vm", "tap1"),
        ("instance-vnic", "vm", "tap2"),
        ("vnic-vedge", "tap1", "ovs"),
        ("vnic-vedge", "tap2", "ovs"),
        ("vedge-host_pnic", "ovs", "eth1"),
        ("host_pnic-network", "eth1", "red"),
    ]
    return [
        short_link(kind, source, target, state=states.get(source, "up"))
        for kind, source, target in wiring
    ]


def reached(found: list[dict[str, Any]]) -> set[str]:
    focal = found[0]["source"]
    walked = Adjacency(found).walk(focal, "instance", TYPES, {"network": None})
    names = {link[side]: link[f"{side}_id"] for link in found for side in ("source", "target")}
    return {names[key] for key in walked.objects}


def test_a_path_ends_at_the_far_end_of_a_link_that_is_down() -> None:
    assert reached(links(tap1="down", tap2="down")) == {"vm", "tap1", "tap2", "ovs"}


def test_another_way_to_the_same_object_goes_on() -> None:
    assert reached(links(tap1="down")) == {"vm", "tap1", "tap2", "ovs", "eth1", "red"}


def test_a_link_whose_state_is_not_known_goes_on() -> None:
    everything = {"vm", "tap1", "tap2", "ovs", "eth1", "red"}

    assert reached(links(tap1="unknown", ovs="unknown")) == everything
