"""From what the kernel, Open vSwitch, the drivers and libvirt say to the graph of a host."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from calipso.hostparse.iplink import Device
from calipso.topology.wiring.facts import HostFacts
from calipso.topology.wiring.guests import add_guests
from calipso.topology.wiring.hardware import add_hardware
from calipso.topology.wiring.nics import mark_nics
from calipso.topology.wiring.nodes import Key, Kind, Node, Relation, Source, Wiring
from calipso.topology.wiring.ovs import add_switches

#: Kinds of device whose `link` is the device they lie on.
_ON_LOWER = frozenset(
    {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "vxlan", "gretap", "ip6gretap", "geneve"}
    | {"macsec", "ipoib"}
)
_OWN = ""  # the host's own namespace


def build(facts: HostFacts) -> Wiring:
    """The graph of a host."""
    wiring = Wiring(facts.unread)
    scopes = {_OWN: facts.devices, **facts.namespaces}
    for netns, devices in scopes.items():
        _add_devices(wiring, netns, devices)
    for netns, devices in scopes.items():
        for device in devices.values():
            _join_device(wiring, netns, device, facts.netns_ids)
    _join_veths(wiring, facts.netns_ids)
    add_hardware(wiring, facts)
    add_switches(wiring, facts.bridges)
    mark_nics(wiring, facts)
    add_guests(wiring, facts.domains)
    return wiring


def _add_devices(wiring: Wiring, netns: str, devices: Mapping[str, Device]) -> None:
    seen = Counter(device.index for device in devices.values())
    for device in devices.values():
        ident = str(device.index)
        if seen[device.index] > 1:  # no kernel does this; recordings put together by hand do
            ident = f"{device.index}/{device.name}"
        wiring.add(Node(Key(Kind.DEVICE, netns, ident), device.name, device))
    for device in devices.values():
        if (node := wiring.device(device.name, netns)) is not None:
            wiring.also_named(node, device.altnames)


def _join_device(wiring: Wiring, netns: str, device: Device, netns_ids: Mapping[str, int]) -> None:
    """Master and lower device. `ip` names them within the namespace of the device."""
    own = wiring.device(device.name, netns)
    if own is None:
        return
    master = wiring.device(device.master, netns) if device.master else None
    if master is not None and _takes_members(master):
        wiring.join(Relation.MASTER, own.key, master.key, Source.KERNEL)
    if device.kind not in _ON_LOWER:
        return
    named = device.lower or str(device.info.get("link") or "")
    if device.peer_netns is None:
        lower = wiring.device(named, netns) if named else None
    else:
        lower = _elsewhere(wiring, netns, device, netns_ids)
    if lower is not None and lower.key != own.key:
        wiring.join(Relation.LOWER, own.key, lower.key, Source.KERNEL)


def _takes_members(master: Node) -> bool:
    """Not `ovs-system`, the name the kernel gives to Open vSwitch as a whole; nor a VRF."""
    return str(master.facts.kind) in ("bridge", "bond", "team")


def _elsewhere(
    wiring: Wiring, netns: str, device: Device, netns_ids: Mapping[str, int]
) -> Node | None:
    """The device below that lies in another namespace, by its index, where one fits only."""
    found = [
        node
        for node in wiring.each(Kind.DEVICE)
        if node.facts.index == device.lower_index
        and node.netns != netns
        and _may_name(netns, device, node.netns, netns_ids)
    ]
    return found[0] if len(found) == 1 else None


def _join_veths(wiring: Wiring, netns_ids: Mapping[str, int]) -> None:
    """Both ends of a veth pair name each other: by name in one namespace, else by index."""
    veths = [node for node in wiring.each(Kind.DEVICE) if node.facts.kind == "veth"]
    by_index: defaultdict[int, list[Node]] = defaultdict(list)
    for node in veths:
        by_index[node.facts.index].append(node)
    for node in veths:
        device: Device = node.facts
        if device.peer_netns is None:
            peer = wiring.device(device.lower, node.netns) if device.lower else None
            if peer is not None and _names_back(peer, node):
                _pair(wiring, node, peer)
        elif device.lower_index is not None:
            fitting = [
                other
                for other in by_index[device.lower_index]
                if other.netns != node.netns
                and other.facts.lower_index == device.index
                and _may_name(node.netns, device, other.netns, netns_ids)
                and _may_name(other.netns, other.facts, node.netns, netns_ids)
            ]
            if len(fitting) == 1:
                _pair(wiring, node, fitting[0])


def _names_back(peer: Node, node: Node) -> bool:
    return (
        peer.key != node.key
        and peer.facts.kind == "veth"
        and peer.facts.peer_netns is None
        and peer.facts.lower in ("", node.name)
    )


def _may_name(netns: str, device: Device, other: str, netns_ids: Mapping[str, int]) -> bool:
    """False when the name or the number a device has for the other namespace contradicts it.

    Numbers are the host's own: those that devices in other namespaces have say nothing here.
    """
    if device.peer_netns_name:
        return device.peer_netns_name == other
    if netns != _OWN:
        return True
    if other in netns_ids:
        return netns_ids[other] == device.peer_netns
    return device.peer_netns not in netns_ids.values()


def _pair(wiring: Wiring, one: Node, other: Node) -> None:
    if other not in wiring.peers(Relation.PEER, one.key):
        wiring.join(Relation.PEER, one.key, other.key, Source.KERNEL)
