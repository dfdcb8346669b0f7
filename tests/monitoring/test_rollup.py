"""Cliques by what can be reached: pure."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from calipso.model.monitoring import Value
from calipso.topology.rollup import rollup

NAMES = ("instance", "vnic", "vedge", "otep", "nic1", "nic2", "network")
KEY = {name: ObjectId(f"{at:024x}") for at, name in enumerate(NAMES, 1)}
TYPES = {KEY[name]: {"nic1": "host_pnic", "nic2": "host_pnic"}.get(name, name) for name in NAMES}
PAIRS = [
    ("instance", "vnic"),
    ("vnic", "vedge"),
    ("vedge", "nic1"),
    ("vedge", "nic2"),
    ("nic1", "network"),
    ("nic2", "network"),
]
LINKS: list[dict[str, Any]] = [
    {"_id": ObjectId(f"{100 + at:024x}"), "source": KEY[a], "target": KEY[b]}
    for at, (a, b) in enumerate(PAIRS)
]


def status(focal: str = "instance", **bad: Value) -> Value:
    clique = {
        "focal_point": KEY[focal],
        "objects": list(KEY.values()),
        "links": [link["_id"] for link in LINKS],
    }
    return rollup(clique, LINKS, TYPES, {KEY[name]: value for name, value in bad.items()}).value


@pytest.mark.parametrize(
    ("bad", "value"),
    [
        ({}, Value.OK),
        ({"nic1": Value.ERROR}, Value.WARNING),
        ({"nic1": Value.ERROR, "nic2": Value.ERROR}, Value.ERROR),
        ({"nic1": Value.ERROR, "nic2": Value.UNKNOWN}, Value.UNKNOWN),
        ({"vedge": Value.WARNING}, Value.WARNING),
        ({"vedge": Value.UNKNOWN}, Value.UNKNOWN),
        ({"nic1": Value.UNKNOWN}, Value.UNKNOWN),
        ({"vnic": Value.ERROR}, Value.ERROR),
        ({"instance": Value.ERROR}, Value.ERROR),
        ({"network": Value.ERROR}, Value.ERROR),
    ],
)
def test_an_instance_depends_on_a_way_to_a_network(bad: dict[str, Value], value: Value) -> None:
    assert status(**bad) is value


def test_a_network_does_not_turn_red_because_of_one_tap() -> None:
    assert status("network", vnic=Value.ERROR) is Value.OK
    assert status("network", nic1=Value.ERROR) is Value.WARNING
    assert status("network", nic1=Value.ERROR, nic2=Value.ERROR) is Value.ERROR


def test_the_counts_are_of_all_members_and_the_first_bad_one_is_the_worst() -> None:
    clique = {"focal_point": KEY["instance"], "objects": list(KEY.values()), "links": []}
    bad = {KEY["nic1"]: Value.WARNING, KEY["vedge"]: Value.ERROR}

    found = rollup(clique, [], TYPES, bad)

    assert found.first_bad == KEY["vedge"]
    assert found.counts == {"OK": 5, "Warning": 1, "Error": 1, "Unknown": 0}
