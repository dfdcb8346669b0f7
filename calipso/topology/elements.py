"""A clique as `{nodes, edges}`, a neutral form that every viewer can draw. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId

from calipso.model.documents import Record
from calipso.topology.graph import graph, path
from calipso.topology.health import health, state_word
from calipso.topology.plumbing import values

#: Fields of an object and of a link that a viewer gets.
NODE_FIELDS = (
    "id",
    "type",
    "name",
    "object_name",
    "host",
    "project",
    "state",
    "status",
    "stale_since",
    "last_scanned",
    "problems",
    "monitoring",
)
EDGE_FIELDS = ("link_type", "link_name", "state", "implicit", "host", "status", "monitoring")
#: What a viewer gets of a status of monitoring.
STATUS_FIELDS = ("value", "label", "text", "since", "flapping", "silenced_until")


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
    by_id = {item["_id"]: item for item in objects}
    return [[_label(by_id, key) for key, _ in way] for way in _ways(clique, by_id, links)]


def hops_to_networks(
    clique: Record, objects: Iterable[Record], links: Iterable[Record]
) -> list[list[dict[str, Any]]]:
    """The same paths; of each object its key, type, name, host, state, health, MTU and tag.

    `link_state` and `link_health` are of the link by which the object is reached.
    """
    by_id = {item["_id"]: item for item in objects}
    return [
        [_hop(by_id.get(key) or {"_id": key}, link) for key, link in way]
        for way in _ways(clique, by_id, links)
    ]


def _ways(
    clique: Record, by_id: Mapping[ObjectId, Record], links: Iterable[Record]
) -> Iterator[list[tuple[ObjectId, Record | None]]]:
    """Objects of each path, with the link by which each is reached."""
    wanted = set(clique["links"])
    whole = graph(link for link in links if link["_id"] in wanted)
    networks = sorted(
        (item for item in by_id.values() if item["type"] == "network" and item["_id"] in whole),
        key=lambda item: str(item["id"]),
    )
    own = set(values(clique.get("constraints", {}).get("network")))
    for network in networks:
        if own and network["id"] not in own:
            continue
        at = clique["focal_point"]
        way: list[tuple[ObjectId, Record | None]] = [(at, None)]
        for link in path(whole, at, network["_id"], within=[str(network["id"])]):
            at = link["target"] if link["source"] == at else link["source"]
            way.append((at, link))
        if len(way) > 1:
            yield way


def _hop(item: Record, link: Record | None) -> dict[str, Any]:
    found = {name: item[name] for name in ("type", "host", "mtu") if item.get(name) is not None}
    found |= {
        "key": str(item["_id"]),
        "name": str(item.get("object_name") or item.get("name", "")),
        "state": state_word(item),
        "health": health(item),
        "problems": [str(one.get("message", "")) for one in item.get("problems") or ()],
    } | _status(item)
    if link is not None:
        found |= {"link_state": state_word(link), "link_health": health(link)}
        attributes = link.get("attributes") or {}
        found |= {name: attributes[name] for name in ("tag", "reason") if attributes.get(name)}
    return found


def _label(by_id: Mapping[ObjectId, Record], key: ObjectId) -> str:
    item = by_id.get(key)
    return str(key) if item is None else f"{item['type']} {item.get('object_name') or item['name']}"


def _node(item: Record, focal: bool) -> dict[str, Any]:
    data = {name: item[name] for name in NODE_FIELDS if name in item} | _status(item)
    return {"data": data | {"key": str(item["_id"]), "focal_point": focal}}


def _edge(link: Record) -> dict[str, Any]:
    data = {name: link[name] for name in EDGE_FIELDS if name in link} | _status(link)
    attributes = link.get("attributes") or {}
    data |= {name: attributes[name] for name in ("reason", "tag") if name in attributes}
    ends = {"source": str(link["source"]), "target": str(link["target"])}
    return {"data": data | ends | {"key": str(link["_id"])}}


def _status(item: Record) -> dict[str, Any]:
    """The status of monitoring, where there is one; without what only monitoring reads."""
    status = item.get("monitoring")
    if not status:
        return {}
    return {"monitoring": {name: status[name] for name in STATUS_FIELDS if name in status}}
