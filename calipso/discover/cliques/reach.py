"""Reach: which focal points a change touches.

A clique changes only if a link that its walk takes was added, changed or removed, or if its focal
point changed. The walk came to one end of such a link, so walking back from there by the link types
of the clique type leads to its focal point. That finds some focal points too many, never too few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.adjacency import split_type
from calipso.topology.plumbing import values

#: Focal points above which all cliques are found again.
MOST = 2000

Link = Mapping[str, Any]
#: Values of the constraints of a link; None: it agrees with every value.
Carried = tuple[tuple[str, ...] | None, ...]


def reached_focal_points(
    finder: CliqueFinder, inv: InventoryMgr, links: Sequence[Link], objects: Iterable[ObjectId]
) -> dict[str, list[ObjectId]] | None:
    """Return the focal points, by type, whose cliques may differ after these changes.

    `links` are the versions of changed links, `objects` the changed objects; `finder` reads links
    on the way. None: too many.
    """
    found: dict[str, set[ObjectId]] = {kind: set() for kind in finder.focal_point_types}
    for item in inv.find_by_keys(objects, ("type",)).values():
        if item["type"] in found:
            found[item["type"]].add(item["_id"])
    for kind, keys in found.items():
        for carried, some in _by_carried(links, finder.constraint_names.get(kind, ())).items():
            near = _walk_back(finder, kind, some)
            keys |= _agreeing(finder, inv, kind, carried, near - keys)
            if len(keys) > MOST:
                return None
    return {kind: sorted(keys) for kind, keys in found.items() if keys}


def _by_carried(links: Iterable[Link], names: Sequence[str]) -> dict[Carried, list[Link]]:
    groups: defaultdict[Carried, list[Link]] = defaultdict(list)
    for link in links:
        attributes = link.get("attributes") or {}
        carried = tuple(
            None if attributes.get(name) is None else tuple(values(attributes[name]))
            for name in names
        )
        groups[carried].append(link)
    return groups


def _walk_back(finder: CliqueFinder, focal_type: str, links: Iterable[Link]) -> set[ObjectId]:
    """Return the objects of the focal points' type from which a walk may come to these links."""
    ends: defaultdict[str, set[ObjectId]] = defaultdict(set)
    for link in links:
        there = str(link["link_type"])
        ends[there].add(link["source"])
        ends["-".join(reversed(split_type(there)))].add(link["target"])
    wanted: defaultdict[str, set[ObjectId]] = defaultdict(set)
    for link_type in reversed(finder.clique_types[focal_type]["link_types"]):
        source, target = split_type(link_type)
        before = finder.adjacency.steps_to(link_type, wanted[target]) if wanted[target] else set()
        wanted[source] |= before | ends.get(link_type, set())
    return wanted[focal_type]


def _agreeing(
    finder: CliqueFinder,
    inv: InventoryMgr,
    kind: str,
    carried: Carried,
    near: Iterable[ObjectId],
) -> set[ObjectId]:
    """Return those of these focal points whose constraints let them take such a link."""
    names = finder.constraint_names.get(kind, ())
    found = inv.find_by_keys(near, finder.fields_for(kind))
    return {
        key
        for key, item in found.items()
        if item["type"] == kind and all(map(_agrees, carried, _own(item, kind, names)))
    }


def _own(item: Mapping[str, Any], kind: str, names: Iterable[str]) -> list[tuple[str, ...] | None]:
    own = [item["id"] if name == kind else item.get(name) for name in names]
    return [None if value is None else tuple(values(value)) for value in own]


def _agrees(carried: tuple[str, ...] | None, own: tuple[str, ...] | None) -> bool:
    return carried is None or own is None or not set(carried).isdisjoint(own)
