"""Implicit links: two objects that a chain of links joins. Pure.

A chain of links makes one implicit link: `instance-vnic` and `vnic-vedge` give `instance-vedge`.
Chains go towards the wire: in the stored direction, or against it if the link says so (`uplink`).
Their links must agree in the constraint attributes (usually the network). No chain returns to an
object that it has passed.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from bson import ObjectId

from calipso.topology.adjacency import TURNED_BY, split_type
from calipso.topology.plumbing import values

#: Most links of a chain. The longest real chain (instance to network) has seven.
MAX_LINKS = 16

#: Chains also follow these link types against the stored direction. With the Linux bridge agent the
#: path to the wire leads from the bridge to the endpoint, with Open vSwitch from the endpoint to
#: the bridge.
BOTH_WAYS = frozenset({"otep-vconnector"})

#: Rank of a state, the best first. A chain has the state of its worst link, a pair the state of its
#: best chain.
BADNESS = {"up": 0, "unknown": 1, "down": 2}
STATES = tuple(BADNESS)

#: Fields read of a stored link.
IMPLICIT_FIELDS = (
    "link_type",
    "source",
    "source_id",
    "target",
    "target_id",
    "state",
    "implicit",
    "attributes",
    "host",
)

#: One value of each constraint; None means any value.
Agreed = tuple[str | None, ...]


class Step(NamedTuple):
    """A link, seen from one of its ends."""

    far: ObjectId
    far_id: str
    link_type: str  # in the direction of the chain
    badness: int
    host: str
    agreed: tuple[Agreed, ...]  # combinations of constraint values that the link allows


class Chain(NamedTuple):
    """A chain. Chains are ordered: a better chain is smaller."""

    badness: int
    length: int
    far: ObjectId
    agreed: tuple[str, ...]  # `Agreed` with "" instead of None, so that chains can be compared
    far_id: str
    last_type: str
    host: str
    before: ObjectId | None  # the last object of the chain before its end


class ImplicitLink(NamedTuple):
    """Two objects joined by at least one chain."""

    link_type: str
    source: ObjectId
    source_id: str
    target: ObjectId
    target_id: str
    state: str
    host: str
    attributes: dict[str, Any]


class ImplicitLinks:
    """Derives implicit links from explicit links."""

    def __init__(self, links: Iterable[Mapping[str, Any]], names: Iterable[str]) -> None:
        self.names = tuple(sorted(set(names)))
        self._steps: defaultdict[ObjectId, list[Step]] = defaultdict(list)
        self._sources: defaultdict[str, dict[ObjectId, str]] = defaultdict(dict)
        self._explicit: set[tuple[str, ObjectId, ObjectId]] = set()
        for link in links:
            if not link.get("implicit"):
                self._add(link)
        for steps in self._steps.values():
            steps.sort(key=lambda step: (step.far, step.link_type, step.badness))

    def find(self, wanted: Iterable[str] | None) -> Iterator[ImplicitLink]:
        """Yield implicit links of the wanted types (None: of all types); never one that exists
        explicitly.
        """
        types = None if wanted is None else set(wanted)
        for source_type in sorted(self._sources):
            targets = (
                None
                if types is None
                else {b for a, b in map(split_type, types) if a == source_type}
            )
            if targets is not None and not targets:
                continue
            for source, source_id in sorted(self._sources[source_type].items()):
                yield from self._from(source, source_id, source_type, targets)

    def _add(self, link: Mapping[str, Any]) -> None:
        link_type = str(link["link_type"])
        source_type, target_type = split_type(link_type)
        source, target = link["source"], link["target"]
        self._explicit.add((link_type, source, target))
        badness = BADNESS.get(str(link.get("state")), BADNESS["unknown"])
        host, agreed = str(link.get("host") or ""), self._combinations(link)
        turned = bool((link.get("attributes") or {}).get(TURNED_BY.get(link_type, "")))
        if not turned:
            self._sources[source_type][source] = link["source_id"]
            self._steps[source].append(
                Step(target, link["target_id"], link_type, badness, host, agreed)
            )
        if turned or link_type in BOTH_WAYS:
            self._sources[target_type][target] = link["target_id"]
            back = f"{target_type}-{source_type}"
            self._steps[target].append(Step(source, link["source_id"], back, badness, host, agreed))

    def _combinations(self, link: Mapping[str, Any]) -> tuple[Agreed, ...]:
        attributes = link.get("attributes") or {}
        allowed: list[list[str] | list[None]] = [
            [None] if attributes.get(name) is None else values(attributes[name])
            for name in self.names
        ]
        return tuple(product(*allowed))

    def _from(
        self, source: ObjectId, source_id: str, source_type: str, targets: set[str] | None
    ) -> Iterator[ImplicitLink]:
        found: dict[tuple[str, ObjectId], list[Chain]] = {}
        for chain in self._chains(source):
            target_type = split_type(chain.last_type)[1]
            if chain.length > 1 and (targets is None or target_type in targets):
                found.setdefault((target_type, chain.far), []).append(chain)
        for (target_type, target), chains in found.items():
            link_type = f"{source_type}-{target_type}"
            if (link_type, source, target) in self._explicit:
                continue
            hosts = {chain.host for chain in chains}
            yield ImplicitLink(
                link_type=link_type,
                source=source,
                source_id=source_id,
                target=target,
                target_id=chains[0].far_id,
                state=STATES[min(chain.badness for chain in chains)],
                host=hosts.pop() if len(hosts) == 1 else "",
                attributes=self._attributes(chains),
            )

    def _chains(self, source: ObjectId) -> Iterator[Chain]:
        """Return the best chain to each object for each combination of values, best first."""
        seen: set[tuple[ObjectId, tuple[str, ...]]] = set()
        todo = [Chain(0, 0, source, ("",) * len(self.names), "", "", "", None)]
        while todo:
            chain = heapq.heappop(todo)
            if (chain.far, chain.agreed) in seen:
                continue
            seen.add((chain.far, chain.agreed))
            if chain.length:
                yield chain
            if chain.length < MAX_LINKS:
                for longer in self._longer(chain):
                    if longer.far != source and (longer.far, longer.agreed) not in seen:
                        heapq.heappush(todo, longer)

    def _longer(self, chain: Chain) -> Iterator[Chain]:
        for step in self._steps.get(chain.far, ()):
            if step.link_type == chain.last_type or step.far == chain.before:
                continue
            for allowed in step.agreed:
                agreed = _agreement(chain.agreed, allowed)
                if agreed is not None:
                    yield Chain(
                        max(chain.badness, step.badness),
                        chain.length + 1,
                        step.far,
                        agreed,
                        step.far_id,
                        step.link_type,
                        _common_host(chain, step),
                        chain.far,
                    )

    def _attributes(self, chains: list[Chain]) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        for position, name in enumerate(self.names):
            found = sorted({chain.agreed[position] for chain in chains})
            if "" not in found:
                attributes[name] = found[0] if len(found) == 1 else found
        return attributes


def _agreement(so_far: tuple[str, ...], allowed: Agreed) -> tuple[str, ...] | None:
    agreed = tuple(have or (more or "") for have, more in zip(so_far, allowed, strict=True))
    fits = all(more is None or more == both for more, both in zip(allowed, agreed, strict=True))
    return agreed if fits else None


def _common_host(chain: Chain, step: Step) -> str:
    """Return the host of both parts; empty if they have different hosts."""
    if not chain.length or not step.host or chain.host == step.host:
        return step.host or chain.host
    return "" if chain.host else step.host
