"""From objects over links to cliques: a small cloud with every kind of compute host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.model.clique import Clique
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.elements import elements, paths_to_networks
from calipso.topology.graph import components, graph, neighbourhood
from tests.link_finders.casekit import clique_metadata, environment, fill, fill_links, run_all
from tests.link_finders.wiring import ENV, Item, cloud


class Scanned:
    """A stored cloud with links and cliques."""

    def __init__(self, inv: InventoryMgr, objects: list[Item]) -> None:
        fill(inv, objects)
        self.objects = inv.find_items({"environment": ENV})
        self.links = run_all(inv)
        fill_links(inv, [dict(link) for link in self.links])
        given = clique_metadata()
        self.finder = CliqueFinder.from_inventory(
            environment(), given["clique_types"], given["clique_constraints"], inv
        )
        self.cliques: dict[str, dict[str, Clique]] = defaultdict(dict)
        for kind in self.finder.focal_point_types:
            fields = self.finder.fields_for(kind)
            for clique in self.finder.find_for(inv.find(ENV, kind, fields)):
                self.cliques[kind][clique["focal_point_id"]] = clique

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [item for item in self.objects if item["type"] == kind]

    def paths(self, clique: Clique) -> Iterator[str]:
        for path in paths_to_networks(clique, self.objects, self.links):
            yield " > ".join(path)


@pytest.fixture
def scanned(inv: InventoryMgr) -> Scanned:
    return Scanned(inv, cloud(hosts=3, instances_per_host=6, tenant_networks=3))


def test_every_instance_is_led_to_its_network_and_no_other(scanned: Scanned) -> None:
    for instance in scanned.of_type("instance"):
        clique = scanned.cliques["instance"][instance["id"]]
        networks = {
            item["id"]
            for item in scanned.of_type("network")
            if item["_id"] in set(clique["objects"])
        }
        assert networks == set(instance["network"])
        assert len(list(scanned.paths(clique))) == 1


def test_each_plumbing_has_its_own_way_to_the_wire(scanned: Scanned) -> None:
    ways = set()
    for instance in scanned.of_type("instance"):
        for path in scanned.paths(scanned.cliques["instance"][instance["id"]]):
            kinds = [step.split()[0] for step in path.split(" > ")]
            ways.add((instance["host"], " ".join(kinds[1:-2])))

    assert ways == {
        ("compute-0", "vnic vconnector vedge otep"),
        ("compute-0", "vnic vconnector vedge"),
        ("compute-1", "vnic vedge otep"),
        ("compute-1", "vnic vedge"),
        ("compute-2", "vnic vconnector otep"),
        ("compute-2", "vnic vconnector"),
    }


def test_every_network_clique_holds_all_its_instances_and_services(scanned: Scanned) -> None:
    for network in scanned.of_type("network"):
        members = set(scanned.cliques["network"][network["id"]]["objects"])
        for kind in ("instance", "vservice"):
            there = {item["id"] for item in scanned.of_type(kind) if item["_id"] in members}
            own = {item["id"] for item in scanned.of_type(kind) if network["id"] in item["network"]}
            assert there == own


def test_both_ends_of_every_link_exist_and_agree_with_its_type(scanned: Scanned) -> None:
    types = {item["_id"]: (item["type"], item["id"]) for item in scanned.objects}

    for link in scanned.links:
        source, target = types[link["source"]], types[link["target"]]
        assert f"{source[0]}-{target[0]}" == link["link_type"]
        assert (source[1], target[1]) == (link["source_id"], link["target_id"])


def test_links_and_cliques_are_the_same_in_any_order_of_objects(
    inv: InventoryMgr, scanned: Scanned
) -> None:
    inv.collection("inventory").delete_many({})
    inv.collection("links").delete_many({})

    again = Scanned(inv, cloud(hosts=3, instances_per_host=6, tenant_networks=3)[::-1])

    assert {link["_id"] for link in again.links} == {link["_id"] for link in scanned.links}
    assert again.cliques == scanned.cliques


def test_parts_of_the_focal_points_give_the_cliques_of_the_whole(scanned: Scanned) -> None:
    instances = scanned.of_type("instance")
    whole = scanned.finder.find_for(instances)

    parts = [*scanned.finder.find_for(instances[:7]), *scanned.finder.find_for(instances[7:])]

    assert sorted(parts, key=lambda clique: clique["_id"]) == whole


def test_elements_hold_the_clique_with_its_focal_point_marked(scanned: Scanned) -> None:
    instance = scanned.of_type("instance")[0]
    clique = scanned.cliques["instance"][instance["id"]]

    drawn = elements(dict(clique), scanned.objects, scanned.links)

    marked = [node["data"]["id"] for node in drawn["nodes"] if node["data"]["focal_point"]]
    assert marked == [instance["id"]]
    assert len(drawn["nodes"]) == len(clique["objects"])
    keys = {node["data"]["key"] for node in drawn["nodes"]}
    ends = {edge["data"][end] for edge in drawn["edges"] for end in ("source", "target")}
    assert ends == keys
    assert len(drawn["edges"]) == len(clique["links"])


def test_an_edge_without_both_ends_is_not_drawn(scanned: Scanned) -> None:
    instance = scanned.of_type("instance")[0]
    clique = scanned.cliques["instance"][instance["id"]]
    lost = next(item for item in scanned.of_type("vnic") if item["_id"] in clique["objects"])
    rest = [item for item in scanned.objects if item["_id"] != lost["_id"]]

    drawn = elements(dict(clique), rest, scanned.links)

    ends = {edge["data"][end] for edge in drawn["edges"] for end in ("source", "target")}
    assert str(lost["_id"]) not in ends


def test_neighbourhood_grows_with_depth_and_the_cloud_hangs_together(scanned: Scanned) -> None:
    whole = graph(dict(link) for link in scanned.links)
    instance = scanned.of_type("instance")[0]["_id"]

    near = [len(neighbourhood(whole, instance, depth)) for depth in (0, 1, 2)]

    assert near == [1, 2, 3]
    assert len(components(whole)) == 1
