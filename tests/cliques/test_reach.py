"""A change of links reaches every focal point whose clique differs afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from bson import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.discover.cliques.reach import reached_focal_points
from calipso.model.clique import CliqueConstraint, CliqueType
from calipso.model.inventory import link_key, object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.link_finders.casekit import environment

Document = dict[str, Any]

OUTWARDS = ["instance-vnic", "vnic-vconnector", "vconnector-vedge", "vnic-vedge"]
OUTWARDS += ["vedge-host_pnic", "vconnector-host_pnic", "host_pnic-network"]
INWARDS = ["-".join(reversed(name.split("-"))) for name in reversed(OUTWARDS)]
TYPES = cast(
    list[CliqueType],
    [
        {"name": "instance", "focal_point_type": "instance", "link_types": OUTWARDS},
        {"name": "network", "focal_point_type": "network", "link_types": INWARDS},
    ],
)
CONSTRAINTS = cast(
    list[CliqueConstraint],
    [
        {"focal_point_type": "instance", "constraints": ["network"]},
        {"focal_point_type": "network", "constraints": ["network"]},
    ],
)
ENV = environment().name


def thing(kind: str, number: int) -> Document:
    name = f"{kind}{number}"
    found = {"_id": object_key(ENV, kind, name), "environment": ENV, "type": kind, "id": name}
    if kind == "instance":
        found["network"] = ["network0"] if number == 0 else ["network0", f"network{number}"]
    return found


OBJECTS = {
    item["_id"]: item
    for kind in ("instance", "vnic", "vconnector", "vedge", "host_pnic", "network")
    for item in (thing(kind, number) for number in range(3))
}


class Objects:
    """As much of an inventory as the search for focal points reads."""

    def find_by_keys(self, keys: Iterable[ObjectId], _fields: object) -> dict[ObjectId, Document]:
        return {key: OBJECTS[key] for key in keys if key in OBJECTS}


INV = cast(InventoryMgr, Objects())


@st.composite
def links(draw: st.DrawFn) -> Document:
    """A link: its type, numbers of its ends, the networks it names, its state."""
    link_type = draw(st.sampled_from(OUTWARDS))
    source, target = link_type.split("-")
    ends = [object_key(ENV, kind, f"{kind}{draw(st.integers(0, 2))}") for kind in (source, target)]
    networks = draw(st.none() | st.lists(st.sampled_from(["network0", "network1"]), max_size=2))
    attributes: Document = {} if networks is None else {"network": networks}
    if link_type == "vconnector-vedge" and draw(st.booleans()):
        attributes["uplink"] = True
    return {
        "_id": link_key(ENV, link_type, ends[0], ends[1], ""),
        "link_type": link_type,
        "source": ends[0],
        "target": ends[1],
        "state": draw(st.sampled_from(["up", "down"])),
        "attributes": attributes,
    }


Graph = dict[ObjectId, Document]


def graph(found: Iterable[Document]) -> Graph:
    return {link["_id"]: link for link in found}


def cliques(of: Graph) -> Mapping[ObjectId, Any]:
    """Links and objects of each clique, by focal point."""
    finder = CliqueFinder(environment(), TYPES, CONSTRAINTS, of.values())
    points = [item for item in OBJECTS.values() if item["type"] in finder.focal_point_types]
    return {c["focal_point"]: (c["links"], c["objects"]) for c in finder.find_for(points)}


def around(of: Graph) -> CliqueFinder:
    """A finder that reads links on its way."""
    finder = CliqueFinder(environment(), TYPES, CONSTRAINTS, ())
    finder.adjacency.read_links_by(
        lambda keys: [link for link in of.values() if {link["source"], link["target"]} & set(keys)]
    )
    return finder


@settings(max_examples=300, deadline=None)
@given(st.lists(links(), max_size=25), st.lists(links(), max_size=4), st.data())
def test_a_clique_that_differs_is_of_a_focal_point_that_was_reached(
    before: list[Document], added: list[Document], data: st.DataObject
) -> None:
    old = graph(before)
    gone = set(data.draw(st.lists(st.sampled_from(sorted(old)), max_size=3))) if old else set()
    new = {key: link for key, link in old.items() if key not in gone} | graph(added)
    changed = [
        version
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
        for version in (old.get(key), new.get(key))
        if version is not None
    ]

    reached = reached_focal_points(around(new), INV, changed, ())

    assert reached is not None
    was, now = cliques(old), cliques(new)
    different = {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
    assert different <= {key for keys in reached.values() for key in keys}


@settings(max_examples=100, deadline=None)
@given(st.lists(links(), max_size=25))
def test_links_that_are_read_on_the_way_give_the_same_cliques(found: list[Document]) -> None:
    everything = graph(found)
    points = [item for item in OBJECTS.values() if item["type"] in ("instance", "network")]

    near = around(everything).find_near(points)

    assert {c["focal_point"]: (c["links"], c["objects"]) for c in near} == cliques(everything)


def test_a_changed_focal_point_is_reached_without_any_link() -> None:
    (key,) = (key for key, item in OBJECTS.items() if item["id"] == "instance1")

    assert reached_focal_points(around({}), INV, [], [key]) == {"instance": [key]}
