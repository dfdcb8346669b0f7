"""Links as an adjacency in memory, and the walk that makes a clique of them. Pure.

Each process builds it once per scan, from links with the fields in `LINK_FIELDS`. It stores ids as
small numbers, so that some hundred thousand links fit into a worker process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from bson import ObjectId

from calipso.model.types.links import LINKS
from calipso.topology.plumbing import values

#: Fields of a link document that the adjacency needs.
LINK_FIELDS = ("link_type", "source", "target", "implicit", "state", "attributes")

#: An object with more links than this gets an index by value: a virtual switch has hundreds of
#: links, and only a few of them belong to the network of a focal point.
MANY_LINKS = 16

#: Link types of which some links lead towards the wire from target to source, and the attribute
#: that these have.
TURNED_BY = {link.name: link.turned_by for link in LINKS if link.turned_by}

#: Focal points whose walk goes towards the wire, and those whose walk comes from there. Such a walk
#: does not turn at a switch: from one guest to the next, or from one NIC to the next.
OUTWARD = frozenset({"instance", "vservice", "vnic", "vconnector"})
INWARD = frozenset({"network", "host_pnic", "switch_pnic", "switch"})

Constraints = Mapping[str, Any]


class Walked(NamedTuple):
    """Result of a walk: sorted link ids, and sorted object ids including the focal point."""

    links: list[ObjectId]
    objects: list[ObjectId]


def split_type(link_type: str) -> tuple[str, str]:
    """Source and target type of a link type: `vnic-vedge` -> (`vnic`, `vedge`)."""
    source, _, target = link_type.partition("-")
    return source, target


class Adjacency:
    """The links of each object, by link type and in both directions."""

    def __init__(
        self,
        links: Iterable[Mapping[str, Any]],
        *,
        constraint_names: Iterable[str] = ("network",),
        link_types: Iterable[str] | None = None,
    ) -> None:
        self.names = tuple(sorted(set(constraint_names)))
        self._wanted = None if link_types is None else both_ways(link_types)
        self._read: Callable[[Sequence[ObjectId]], Iterable[Mapping[str, Any]]] | None = None
        self._complete: set[ObjectId] = set()
        self._known_links: set[ObjectId] = set()
        self._link_ids: list[ObjectId] = []
        self._ends: list[tuple[int, int]] = []
        self._implicit: list[bool] = []
        self._down: list[bool] = []
        self._turned: set[int] = set()
        self._values: list[dict[str, frozenset[str]]] = []
        self._known_values: dict[tuple[tuple[str, ...] | None, ...], dict[str, frozenset[str]]] = {}
        self._numbers: dict[ObjectId, int] = {}
        self._objects: list[ObjectId] = []
        # link type -> object -> numbers of its links, as their source and as their target
        self._leaving: tuple[_Side, _Side] = (_side(), _side())
        self._by_value: dict[tuple[bool, str, int, str], dict[str | None, list[int]]] = {}
        for link in links:
            if self._wanted is None or link["link_type"] in self._wanted:
                self._add(link)

    def read_links_by(
        self, read: Callable[[Sequence[ObjectId]], Iterable[Mapping[str, Any]]]
    ) -> None:
        """Let walks ask `read(objects)` for the links of the objects they come to, once each."""
        self._read = read

    def prepare(self, objects: Iterable[ObjectId]) -> list[ObjectId]:
        """Read the links of these objects, if they are read on the way; returns the objects at
        their other ends."""
        missing = [key for key in dict.fromkeys(objects) if key not in self._complete]
        if self._read is None or not missing:
            return []
        self._complete.update(missing)
        others: list[ObjectId] = []
        for link in self._read(missing):
            if link["_id"] in self._known_links:
                continue
            if self._wanted is None or link["link_type"] in self._wanted:
                self._known_links.add(link["_id"])
                self._add(link)
                others += (link["source"], link["target"])
        return others

    def steps_to(self, link_type: str, nodes: Iterable[ObjectId]) -> set[ObjectId]:
        """Return the objects from which a link of this type, in either stored direction, leads to
        one of these objects."""
        wanted = list(nodes)
        self.prepare(wanted)
        backwards = "-".join(reversed(split_type(link_type)))
        numbers = [self._numbers[key] for key in wanted if key in self._numbers]
        return {
            self._objects[far] for node in numbers for _, far in self._steps(backwards, node, {})
        }

    def __len__(self) -> int:
        """Number of links."""
        return len(self._link_ids)

    def _add(self, link: Mapping[str, Any]) -> None:
        number = len(self._link_ids)
        source, target = self._number(link["source"]), self._number(link["target"])
        self._link_ids.append(link["_id"])
        self._ends.append((source, target))
        self._implicit.append(bool(link.get("implicit")))
        self._down.append(link.get("state") == "down")
        attributes = link.get("attributes") or {}
        self._values.append(self._shared_values(attributes))
        if attributes.get(TURNED_BY.get(link["link_type"], "")):
            self._turned.add(number)
        for side, end in zip(self._leaving, (source, target), strict=True):
            side[link["link_type"]][end].append(number)

    def _shared_values(self, attributes: Mapping[str, Any]) -> dict[str, frozenset[str]]:
        """Return the values of each constraint; links with the same values share one dict."""
        named = tuple(
            None if attributes.get(name) is None else tuple(values(attributes[name]))
            for name in self.names
        )
        if named not in self._known_values:
            self._known_values[named] = {
                name: frozenset(found)
                for name, found in zip(self.names, named, strict=True)
                if found is not None
            }
        return self._known_values[named]

    def _number(self, object_id: ObjectId) -> int:
        number = self._numbers.setdefault(object_id, len(self._objects))
        if number == len(self._objects):
            self._objects.append(object_id)
        return number

    def walk(
        self,
        focal: ObjectId,
        focal_type: str,
        link_types: Sequence[str],
        constraints: Constraints,
        *,
        use_implicit: bool = False,
    ) -> Walked:
        """Return the links and objects that the walk reaches from the focal point.

        The walk takes each link type once, in order, from every object of its first type that it
        has reached. It follows a link backwards if the link is stored in the other direction. A
        link type that leads nowhere does not end the walk. A link that is down ends its path: the
        walk reaches the object at its other end, but nothing beyond it on this path. A link that
        names values for a constraint is left out if the focal point has only other values; a focal
        point without a value excludes no link. A walk keeps its direction (`OUTWARD`, `INWARD`) on
        links that may lead in either (`TURNED_BY`).
        """
        self.prepare([focal])
        start = self._numbers.get(focal)
        if start is None:
            return Walked([], [focal])
        allowed = self._shared_values(constraints)
        known: defaultdict[str, set[int]] = defaultdict(set)
        known[focal_type].add(start)
        taken: set[int] = set()
        direction = _direction(focal_type)
        ends: set[int] = set()  # objects that the walk reached only by links that are down
        for link_type in link_types:
            source, target = split_type(link_type)
            turns = direction is not None and _may_turn(link_type)
            reached: set[int] = set()
            if self._read is not None:
                self.prepare([self._objects[node] for node in known[source]])
            for node in known[source]:
                for number, far in self._steps(link_type, node, allowed):
                    if turns and node != start and not self._keeps(direction, number, node):
                        continue
                    if use_implicit or not self._implicit[number]:
                        taken.add(number)
                        (ends if self._down[number] else reached).add(far)
            known[target] |= reached
        objects = ends.union(*known.values())
        return Walked(
            sorted(self._link_ids[number] for number in taken),
            sorted(self._objects[number] for number in objects),
        )

    def _steps(
        self, link_type: str, node: int, allowed: Mapping[str, frozenset[str]]
    ) -> Iterable[tuple[int, int]]:
        source, target = split_type(link_type)
        ways = ((False, link_type), (True, f"{target}-{source}"))
        for backward, stored_type in ways:
            for number in self._candidates(backward, stored_type, node, allowed):
                if self._agrees(number, allowed):
                    yield number, self._ends[number][0 if backward else 1]

    def _keeps(self, outward: bool | None, number: int, node: int) -> bool:
        """True when a step from this end of a link goes towards the wire, as the walk does."""
        leaves = self._ends[number][0] == node
        return (leaves != (number in self._turned)) == outward

    def _candidates(
        self, backward: bool, stored_type: str, node: int, allowed: Mapping[str, frozenset[str]]
    ) -> Iterable[int]:
        of_type = self._leaving[backward].get(stored_type)
        leaving = of_type.get(node, []) if of_type else []
        if len(leaving) < MANY_LINKS or not allowed:
            return leaving
        name = next(iter(allowed))
        key = (backward, stored_type, node, name)
        if key not in self._by_value:
            self._by_value[key] = self._index(leaving, name)
        index = self._by_value[key]
        return [n for value in (None, *allowed[name]) for n in index.get(value, ())]

    def _index(self, numbers: Iterable[int], name: str) -> dict[str | None, list[int]]:
        index: defaultdict[str | None, list[int]] = defaultdict(list)
        for number in numbers:
            carried: Iterable[str | None] = self._values[number].get(name, (None,))
            for value in carried:
                index[value].append(number)
        return dict(index)

    def _agrees(self, number: int, allowed: Mapping[str, frozenset[str]]) -> bool:
        carried = self._values[number]
        return all(
            not (name in carried and wanted.isdisjoint(carried[name]))
            for name, wanted in allowed.items()
        )


@cache
def _may_turn(link_type: str) -> bool:
    """True for a type, in either direction, of which some links lead the other way."""
    return not both_ways([link_type]).isdisjoint(TURNED_BY)


def _direction(focal_type: str) -> bool | None:
    """True: towards the wire. False: from there. None: any."""
    if focal_type in OUTWARD:
        return True
    return False if focal_type in INWARD else None


_Side = defaultdict[str, defaultdict[int, list[int]]]


def _side() -> _Side:
    return defaultdict(lambda: defaultdict(list))


def both_ways(link_types: Iterable[str]) -> set[str]:
    """Return the link types and their reverses: links are stored in either direction."""
    found = set(link_types)
    return found | {"-".join(reversed(split_type(link_type))) for link_type in found}
