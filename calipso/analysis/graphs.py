"""Objects and links as a graph for viewers: nodes, edges, and how far each is from the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.analysis.neighbours import neighbours
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.elements import NODE_FIELDS, elements

#: Types that are reached by a link from something else of their host.
BEHIND = frozenset({"vnic", "otep"})


def near_graph(
    inv: InventoryMgr,
    start: Mapping[str, Any],
    depth: int,
    limit: int,
    link_types: Sequence[str] = (),
) -> tuple[Document, bool]:
    """The graph of what is near an object, and whether the limit cut something off."""
    near = neighbours(inv, start, depth, limit, link_types)
    found = make_graph(
        inv, start["_id"], near.distance, near.links, distance=near.distance, inside=near.inside
    )
    return found, near.truncated


def make_graph(
    inv: InventoryMgr,
    start: ObjectId,
    objects: Iterable[ObjectId],
    links: Iterable[Document],
    *,
    distance: Mapping[ObjectId, int] | None = None,
    inside: Iterable[ObjectId] = (),
) -> Document:
    """The graph of these objects; `inside` are those the object it is about contains."""
    documents = inv.find_by_keys(objects, NODE_FIELDS)
    edges = list(links)
    about: Document = {
        "focal_point": start,
        "objects": list(documents),
        "links": [link["_id"] for link in edges],
    }
    graph: Document = {**elements(about, documents.values(), edges)}
    graph["edges"] += [
        _contains(start, key)
        for key in sorted(inside)
        if start in documents and key in documents and documents[key]["type"] not in BEHIND
    ]
    for node in graph["nodes"]:
        data = node["data"]
        if distance is not None:
            data["distance"] = distance[ObjectId(data["key"])]
    return graph


def _contains(outer: ObjectId, inner: ObjectId) -> Document:
    ends = {"source": str(outer), "target": str(inner)}
    return {"data": ends | {"key": f"{outer}-{inner}", "link_type": "contains", "implicit": True}}
