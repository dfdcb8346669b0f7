"""Ages of links and cliques: each is as old as its oldest object.

A scan computes links again from stored objects, also from objects that it could not read again, and
it computes only those that a change concerns. The time of this computation does not show how old
the facts are. So readers take the age from the objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr

AGE_FIELDS = ("last_scanned", "stale_since")


def aged_links(inv: InventoryMgr, links: Sequence[Document]) -> list[Document]:
    """Return links with `last_scanned` and `stale_since` of their older end."""
    ends = {link[side] for link in links for side in ("source", "target") if side in link}
    objects = inv.find_by_keys(ends, AGE_FIELDS)
    return [
        _aged(link, [link[side] for side in ("source", "target") if side in link], objects)
        for link in links
    ]


def aged_cliques(inv: InventoryMgr, cliques: Sequence[Document]) -> list[Document]:
    """Return cliques with `last_scanned` and `stale_since` of their oldest object."""
    members = {str(clique["_id"]): clique.get("objects") for clique in cliques}
    keys = [ObjectId(key) for key, objects in members.items() if objects is None]
    if keys:  # a list of cliques is read without their members
        found = inv.collection("cliques").find({"_id": {"$in": keys}}, {"objects": 1})
        members |= {str(clique["_id"]): clique["objects"] for clique in found}
    wanted = {key for some in members.values() for key in some or ()}
    objects = inv.find_by_keys(wanted, AGE_FIELDS)
    return [_aged(clique, members[str(clique["_id"])] or (), objects) for clique in cliques]


def _aged(
    item: Document,
    made_of: Iterable[ObjectId],
    objects: Mapping[ObjectId, Mapping[str, Any]],
) -> Document:
    parts = [objects[key] for key in made_of if key in objects]
    ages: Document = {}
    for name in AGE_FIELDS:
        times = [part[name] for part in parts if part.get(name) is not None]
        if name == "last_scanned" and not times and item.get(name) is not None:
            times.append(item[name])
        if times:
            ages[name] = min(times)
    return {key: value for key, value in item.items() if key not in AGE_FIELDS} | ages
