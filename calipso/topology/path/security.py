"""What security groups say to a packet at a port. Pure.

A port lets a packet pass when one rule of one of its groups fits; answers of stateful groups always
pass. A port without port security lets everything pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import PROTOCOLS, Security
from calipso.topology.path.world import World

#: Protocols by their numbers, as rules may give them.
_NUMBERS = {str(number): name for name, number in PROTOCOLS.items()}
_ALIKE = {"icmpv6": "ipv6-icmp", "any": "", "none": "", "0": ""}
_PING = {"icmp": 8, "ipv6-icmp": 128}


@dataclass(frozen=True)
class Packet:
    """What is asked about. Without a protocol: anything at all."""

    protocol: str = ""
    port: int | None = None


@dataclass
class Remote:
    """The other end of a packet, as a port sees it."""

    address: str
    #: Ids of the groups of the other end, when the packet has its own address.
    groups: Sequence[str] = field(default_factory=tuple)


def evaluate(
    world: World, port: Record, direction: str, packet: Packet, remote: Remote
) -> Security:
    """Whether a port lets a packet pass; `direction` is `egress` or `ingress`."""
    if port.get("port_security_enabled") is False:
        return Security(verdict=Verdict.YES, rule="port security is off: everything passes")
    ids = [str(each) for each in port.get("security_groups") or ()]
    unread: list[str] = []
    narrow: Security | None = None
    for group, rule in _rules(world, ids, direction, unread):
        fits = _fits(rule, packet, remote)
        if fits is Verdict.YES:
            return _said(Verdict.YES, rule, group)
        if fits is Verdict.DEGRADED:
            narrow = narrow or _said(Verdict.YES, rule, group)
        elif fits is Verdict.UNKNOWN:
            unread.append(f"address group {rule.get('remote_address_group_id')}")
    if narrow is not None:
        return narrow
    if unread:
        return Security(verdict=Verdict.UNKNOWN, rule=f"not read: {', '.join(unread)}")
    what = "nothing" if ids else "nothing (the port has no group)"
    named = f"{packet.protocol} {packet.port or ''}".strip() or "any packet"
    return Security(verdict=Verdict.NO, rule=f"{what} lets {named} {_way(direction)} pass")


def _way(direction: str) -> str:
    return "out" if direction == "egress" else "in"


def _rules(
    world: World, ids: Sequence[str], direction: str, unread: list[str]
) -> Iterator[tuple[Record, Record]]:
    for key in ids:
        group = world.one("security_group", key)
        if group is None or group.get("stale_since"):
            unread.append(f"security group {key}")
        for rule in (group or {}).get("rules") or ():
            if rule.get("direction") == direction:
                yield group or {}, rule


def _fits(rule: Record, packet: Packet, remote: Remote) -> Verdict:
    """YES: the rule lets it pass. DEGRADED: nothing was asked for, and it lets a part pass."""
    family = 6 if rule.get("ethertype") == "IPv6" else 4
    if ip_address(remote.address).version != family or not _remote_fits(rule, remote):
        return Verdict.NO
    wanted = _protocol(rule)
    if packet.protocol:
        if wanted and wanted != _protocol({"protocol": packet.protocol}):
            return Verdict.NO
        if not _port_fits(rule, wanted, packet):
            return Verdict.NO
    if rule.get("remote_address_group_id"):
        return Verdict.UNKNOWN
    whole = not wanted and rule.get("port_range_min") is None
    return Verdict.YES if packet.protocol or whole else Verdict.DEGRADED


def _protocol(rule: Record) -> str:
    found = str(rule.get("protocol") or "").lower()
    found = _NUMBERS.get(found, found)
    return _ALIKE.get(found, found)


def _port_fits(rule: Record, wanted: str, packet: Packet) -> bool:
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if low is None or not wanted:
        return True
    if wanted in _PING:
        return int(low) == (packet.port if packet.port is not None else _PING[wanted])
    if packet.port is None:
        return False
    return int(low) <= packet.port <= int(high if high is not None else low)


def _remote_fits(rule: Record, remote: Remote) -> bool:
    if group := rule.get("remote_group_id"):
        return str(group) in remote.groups
    if prefix := rule.get("remote_ip_prefix"):
        try:
            return ip_address(remote.address) in ip_network(str(prefix), strict=False)
        except ValueError:
            return False
    return True


def _said(verdict: Verdict, rule: Record, group: Record) -> Security:
    parts = [str(rule.get("direction")), str(rule.get("ethertype")), _protocol(rule) or "any"]
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if low is not None:
        parts.append(str(low) if low == high else f"{low}-{high}")
    if rule.get("remote_group_id"):
        parts.append(f"group {rule['remote_group_id']}")
    elif rule.get("remote_ip_prefix"):
        parts.append(str(rule["remote_ip_prefix"]))
    return Security(
        verdict=verdict,
        rule=" ".join(parts),
        rule_id=str(rule.get("id") or ""),
        group=str(group.get("name") or group.get("id") or ""),
    )
