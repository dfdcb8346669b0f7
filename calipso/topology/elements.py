"""A clique as `{nodes, edges}`, a neutral form that every viewer can draw. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from calipso.model.documents import Record
from calipso.topology.graph import graph, path
from calipso.topology.plumbing import values

#: Fields of an object and of a link that a viewer gets.
NODE_FIELDS = (
    "id",
    "type",
    "name",
    "object_name",
    "host",
    "state",
    "status",
    "stale_since",
    "last_scanned",
    "problems",
)
EDGE_FIELDS = ("link_type", "link_name", "state", "implicit", "host", "status")


def elements(
    clique: Record, objects: Iterable[Record], links: Iterable[Record]
) -> dict[str, list[dict[str, Any]]]:
    """Return nodes and edges of a clique, in a stable order.

    An edge without both ends is left out.
    """
    wanted_objects, wanted_links = set(clique["objects"]), set(clique["links"])
    nodes = {
        item["_id"]: _node(item, item["_id"] == clique["focal_point"])
        for item in objects
        if item["_id"] in wanted_objects
    }
    edges = [
        _edge(link)
        for link in links
        if link["_id"] in wanted_links and link["source"] in nodes and link["target"] in nodes
    ]
    ordered = sorted(nodes.values(), key=lambda node: (node["data"]["type"], node["data"]["key"]))
    return {"nodes": ordered, "edges": sorted(edges, key=lambda edge: edge["data"]["key"])}


def paths_to_networks(
    clique: Record, objects: Iterable[Record], links: Iterable[Record]
) -> list[list[str]]:
    """Return the path from the focal point to each network of its clique, as lists of names.

    The focal point comes first. Each path stays on links that carry its network.
    """
    by_id: dict[ObjectId, Record] = {item["_id"]: item for item in objects}
    wanted = set(clique["links"])
    whole = graph(link for link in links if link["_id"] in wanted)
    networks = sorted(
        (item for item in by_id.values() if item["type"] == "network" and item["_id"] in whole),
        key=lambda item: str(item["id"]),
    )
    own = set(values(clique.get("constraints", {}).get("network")))
    found = []
    for network in networks:
        if own and network["id"] not in own:
            continue
        at = clique["focal_point"]
        names = [_label(by_id, at)]
        for link in path(whole, at, network["_id"], within=[str(network["id"])]):
            at = link["target"] if link["source"] == at else link["source"]
            names.append(_label(by_id, at))
        if len(names) > 1:
            found.append(names)
    return found


def _label(by_id: Mapping[ObjectId, Record], key: ObjectId) -> str:
    item = by_id.get(key)
    return str(key) if item is None else f"{item['type']} {item.get('object_name') or item['name']}"


def _node(item: Record, focal: bool) -> dict[str, Any]:
    data = {name: item[name] for name in NODE_FIELDS if name in item}
    return {"data": data | {"key": str(item["_id"]), "focal_point": focal}}


def _edge(link: Record) -> dict[str, Any]:
    data = {name: link[name] for name in EDGE_FIELDS if name in link}
    attributes = link.get("attributes") or {}
    data |= {name: attributes[name] for name in ("reason", "tag") if name in attributes}
    ends = {"source": str(link["source"]), "target": str(link["target"])}
    return {"data": data | ends | {"key": str(link["_id"])}}
