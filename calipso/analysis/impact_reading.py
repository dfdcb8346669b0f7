"""What impact reads: cliques by the hosts that parts are on, and what feeds a NIC, by keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId

from calipso.analysis.neighbours import PORTION, links_by_keys
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from calipso.stores.mongo.stretches import prefix_range
from calipso.topology.impact import FEEDING

#: Focal points that lose something.
USERS = ("instance", "vservice")
FIELDS = (
    "type",
    "id",
    "name",
    "host",
    "project",
    "status",
    "service_type",
    "router_id",
    "network_id",
    "ha_state",
    "network",
    "stale_since",
)
LINK = dict.fromkeys(("link_type", "source", "target", "attributes"), 1)
CLIQUE = dict.fromkeys(("focal_point", "objects", "links", "constraints"), 1)


def all_failed(inv: InventoryMgr, items: Iterable[Document]) -> tuple[set[ObjectId], set[str]]:
    """`_id`s of these and of all on or below them, and the hosts they are on."""
    failed: set[ObjectId] = set()
    hosts: set[str] = set()
    for item in items:
        failed.add(item["_id"])
        environment = item["environment"]
        if item["type"] == "host":
            hosts.add(str(item["id"]))
        elif item.get("host"):
            hosts.add(str(item["host"]))
        if item["type"] == "port" and item.get("device_id"):
            wanted = {"environment": environment, "id": item["device_id"]}
            failed |= {found["_id"] for found in inv.collection("inventory").find(wanted)}
        if item["type"] in ("host", "availability_zone", "aggregate", "switch", "region"):
            below = {"environment": environment, "id_path": prefix_range(f"{item['id_path']}/")}
            for found in inv.find_items(below, ("type", "id", "host")):
                failed.add(found["_id"])
                if found["type"] == "host":
                    hosts.add(str(found["id"]))
    return failed, hosts


def feeding(inv: InventoryMgr, failed: Iterable[ObjectId]) -> Iterator[Document]:
    """Links that say what feeds a NIC, around these objects and what they feed."""
    known: set[ObjectId] = set()
    waiting = set(failed)
    while waiting:
        found: list[Document] = []
        for side in ("source", "target"):
            for some in portions(sorted(waiting)):
                links = inv.collection("links").find({side: {"$in": some}}, LINK)
                found += [decode(link) for link in links if link["link_type"] in FEEDING]
        known |= waiting
        waiting = {end for link in found for end in (link["source"], link["target"])} - known
        yield from found


def portions(keys: list[Any]) -> Iterator[list[Any]]:
    """Keys in portions of the size of one question."""
    for start in range(0, len(keys), PORTION):
        yield keys[start : start + PORTION]


def hosts_of(inv: InventoryMgr, failed: Iterable[ObjectId]) -> set[str]:
    """Hosts of failed objects; of a network, those whose NICs carry it."""
    objects = inv.find_by_keys(failed, ("type", "host", "id"))
    hosts = {str(item["host"]) for item in objects.values() if item.get("host")}
    for key, item in objects.items():
        if item["type"] == "network":
            links = inv.collection("links").find({"target": key}, {"host": 1})
            hosts |= {str(link["host"]) for link in links if link.get("host")}
    return hosts


def users_on(inv: InventoryMgr, environment: str, hosts: Iterable[str]) -> Iterator[Document]:
    """Instances and services on these hosts."""
    wanted = sorted(hosts)
    for kind in USERS:
        for some in portions(wanted):
            yield from inv.find(environment, kind, FIELDS, host=some)


def cliques_of(inv: InventoryMgr, environment: str, users: Iterable[Document]) -> list[Document]:
    """The cliques of these focal points, read by their ids."""
    found: list[Document] = []
    keys = {user["_id"] for user in users}
    for some in portions(sorted({str(user["id"]) for user in users})):
        query = {"environment": environment, "focal_point_id": {"$in": some}}
        cliques = inv.collection("cliques").find(query, CLIQUE)
        found += [decode(clique) for clique in cliques if clique["focal_point"] in keys]
    return found


def links_of(inv: InventoryMgr, cliques: Iterable[Document]) -> dict[ObjectId, Document]:
    """The links of these cliques, by `_id`."""
    keys = {key for clique in cliques for key in clique["links"]}
    return {link["_id"]: link for link in links_by_keys(inv, keys, LINK)}


def networks_of(inv: InventoryMgr, cliques: Iterable[Document]) -> dict[ObjectId, Document]:
    """Networks in these cliques, by `_id`."""
    keys = {key for clique in cliques for key in clique["objects"]}
    found = inv.find_by_keys(keys, ("type", "id", "name", "project", "environment"))
    return {key: item for key, item in found.items() if item["type"] == "network"}
