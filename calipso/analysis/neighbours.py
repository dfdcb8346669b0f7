"""What is near an object: its neighbourhood along links, read step by step from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.types import drawing_order, linked_types
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import ASCENDING
from calipso.stores.mongo.stretches import prefix_range
from calipso.topology.elements import EDGE_FIELDS
from calipso.topology.graph import graph, neighbourhood
from calipso.utils.constants import constant_values

#: Fields of a link a graph needs.
LINK_FIELDS = dict.fromkeys((*EDGE_FIELDS, "source", "target", "source_id", "target_id"), 1)

PORTION = 500

#: Links of one clique that are looked at for its graph.
MOST_LINKS = 20_000


@dataclass
class Near:
    """Objects by distance, the links between them, and whether the limit cut something off."""

    distance: dict[ObjectId, int]
    links: list[Document] = field(default_factory=list)
    #: objects below the first one by the tree, where it has no links of its own
    inside: list[ObjectId] = field(default_factory=list)
    truncated: bool = False


def neighbours(
    inv: InventoryMgr,
    start: Mapping[str, Any],
    depth: int,
    limit: int,
    link_types: Sequence[str] = (),
) -> Near:
    """Objects at most `depth` links away from an object, nearest first, `limit` at most.

    An object without links of its own (a host, a project) is where all below it is: the way
    begins at each of those.
    """
    near = Near({start["_id"]: 0})
    frontier: list[ObjectId] = [start["_id"]]
    known: dict[ObjectId, Document] = {}
    if not _has_links(inv, start["_id"]):
        frontier = _inside(inv, start, near, limit)
    for distance in range(1, depth + 1):
        found = _touching(inv, frontier, link_types, near, 4 * limit)
        known |= {link["_id"]: link for link in found}
        ends = {end for link in found for end in (link["source"], link["target"])}
        new = sorted(ends - near.distance.keys())
        frontier = new[: max(0, limit - len(near.distance))]
        near.truncated = near.truncated or len(frontier) < len(new)
        near.distance |= dict.fromkeys(frontier, distance)
        if not frontier:
            break
    between = known.values()
    near.links = sorted(
        (k for k in between if k["source"] in near.distance and k["target"] in near.distance),
        key=lambda link: link["_id"],
    )
    return near


def _has_links(inv: InventoryMgr, key: ObjectId) -> bool:
    links = inv.collection("links")
    return any(links.find_one({side: key}, {"_id": 1}) for side in ("source", "target"))


def _inside(inv: InventoryMgr, start: Mapping[str, Any], near: Near, limit: int) -> list[ObjectId]:
    """Linked objects of a host, or below any other object, as the first step."""
    found = list(islice(_below(inv, start, limit), limit))
    near.inside = found[: limit - 1]
    near.truncated = len(near.inside) < len(found)
    near.distance |= dict.fromkeys(near.inside, 0)
    return near.inside


def _below(inv: InventoryMgr, start: Mapping[str, Any], limit: int) -> Iterator[ObjectId]:
    """Linked objects of a host, or below another object, in a stable order."""
    base: Document = {"environment": start["environment"]}
    inventory = inv.collection("inventory")
    if start["type"] == "host":
        for kind in _linked():
            query = base | {"type": kind, "host": start["id"]}
            cursor = inventory.find(query, {"_id": 1}, sort=[("_id", ASCENDING)], limit=limit)
            yield from (item["_id"] for item in cursor)
        return
    linked = frozenset(_linked())
    query = base | {"id_path": prefix_range(f"{start.get('id_path', '')}/")}
    with inventory.find(query, {"type": 1}, sort=[("id_path", ASCENDING)]) as cursor:
        yield from (item["_id"] for item in cursor if item["type"] in linked)


def _linked() -> list[str]:
    """Types of the objects that links join: those of the model, and those of an installation.

    A host, a project, a zone has no links of its own.
    """
    return sorted({*linked_types(), *constant_values("object_types_for_links")}, key=drawing_order)


def _touching(
    inv: InventoryMgr,
    ends: Sequence[ObjectId],
    link_types: Sequence[str],
    near: Near,
    most: int,
) -> list[Document]:
    """Links of these objects, by their keys; `near` learns when one side has more than `most`."""
    found: dict[ObjectId, Document] = {}
    for start in range(0, len(ends), PORTION):
        some = list(ends[start : start + PORTION])
        for side in ("source", "target"):
            # nothing but the index's field: see gather.py
            query = {side: {"$in": some}}
            with inv.collection("links").find(query, LINK_FIELDS) as cursor:
                links = list(islice((k for k in cursor if _wanted(k, link_types)), most + 1))
            near.truncated = near.truncated or len(links) > most
            found |= {link["_id"]: link for link in links}
    return [found[key] for key in sorted(found)]


def _wanted(link: Mapping[str, Any], link_types: Sequence[str]) -> bool:
    return not link_types or link["link_type"] in link_types


def clique_part(
    inv: InventoryMgr, clique: Mapping[str, Any], limit: int
) -> tuple[list[ObjectId], list[Document], bool]:
    """Objects of a clique nearest to its focal point, links, and whether that is not all.

    Of a clique with very many links only some are looked at.
    """
    links = links_by_keys(inv, clique["links"][:MOST_LINKS], LINK_FIELDS)
    whole = graph(links)
    focal = clique["focal_point"]
    objects = neighbourhood(whole, focal, len(links)) or [focal]
    apart = sorted(set(clique["objects"]) - set(objects)) if len(objects) < limit else []
    objects += apart
    cut = len(objects) > limit or len(clique["links"]) > MOST_LINKS
    return objects[:limit], links, cut


def links_by_keys(inv: InventoryMgr, keys: Iterable[ObjectId], fields: Document) -> list[Document]:
    """Links by `_id`, read in portions, in the order of their keys."""
    wanted = sorted(set(keys))
    found: list[Document] = []
    for start in range(0, len(wanted), PORTION):
        portion = {"_id": {"$in": wanted[start : start + PORTION]}}
        found += inv.find_all("links", portion, projection=fields)
    return sorted(found, key=lambda link: link["_id"])
