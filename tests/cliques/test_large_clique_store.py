"""A focal point with 10,000 members in the store, and links compared in pieces."""

from __future__ import annotations

from typing import Any

import bson
import pytest

from calipso.discover.cliques import clique_finder
from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.model.inventory import object_key
from calipso.stores.inventory import graph_writer
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import stretches
from calipso.stores.mongo.stretches import key_ranges
from calipso.topology.adjacency import both_ways
from tests.cliques.test_large_and_paths import shared_network
from tests.link_finders.casekit import clique_metadata, environment
from tests.link_finders.wiring import ENV

pytestmark = pytest.mark.slow

#: MongoDB takes no document above 16 MB; a clique has to stay far away from that.
MEGABYTE = 1_000_000


def stored_links(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"finder": "F", "link_name": "", **link, "environment": ENV} for link in links]


def test_a_clique_with_ten_thousand_members_is_stored_found_again_and_small(inv: InventoryMgr):
    given = clique_metadata()
    links = stored_links(
        [
            link
            for link in shared_network(members=10_000, per_host=50)
            if "shared" in link["attributes"]["network"]
        ]
    )
    GraphWriter(inv, ENV, "s1", record_changes=False).save_links("F", links)
    finder = CliqueFinder.from_inventory(
        environment(), given["clique_types"], given["clique_constraints"], inv
    )
    network = {"_id": object_key(ENV, "network", "shared"), "type": "network", "id": "shared"}

    found = finder.find_for([network])
    for scan in ("s1", "s2"):
        GraphWriter(inv, ENV, scan).save_cliques(found)

    (stored,) = inv.find_all("cliques", {"environment": ENV})
    assert (len(stored["links"]), len(stored["objects"])) == (20_400, 20_401)
    assert stored["scan_id"] == "s2"
    assert len(bson.encode(stored)) < MEGABYTE


def test_large_cliques_come_in_portions_and_small_ones_together(monkeypatch: pytest.MonkeyPatch):
    given = clique_metadata()
    links = stored_links(shared_network(members=40, per_host=4))
    finder = CliqueFinder(environment(), given["clique_types"], given["clique_constraints"], links)
    instances = sorted({link["source"] for link in links if link["link_type"] == "instance-vnic"})
    focal_points = [{"_id": _id, "type": "instance", "id": str(_id)} for _id in instances]
    size = max(len(c["links"]) + len(c["objects"]) for c in finder.find_for(focal_points))

    together = list(finder.portions(focal_points))
    monkeypatch.setattr(clique_finder, "PORTION", 2 * size)
    apart = list(finder.portions(focal_points))

    assert len(together) == 1 < len(apart)
    assert all(len(portion) >= 2 for portion in apart[:-1])
    assert sorted(c["_id"] for portion in apart for c in portion) == [
        clique["_id"] for clique in finder.find_for(focal_points)
    ]


def test_pieces_of_keys_hold_every_key_once():
    keys = [object_key("e", "t", str(number)) for number in range(1000)]
    keys += [bson.ObjectId("0" * 24), bson.ObjectId("f" * 24), bson.ObjectId("8" + "0" * 23)]
    assert key_ranges(1) == [{}]

    pieces = [[key for key in keys if _inside(key, part)] for part in key_ranges(7)]

    assert sorted(k for piece in pieces for k in piece) == sorted(keys)
    assert min(len(piece) for piece in pieces) > 100


def _inside(key: bson.ObjectId, part: dict[str, Any]) -> bool:
    return ("$gte" not in part or key >= part["$gte"]) and ("$lt" not in part or key < part["$lt"])


def test_links_compared_in_pieces_replace_those_of_the_finder_and_no_others(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(graph_writer, "STRETCH_LINKS", 5)
    links = stored_links(shared_network(members=20, per_host=5))
    others = [link | {"finder": "G"} for link in links[:10]]
    GraphWriter(inv, ENV, "s1").save_links("F", links[10:])
    GraphWriter(inv, ENV, "s1").save_links("G", others)

    writer = GraphWriter(inv, ENV, "s2")
    kept = [link | {"state": "down"} for link in links[20:]]
    writer.save_links("F", kept)

    stored = {link["_id"]: link for link in inv.find_all("links", {"environment": ENV})}
    assert stored.keys() == {link["_id"] for link in [*others, *kept]}
    assert all(stored[link["_id"]]["state"] == "down" for link in kept)
    changes = inv.find_all("changes", {"scan_id": "s2"})
    assert sorted(item["change"] for item in changes) == ["changed"] * len(kept) + ["removed"] * 10


def test_links_read_in_stretches_are_all_there(inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stretches, "STRETCH_HOSTS", 1)
    for number in range(9):
        inv.set({"environment": ENV, "type": "host", "id": f"h{number}"})
    links = stored_links(shared_network(members=20, per_host=5))
    GraphWriter(inv, ENV, "s1").save_links("F", links)

    read = list(inv.each_link(ENV, both_ways({"vnic-instance", "vnic-vedge"}), ["link_type"]))

    wanted = [k for k in links if k["link_type"] in ("instance-vnic", "vnic-vedge")]
    assert sorted(link["_id"] for link in read) == sorted(link["_id"] for link in wanted)
