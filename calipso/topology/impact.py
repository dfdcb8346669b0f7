"""What is lost, and what only degraded, when parts fail; and which parts are single. Pure.

It works on cliques: the objects that a focal point needs, and the links between them. A network is
lost for a focal point when no way to it is left. It is degraded when a way is left and one is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bson import ObjectId

from calipso.model.documents import Record
from calipso.topology.plumbing import values

#: Links that say what feeds a NIC. They are no way to a network.
FEEDING = frozenset({"host_pnic-host_pnic", "host_pnic-switch_pnic", "switch-switch_pnic"})

Keys = AbstractSet[ObjectId]


@dataclass
class Feeds:
    """What feeds what: members of bonds, switch ports of NICs, switches of their ports."""

    members: dict[ObjectId, set[ObjectId]] = field(default_factory=lambda: defaultdict(set))
    ports: dict[ObjectId, set[ObjectId]] = field(default_factory=lambda: defaultdict(set))
    switches: dict[ObjectId, set[ObjectId]] = field(default_factory=lambda: defaultdict(set))

    def add(self, links: Iterable[Record]) -> None:
        """Read links; others than those of FEEDING say nothing here.

        The bond is the source of its links to members, the NIC that to its switch port.
        """
        for link in links:
            kind, source, target = link["link_type"], link["source"], link["target"]
            if kind == "host_pnic-host_pnic":
                self.members[source].add(target)
            elif kind == "host_pnic-switch_pnic":
                self.ports[source].add(target)
            elif kind == "switch-switch_pnic":
                self.switches[target].add(source)

    def failing(self, failed: Keys) -> set[ObjectId]:
        """What fails with these: ports of a switch, NICs without a port, bonds without a member."""
        found, grown = set(failed), True
        while grown:
            before = len(found)
            for fed in (self.switches, self.ports, self.members):
                found |= {key for key, above in fed.items() if above and above <= found}
            grown = len(found) > before
        return found


@dataclass(frozen=True)
class Effect:
    """What the failure means for one focal point."""

    focal_point: ObjectId
    #: Ids of networks that it no longer reaches, that it reaches by fewer ways, and all the others.
    lost: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    #: True: it failed itself.
    gone: bool = False

    @property
    def verdict(self) -> str:
        """`lost`: nothing is left; `degraded`: something is."""
        return (
            "lost"
            if self.gone or (self.lost and not (self.degraded or self.kept))
            else ("degraded" if self.lost or self.degraded else "")
        )


class Clique:
    """One clique as a graph of the ways to its networks."""

    def __init__(
        self, clique: Record, links: Mapping[ObjectId, Record], networks: Mapping[ObjectId, str]
    ) -> None:
        """`networks` are ids of networks by `_id`."""
        self.focal: ObjectId = clique["focal_point"]
        self.objects: frozenset[ObjectId] = frozenset(clique["objects"])
        self.ends = {key: networks[key] for key in self.objects if key in networks}
        own = set(values((clique.get("constraints") or {}).get("network")))
        if own:
            self.ends = {key: name for key, name in self.ends.items() if name in own}
        self._near: dict[ObjectId, list[tuple[ObjectId, frozenset[str]]]] = defaultdict(list)
        for key in clique["links"]:
            link = links.get(key)
            if link is None or link["link_type"] in FEEDING:
                continue
            carried = frozenset(values((link.get("attributes") or {}).get("network")))
            self._near[link["source"]].append((link["target"], carried))
            self._near[link["target"]].append((link["source"], carried))

    def reached(self, network: ObjectId, failed: Keys = frozenset()) -> set[ObjectId]:
        """Objects on the ways towards a network, from the focal point, without failed ones."""
        if self.focal in failed:
            return set()
        name, found, waiting = self.ends[network], {self.focal}, [self.focal]
        while waiting:
            at = waiting.pop()
            if at in self.ends:
                continue  # a network is an end, not a way
            for other, carried in self._near[at]:
                if other not in found and other not in failed and (not carried or name in carried):
                    found.add(other)
                    waiting.append(other)
        return found

    def effect(self, failed: Keys) -> Effect | None:
        """What the failure of these means; None when it means nothing here."""
        if not failed & self.objects:
            return None
        lost, degraded, kept = list[str](), list[str](), list[str]()
        for key, name in sorted(self.ends.items(), key=lambda item: item[1]):
            before = self.reached(key)
            if key not in before:
                continue  # it was not reached before
            after = self.reached(key, failed)
            if key not in after:
                lost.append(name)
            elif len(before - failed) > len(after) or failed & before:
                degraded.append(name)
            else:
                kept.append(name)
        gone = self.focal in failed
        if not gone and not lost and not degraded and failed & self.objects:
            degraded, kept = kept, []  # a member of a bond, one of two switch ports
        return Effect(self.focal, tuple(lost), tuple(degraded), tuple(kept), gone)

    def single(self, network: ObjectId) -> Iterator[ObjectId]:
        """Objects without which the network is not reached, besides the two ends."""
        for key in self.reached(network) - {self.focal, network}:
            if network not in self.reached(network, frozenset({key})):
                yield key


def singles(cliques: Iterable[Clique], feeds: Feeds) -> dict[ObjectId, dict[ObjectId, set[str]]]:
    """Single points of failure: object -> focal point -> ids of the networks that it would lose.

    A bond of several members is no part that fails alone; its last member is. A NIC that hangs on
    one switch port makes that port single, and a port its switch.
    """
    found: dict[ObjectId, dict[ObjectId, set[str]]] = defaultdict(lambda: defaultdict(set))
    for clique in cliques:
        for network, name in clique.ends.items():
            for key in _parts(set(clique.single(network)), feeds):
                found[key][clique.focal].add(name)
    return {key: dict(items) for key, items in found.items()}


def _parts(keys: set[ObjectId], feeds: Feeds) -> set[ObjectId]:
    """The parts that fail alone, of objects that must not fail."""
    parts: set[ObjectId] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        members = feeds.members.get(key, set())
        if len(members) < 2:
            parts.add(key)
        feeding = members or feeds.ports.get(key, set()) or feeds.switches.get(key, set())
        if len(feeding) == 1:
            waiting += feeding - parts
        elif members:
            waiting += _common(members, feeds) - parts
    return parts


def _common(members: set[ObjectId], feeds: Feeds) -> set[ObjectId]:
    """The one switch that all members of a bond hang on, if there is one."""
    switches = set[ObjectId]()
    for member in members:
        above = {s for port in feeds.ports.get(member, ()) for s in feeds.switches.get(port, ())}
        if not above:
            return set()
        switches |= above
    return switches if len(switches) == 1 else set()
