"""What a walk through a host's wiring found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from calipso.topology.wiring.nodes import Kind, Node

_TO_GUESTS = frozenset({"tun", "macvtap"})
_TUNNELS = frozenset({"vxlan", "gretap", "ip6gretap", "geneve", "gre", "sit", "ipip", "wireguard"})
_REASONS = {
    "dummy": "a dummy device leads nowhere",
    "bridge": "the bridge has no members",
    "vlan": "the device it lies on is not known",
    "bond": "the bond has no members",
    "team": "the team has no members",
    "openvswitch": "Open vSwitch has no port for it",
}


class Way(NamedTuple):
    """A way from the start to a NIC. `via` are the nodes between, in order. `vlans` are the tags
    that frames have got on it, the outermost last. `only`: of which VLANs of the bridge at the
    start frames take it (None: of all)."""

    nic: Node
    via: tuple[Node, ...]
    vlans: tuple[int, ...]
    only: frozenset[int] | None

    def names(self) -> list[str]:
        """Names of what lies between, each once in a row: a port and its device share theirs."""
        found: list[str] = []
        for node in self.via:
            if node.name != (found[-1] if found else None) and node.name != self.nic.name:
                found.append(node.name)
        return found


class End(NamedTuple):
    """Where a walk got no further, and why; `quiet` where that is as it should be: at a guest."""

    node: Node
    reason: str
    quiet: bool = False


@dataclass(frozen=True)
class Ways:
    """What a walk found; the order is that of the distance from the start."""

    ways: tuple[Way, ...] = ()
    ends: tuple[End, ...] = ()

    @property
    def nics(self) -> list[Node]:
        """The NICs reached, each once, by name."""
        found = {way.nic.key: way.nic for way in self.ways}
        return sorted(found.values(), key=lambda node: node.name)

    @property
    def ends_at(self) -> End | None:
        """The last device reached, when no way leads out; one that should lead on before others."""
        if self.ways:
            return None
        loud = [end for end in self.ends if not end.quiet]
        return next(iter(reversed(loud or self.ends)), None)


def end_of(node: Node, mode: str) -> End:
    """Why a walk ends at a device it goes "out" by, or comes "in" at."""
    if node.kind is not Kind.DEVICE:
        return End(node, "nothing is known of what lies behind it")
    device = node.facts
    if mode == "in":
        return End(node, "the device is in no bridge or switch")
    if device.kind == "veth":
        return End(node, "its other end lies in a namespace that is not known")
    if device.link_type == "loopback":
        return End(node, "a loopback leads nowhere")
    if device.kind in _TUNNELS:
        return End(node, "a tunnel leads on by its own address", quiet=True)
    if device.kind in _TO_GUESTS:
        return End(node, "it leads to a guest or a program", quiet=True)
    kind = device.kind or "hardware"
    return End(node, _REASONS.get(device.kind, f"a device of kind {kind} that is no NIC"))
