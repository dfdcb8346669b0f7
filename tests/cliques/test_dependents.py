"""Who depends on an object: cliques read the other way."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from calipso.topology.dependents import Dependent, dependents

VM, ROUTER, NIC, BRIDGE, NET = (ObjectId() for _ in range(5))
ONE, TWO = ObjectId(), ObjectId()


def clique(focal: ObjectId, kind: str, objects: list[ObjectId], **more: Any) -> dict[str, Any]:
    base = {"focal_point": focal, "focal_point_type": kind, "links": [ONE, TWO]}
    return base | {"objects": [focal, *objects], "constraints": {}} | more


def link(key: ObjectId, *networks: str) -> dict[str, Any]:
    return {"_id": key, "attributes": {"network": list(networks)}}


def test_focal_points_whose_clique_has_the_object_depend_on_it() -> None:
    cliques = [
        clique(VM, "instance", [NIC]),
        clique(ROUTER, "vservice", [BRIDGE]),
        clique(NET, "network", [NIC]),
    ]

    assert list(dependents({NIC}, cliques, [])) == [Dependent(VM, ())]
    assert list(dependents({BRIDGE}, cliques, [])) == [Dependent(ROUTER, ())]
    assert list(dependents({ObjectId()}, cliques, [])) == []


def test_only_networks_that_pass_the_object_are_needed() -> None:
    own = {"constraints": {"network": ["blue", "red"]}}
    found = dependents({NIC}, [clique(VM, "instance", [NIC], **own)], [link(ONE, "blue", "green")])

    assert list(found) == [Dependent(VM, ("blue",))]


def test_without_a_link_that_names_networks_each_one_may_be_needed() -> None:
    own = {"constraints": {"network": ["blue", "red"]}}
    found = dependents({NIC}, [clique(VM, "instance", [NIC], **own)], [{"_id": ONE}])

    assert list(found) == [Dependent(VM, ("blue", "red"))]
