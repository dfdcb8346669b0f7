"""Who depends on an object: the other direction of cliques. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from bson import ObjectId

from calipso.model.documents import Record
from calipso.topology.plumbing import values

#: Focal points that depend on what is in their clique. NICs and networks are on the way, not users.
USERS = ("instance", "vservice")


class Dependent(NamedTuple):
    """A focal point that needs an object, and ids of the networks that it needs it for."""

    focal_point: ObjectId
    networks: tuple[str, ...]


def dependents(
    members: AbstractSet[ObjectId], cliques: Iterable[Record], touching: Iterable[Record]
) -> Iterator[Dependent]:
    """Focal points whose clique holds one of `members`: the object asked for, or all on a host.

    `touching` are the links with one of these at an end: the networks they name are those that
    the traffic is of. Where none of them names any, it may be each network of the focal point.
    """
    carried: Mapping[ObjectId, frozenset[str]] = _carried(touching)
    for clique in cliques:
        focal = clique["focal_point"]
        if clique["focal_point_type"] not in USERS or not members & set(clique["objects"]):
            continue
        own = set(values((clique.get("constraints") or {}).get("network")))
        passed: set[str] = set()
        for link in clique["links"]:
            passed |= carried.get(link, frozenset())
        needed = (passed & own if own else passed) or own
        yield Dependent(focal, tuple(sorted(needed)))


def _carried(links: Iterable[Record]) -> dict[ObjectId, frozenset[str]]:
    found: defaultdict[ObjectId, frozenset[str]] = defaultdict(frozenset)
    for link in links:
        networks = values((link.get("attributes") or {}).get("network"))
        if networks:
            found[link["_id"]] |= frozenset(map(str, networks))
    return dict(found)
