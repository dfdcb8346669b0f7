"""What must hold for the inventory of any cloud, whatever is in it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bson import ObjectId

from calipso.discover.cliques.clique_finder import select_clique_types
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

Document = dict[str, Any]


def every_parent_exists(inv: InventoryMgr, environment: str) -> None:
    """No object hangs in the air, and its paths go through its parent."""
    items = inv.find_items({"environment": environment})
    by_key = {(item["type"], item["id"]): item for item in items}
    for item in items:
        if item["parent_type"] == "environment":
            assert item["id_path"] == f"/{environment}/{item['id']}"
            continue
        parent = by_key.get((item["parent_type"], item["parent_id"]))
        assert parent is not None, f"{item['type']} {item['id']} has no parent"
        assert item["id_path"] == f"{parent['id_path']}/{item['id']}"
        assert item["name_path"] == f"{parent['name_path']}/{item['name']}"


def both_ends_of_each_link_exist(inv: InventoryMgr, environment: str) -> None:
    """Links join objects of the types they name."""
    types = {item["_id"]: item["type"] for item in inv.find_items({"environment": environment})}
    for link in inv.find_all("links", {"environment": environment}):
        ends = f"{types.get(link['source'])}-{types.get(link['target'])}"
        assert ends == link["link_type"], f"{link['source_id']} -> {link['target_id']}"


def each_clique_is_connected_and_inside_its_link_types(inv: InventoryMgr, environment: str) -> None:
    """From the focal point every object of a clique is reached by its links, of its types."""
    links = {link["_id"]: link for link in inv.find_all("links", {"environment": environment})}
    chosen, _ = select_clique_types(EnvironmentStore().get(environment), load_clique_types(inv)[0])
    allowed = {item["name"]: set(item["link_types"]) for item in chosen.values()}
    for clique in inv.find_all("cliques", {"environment": environment}):
        mine = [links[key] for key in clique["links"]]
        for link in mine:
            there, back = link["link_type"], "-".join(reversed(link["link_type"].split("-")))
            assert {there, back} & allowed[clique["clique_type"]]
        reached = reach(clique["focal_point"], mine)
        assert reached == set(clique["objects"]), clique["focal_point_id"]
        assert {end for link in mine for end in (link["source"], link["target"])} <= reached


def every_instance_reaches_its_networks(inv: InventoryMgr, environment: str) -> None:
    """The clique of an instance leads to each network it has a vNIC in."""
    links = {link["_id"]: link for link in inv.find_all("links", {"environment": environment})}
    networks = {item["_id"]: item["id"] for item in inv.find(environment, "network")}
    cliques = {
        clique["focal_point"]: clique
        for clique in inv.find_all(
            "cliques", {"environment": environment, "focal_point_type": "instance"}
        )
    }
    for instance in inv.find(environment, "instance"):
        if not instance["network"]:
            continue
        clique = cliques[instance["_id"]]
        reached = reach(clique["focal_point"], [links[key] for key in clique["links"]])
        found = {networks[key] for key in reached if key in networks}
        assert found == set(instance["network"]), instance["name"]


def reach(start: ObjectId, links: list[Document]) -> set[ObjectId]:
    """Objects that links join with the start."""
    beside: dict[ObjectId, set[ObjectId]] = defaultdict(set)
    for link in links:
        beside[link["source"]].add(link["target"])
        beside[link["target"]].add(link["source"])
    found, edge = {start}, [start]
    while edge:
        edge = [item for key in edge for item in beside[key] if item not in found]
        found.update(edge)
    return found


def all_hold(inv: InventoryMgr, environment: str) -> None:
    """All of them."""
    every_parent_exists(inv, environment)
    both_ends_of_each_link_exist(inv, environment)
    each_clique_is_connected_and_inside_its_link_types(inv, environment)
    every_instance_reaches_its_networks(inv, environment)


def contents(inv: InventoryMgr, environment: str) -> dict[str, list[Document]]:
    """Everything stored of an environment, without the stamps of the scan."""
    stamps = ("scan_id", "generation", "last_scanned")
    found = {}
    for name in ("inventory", "links", "cliques"):
        items = inv.find_all(name, {"environment": environment})
        for item in items:
            for stamp in stamps:
                item.pop(stamp, None)
        found[name] = sorted(items, key=lambda item: str(item["_id"]))
    return found
