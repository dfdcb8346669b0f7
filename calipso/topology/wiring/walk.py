"""The ways out of a host: from a bridge or a device down to the NICs.

A walk follows edges only. It goes *out* through a device (a VLAN device to the one it lies on, a
Linux bridge to its members, a veth to its peer) and comes *in* at a device from outside (into the
bridge or switch it is a member of). Each step may add or take VLAN tags, or be barred by them.
Ways that lead to guests, services and tunnels end; `Ways.ends` tells where and why.

Frames do not pass the bridges named as `barred` (the integration bridge: flows decide there what
goes where), unless the walk starts in one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from calipso.hostparse.ovsdb import Interface, Port
from calipso.topology.wiring.nics import AGGREGATES, members, same_function
from calipso.topology.wiring.nodes import Key, Kind, Node, Relation, Wiring
from calipso.topology.wiring.vlans import (
    MOST_TAGS,
    Tags,
    down_vlan_device,
    enter,
    leave,
    up_vlan_device,
)
from calipso.topology.wiring.ways import End, Way, Ways, end_of

#: Kinds of device that pass frames to the device they lie on unchanged.
_THROUGH = frozenset({"macvlan", "macvtap", "ipvlan", "ipvtap", "macsec", "ipoib"})


def ways_of_bridge(wiring: Wiring, start: Node, barred: Iterable[str] = ()) -> Ways:
    """Ways out of a switch: a bridge of Open vSwitch or a Linux bridge, for all its frames."""
    walk = _Walk(wiring, frozenset(barred) - {start.name})
    tags = Tags(open=True)
    steps = (
        walk.from_switch(start, tags, None)
        if start.kind is Kind.BRIDGE
        else walk.from_bridge(start, tags, None)
    )
    return walk.run(start, steps)


def ways_of_device(wiring: Wiring, start: Node, barred: Iterable[str] = ()) -> Ways:
    """Ways of what the host itself sends by a device: a tunnel, say, from an address on it."""
    walk = _Walk(wiring, frozenset(barred))
    return walk.run(start, iter([_Step(start, "out", Tags(), ())]))


class _Step(NamedTuple):
    """A frame at a device or patch: about to leave by it, or come in at it."""

    node: Node
    mode: str  # "out" or "in"
    tags: Tags
    via: tuple[Node, ...]

    @property
    def state(self) -> tuple[Key, str, Tags]:
        return self.node.key, self.mode, self.tags


class _Walk:
    def __init__(self, wiring: Wiring, barred: frozenset[str]) -> None:
        self.wiring = wiring
        self.barred = barred
        self.ways: list[Way] = []
        self.ends: list[End] = []

    def run(self, start: Node, steps: Iterator[_Step]) -> Ways:
        """Go all ways, the nearest first; a state met before is not gone on from again."""
        todo = deque(steps)
        seen = {step.state for step in todo}
        while todo:
            step = todo.popleft()
            if self._is_nic(step):
                self.ways.append(Way(step.node, step.via, step.tags.known, step.tags.only))
                continue
            for further in self._further(step):
                if len(further.tags.known) > MOST_TAGS:
                    self.ends.append(End(further.node, "more VLAN tags than frames have"))
                elif further.state not in seen or self._is_nic(further):
                    seen.add(further.state)
                    todo.append(further)
        if not self.ways and not self.ends:
            self.ends.append(End(start, "nothing in it leads on", quiet=True))
        return Ways(tuple(self.ways), tuple(dict.fromkeys(self.ends)))

    # -- one step ------------------------------------------------------------------------

    def _is_nic(self, step: _Step) -> bool:
        """True when the frame leaves the host here."""
        return step.mode == "out" and step.node.key in self.wiring.nics

    def _further(self, step: _Step) -> list[_Step]:
        found = list(self._out(step) if step.mode == "out" else self._in(step))
        if not found and step.node.kind is Kind.DEVICE:
            self.ends.append(end_of(step.node, step.mode))
        return found

    def _out(self, step: _Step) -> Iterator[_Step]:
        node, tags, via = step.node, step.tags, (*step.via, step.node)
        if node.kind is not Kind.DEVICE:
            return
        kind = node.facts.kind
        if kind == "vlan" or kind in _THROUGH:
            for lower in self.wiring.to(Relation.LOWER, node.key):
                below = down_vlan_device(_vlan(node), tags) if kind == "vlan" else tags
                yield _Step(lower, "out", below, via)
        elif kind == "bridge" or kind in AGGREGATES:
            for member in members(self.wiring, node):
                yield _Step(member, "out", tags, via)
        elif kind == "veth":
            for peer in self.wiring.peers(Relation.PEER, node.key):
                yield _Step(peer, "in", tags, via)
        else:
            yield from self._of_function(node, tags, via)
        yield from self._internal(node, tags, via)

    def _of_function(self, node: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        """A virtual function leads to the NIC it is a part of."""
        for function in self.wiring.to(Relation.ON_FUNCTION, node.key):
            for physical in self.wiring.to(Relation.FUNCTION_OF, function.key):
                for user in self.wiring.of(Relation.ON_FUNCTION, physical.key):
                    yield _Step(user, "out", tags, via)

    def _internal(self, node: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        """What is sent by the device of an internal port comes into its bridge."""
        for interface in self.wiring.of(Relation.IS_DEVICE, node.key):
            if interface.facts.internal:
                yield from self._into_switch(interface, tags, via)

    def _in(self, step: _Step) -> Iterator[_Step]:
        node, tags, via = step.node, step.tags, (*step.via, step.node)
        if node.kind is Kind.INTERFACE:
            yield from self._into_switch(node, tags, via)
            return
        for master in self.wiring.to(Relation.MASTER, node.key):
            if master.facts.kind == "bridge":
                yield from self.from_bridge(master, tags, node, via)
            else:
                yield _Step(master, "in", tags, via)
        for interface in self.wiring.of(Relation.IS_DEVICE, node.key):
            if not interface.facts.internal:
                yield from self._into_switch(interface, tags, via)
        yield from self._vlans_on(node, tags, via)

    def _vlans_on(self, node: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        for upper in self.wiring.of(Relation.LOWER, node.key):
            above = up_vlan_device(_vlan(upper), tags) if upper.facts.kind == "vlan" else None
            if above is not None:
                yield _Step(upper, "in", above, via)

    # -- bridges -------------------------------------------------------------------------

    def from_bridge(
        self, bridge: Node, tags: Tags, entered: Node | None, via: tuple[Node, ...] = ()
    ) -> Iterator[_Step]:
        """From a Linux bridge: by all other members, and up to what lies on the bridge itself."""
        passed = (*via, bridge) if entered is not None else via
        for member in members(self.wiring, bridge):
            if entered is None or member.key != entered.key:
                yield _Step(member, "out", tags, passed)
        for interface in self.wiring.of(Relation.IS_DEVICE, bridge.key):
            if not interface.facts.internal:
                yield from self._into_switch(interface, tags, passed)
        yield from self._vlans_on(bridge, tags, passed)

    def _into_switch(self, interface: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        for port in self.wiring.to(Relation.MEMBER_OF, interface.key):
            inside = enter(port.facts, tags)
            if inside is None:
                self.ends.append(End(port, "the port lets no such VLAN in"))
                continue
            for bridge in self.wiring.to(Relation.PORT_OF, port.key):
                if bridge.name in self.barred:
                    self.ends.append(End(bridge, "its flows decide what goes where", quiet=True))
                else:
                    yield from self.from_switch(bridge, inside, port, (*via, bridge))

    def from_switch(
        self, bridge: Node, tags: Tags, entered: Node | None, via: tuple[Node, ...] = ()
    ) -> Iterator[_Step]:
        """From a bridge of Open vSwitch by its other ports, but those Neutron plugged."""
        for port in self.wiring.of(Relation.PORT_OF, bridge.key):
            if entered is not None and port.key == entered.key:
                continue
            outside = leave(port.facts, tags)
            for interface in self.wiring.of(Relation.MEMBER_OF, port.key):
                if interface.facts.port_id or interface.facts.tunnel:
                    continue
                if outside is None:
                    self.ends.append(End(interface, _barred_by(port.facts, tags)))
                    continue
                yield from self._by_interface(interface, port, outside, via)

    def _by_interface(
        self, interface: Node, port: Node, tags: Tags, via: tuple[Node, ...]
    ) -> Iterator[_Step]:
        facts: Interface = interface.facts
        passed = via if interface.name == port.name else (*via, port)
        if facts.error:
            self.ends.append(End(interface, f"Open vSwitch reports an error: {facts.error}"))
        elif interface.key in self.wiring.nics:
            yield _Step(interface, "out", tags, passed)
        elif facts.type == "patch":
            yield from self._by_patch(interface, tags, (*passed, interface))
        elif facts.internal:
            for device in self.wiring.to(Relation.IS_DEVICE, interface.key):
                yield from self._above_internal(device, tags, passed)
        elif facts.type == "dpdk":
            for device in same_function(self.wiring, interface):
                yield _Step(device, "out", tags, passed)
        elif facts.type == "system":
            yield from self._by_device(interface, tags, passed)

    def _by_patch(self, interface: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        peers = self.wiring.peers(Relation.PATCH, interface.key)
        if not peers:
            self.ends.append(End(interface, "the patch has no other end"))
        for peer in peers:  # a step of its own: patches may go round in a ring
            yield _Step(peer, "in", tags, via)

    def _above_internal(self, device: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        """An internal port may be a member of a Linux bridge, or have VLAN devices on it."""
        if self.wiring.to(Relation.MASTER, device.key) or any(
            upper.facts.kind == "vlan" for upper in self.wiring.of(Relation.LOWER, device.key)
        ):
            yield _Step(device, "in", tags, via)

    def _by_device(self, interface: Node, tags: Tags, via: tuple[Node, ...]) -> Iterator[_Step]:
        devices = self.wiring.to(Relation.IS_DEVICE, interface.key)
        if not devices:
            self.ends.append(End(interface, "the host has no device for this port"))
        for device in devices:
            yield _Step(device, "out", tags, via)


def _vlan(node: Node) -> int:
    return int(node.facts.info.get("id") or 0)


def _barred_by(port: Port, tags: Tags) -> str:
    which = "untagged frames" if tags.outer == 0 else f"VLAN {tags.outer}"
    return f"port {port.name} does not let {which} out"
