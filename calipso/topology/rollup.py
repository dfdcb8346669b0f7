"""The status of a clique: whether its focal point still reaches what it needs. Pure.

Not the worst member counts but what can be reached: with the failed members taken out, is there a
way from the focal point to a network, or to a tunnel endpoint where the clique has no network?

A network, a NIC and a switch port depend on what they touch. What lies behind that are their users:
a single tap does not make the network of a thousand instances degraded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from bson import ObjectId

from calipso.model.documents import Record
from calipso.model.monitoring import Value
from calipso.topology.adjacency import INWARD

#: What a focal point has to reach: the first of these types that the clique has.
GOALS = ("network", "otep", "host_pnic", "vedge")


class Rolled(NamedTuple):
    """The status of a clique, its first bad member, and the number of members of each value."""

    value: Value
    first_bad: ObjectId | None
    counts: dict[str, int]


def rollup(
    clique: Record,
    links: Iterable[Record],
    types: Mapping[ObjectId, str],
    bad: Mapping[ObjectId, Value],
) -> Rolled:
    """Return the status of a clique.

    `links` are the links of the clique, `types` the types of its objects. `bad` has the values of
    members, objects and links, that are not OK. Error: no way is left. Unknown: a way is left only
    if unknown members work. Warning: a way is left, and a member is not good.
    """
    members = {*clique["objects"], *clique["links"]}
    here = {key: value for key, value in bad.items() if key in members}
    counts = {value.label: 0 for value in Value}
    for value in here.values():
        counts[value.label] += 1
    counts[Value.OK.label] = len(members) - len(here)
    focal, ends = clique["focal_point"], list(links)
    goals = _goals(focal, types)
    if types.get(focal) in INWARD:
        ends = [link for link in ends if focal in (link["source"], link["target"])]
        goals = {end for link in ends for end in (link["source"], link["target"])} - {focal}
        near = {focal, *goals, *(link["_id"] for link in ends)}
        here = {key: value for key, value in here.items() if key in near}
    if not here:
        return Rolled(Value.OK, None, counts)
    first = _first(focal, here)
    failed = {key for key, value in here.items() if value is Value.ERROR}
    unsure = failed | {key for key, value in here.items() if value is Value.UNKNOWN}
    if not _reaches(focal, goals, ends, failed):
        return Rolled(Value.ERROR, first, counts)
    if not _reaches(focal, goals, ends, unsure):
        return Rolled(Value.UNKNOWN, first, counts)
    known = any(value in (Value.WARNING, Value.ERROR) for value in here.values())
    return Rolled(Value.WARNING if known else Value.UNKNOWN, first, counts)


def _first(focal: ObjectId, bad: Mapping[ObjectId, Value]) -> ObjectId:
    """The worst member; of several, the focal point, then the first key: the same each time."""
    return min(bad, key=lambda key: (-bad[key].badness, key != focal, str(key)))


def _goals(focal: ObjectId, types: Mapping[ObjectId, str]) -> set[ObjectId]:
    for kind in GOALS:
        found = {key for key, name in types.items() if name == kind and key != focal}
        if found:
            return found
    return set()


def _reaches(
    focal: ObjectId,
    goals: Collection[ObjectId],
    links: Iterable[Record],
    without: Collection[ObjectId],
) -> bool:
    """True when a way leads to a goal and passes nothing of `without`. Without goals: True as long
    as the focal point itself is good.
    """
    if focal in without:
        return False
    if not goals:
        return True
    near: defaultdict[ObjectId, list[ObjectId]] = defaultdict(list)
    for link in links:
        if link["_id"] not in without:
            near[link["source"]].append(link["target"])
            near[link["target"]].append(link["source"])
    seen, waiting = {focal}, [focal]
    while waiting:
        for other in near[waiting.pop()]:
            if other in seen or other in without:
                continue
            if other in goals:
                return True
            seen.add(other)
            waiting.append(other)
    return False
