"""Holding: the stored cliques that hold an object or a link.

A clique holds what a walk from its focal point came to, so walking back from there leads to the
focal points. An index over the members of all cliques would do the same, but each scan would pay
for it: a clique has dozens of members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bson import ObjectId

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.discover.cliques.reach import reached_focal_points
from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: Changed members above which all cliques are read.
MOST = 500

FIELDS = dict.fromkeys(
    ("clique_type", "focal_point", "focal_point_id", "focal_point_type", "links", "objects"), 1
) | {"monitoring.value": 1}
_LINK_FIELDS = dict.fromkeys(("link_type", "source", "target", "attributes"), 1)


def cliques_holding(
    inv: InventoryMgr, environment: str, members: Iterable[ObjectId]
) -> Iterator[Document]:
    """Yield the cliques that hold one of these objects or links, with `FIELDS`."""
    keys = set(members)
    near = _near(inv, environment, keys) if len(keys) <= MOST else None
    for query in _queries(environment, near):
        for clique in inv.collection("cliques").find(query, FIELDS, batch_size=500):
            if not keys.isdisjoint(clique["objects"]) or not keys.isdisjoint(clique["links"]):
                yield clique


def _queries(environment: str, near: list[ObjectId] | None) -> Iterator[Document]:
    if near is None:
        yield {"environment": environment}
        return
    for start in range(0, len(near), 500):
        yield {"_id": {"$in": near[start : start + 500]}}


def _near(inv: InventoryMgr, environment: str, keys: set[ObjectId]) -> list[ObjectId] | None:
    """Return the keys of cliques that may hold one of these; None: too many, or nobody knows."""
    try:
        config = EnvironmentStore().get(environment)
    except NotFound:
        return None
    wanted = sorted(keys)
    links = list(inv.links_at(wanted, tuple(_LINK_FIELDS)))
    links += inv.collection("links").find({"_id": {"$in": wanted}}, _LINK_FIELDS)
    types, constraints = load_clique_types(inv)
    finder = CliqueFinder.around(config, types, constraints, inv)
    found = reached_focal_points(finder, inv, links, wanted)
    if found is None:
        return None
    return sorted(finder.key_of(kind, key) for kind, some in found.items() for key in some)
