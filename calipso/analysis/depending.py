"""Who depends on an object: instances, vservices and networks, by project, read from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from calipso.analysis.neighbours import PORTION
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode
from calipso.stores.mongo.stretches import prefix_range
from calipso.topology.dependents import USERS, dependents

#: What is told of each.
FIELDS = (
    "type",
    "id",
    "name",
    "host",
    "project",
    "status",
    "state",
    "addresses",
    "last_scanned",
    "stale_since",
    "device_id",
)
_CLIQUE = dict.fromkeys(("focal_point", "focal_point_type", "objects", "links", "constraints"), 1)
_LINK = {"attributes": 1}


@dataclass
class Depending:
    """What depends on an object."""

    #: Instances and vservices, each with `networks`: names of those it needs the object for.
    users: list[Document] = field(default_factory=list)
    #: The networks whose traffic passes the object, or that its users need it for.
    networks: list[Document] = field(default_factory=list)
    #: False: no scan has made cliques of this environment, so nobody knows.
    known: bool = True

    def by_project(self) -> dict[str, list[Document]]:
        """All of them by project; an empty name is that of objects without one."""
        found: dict[str, list[Document]] = {}
        for item in (*self.users, *self.networks):
            found.setdefault(str(item.get("project") or ""), []).append(item)
        return {name: found[name] for name in sorted(found, key=lambda name: (name == "", name))}


def depending(inv: InventoryMgr, start: Mapping[str, Any]) -> Depending:
    """Instances, vservices and networks that need this object, which is not among them.

    Of a host: those on it, and those that need anything on it. Of what has no links itself (a
    zone, a project): those that need something below it. Of a port: the device it belongs to.
    """
    environment = str(start["environment"])
    below = _below(inv, start)
    members = {start["_id"], *(item["_id"] for item in below)}
    cliques = inv.collection("cliques").find({"environment": environment}, _CLIQUE)
    found = {
        one.focal_point: one.networks
        for one in dependents(members, map(decode, cliques), _touching(inv, members))
    }
    for key in _placed(inv, start, below):
        found.setdefault(key, ())
    found.pop(start["_id"], None)
    wanted = {network for networks in found.values() for network in networks}
    users = inv.find_by_keys(found, FIELDS)
    known = bool(found) or inv.collection("cliques").find_one({"environment": environment}, {})
    networks = [
        item for item in inv.get_by_ids(environment, "network", wanted) if item["id"] != start["id"]
    ]
    names = {str(item["id"]): str(item["name"]) for item in (*networks, start)}
    told = [
        item | {"networks": [names.get(network, network) for network in found[key]]}
        for key, item in users.items()
    ]
    return Depending(
        sorted(told, key=_order),
        sorted(({k: n[k] for k in ("_id", *FIELDS) if k in n} for n in networks), key=_order),
        bool(known),
    )


def _order(item: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(item.get("project") or ""),
        str(item["type"]),
        str(item.get("name", "")),
        str(item["id"]),
    )


def _below(inv: InventoryMgr, start: Mapping[str, Any]) -> list[Document]:
    """`_id` and type of what is on the object or below it."""
    if not start.get("id_path"):
        return []
    query: Document = {
        "environment": start["environment"],
        "id_path": prefix_range(f"{start['id_path']}/"),
    }
    return list(inv.collection("inventory").find(query, {"type": 1}))


def _placed(
    inv: InventoryMgr, start: Mapping[str, Any], below: Iterable[Document]
) -> Iterator[ObjectId]:
    """Instances and vservices that are on or below the object, or are the device of a port."""
    if start["type"] == "port" and start.get("device_id"):
        wanted: Document = {"environment": start["environment"], "id": start["device_id"]}
        below = inv.collection("inventory").find(wanted, {"type": 1})
    yield from (item["_id"] for item in below if _uses(item))


def _uses(item: Mapping[str, Any]) -> bool:
    return item["type"] in USERS


def _touching(inv: InventoryMgr, members: Iterable[ObjectId]) -> Iterator[Document]:
    """Links with one of these at an end."""
    wanted = sorted(members)
    for begin in range(0, len(wanted), PORTION):
        some = {"$in": wanted[begin : begin + PORTION]}
        for side in ("source", "target"):
            yield from map(decode, inv.collection("links").find({side: some}, _LINK))
