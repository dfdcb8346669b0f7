"""Which Neutron port each interface of a host's guests is, and what hardware carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calipso.discover.fetchers.cli.ports import PortRef, Ports
from calipso.hostparse.iplink import Device
from calipso.hostparse.libvirt import Domain
from calipso.topology.wiring import HostFacts, Kind, Node, build
from calipso.topology.wiring.joins import PortFacts, join_ports


@dataclass(frozen=True)
class GuestPorts:
    """Interfaces of the guests of one host by the UUID of their domain, each with its port."""

    of_domain: dict[str, list[tuple[Node, PortRef | None]]] = field(default_factory=dict)
    #: ports of a running domain that none of its interfaces is
    left: dict[str, list[PortRef]] = field(default_factory=dict)
    #: ports of a running domain that cannot be told apart: one MAC, and nothing else tells
    alike: dict[str, list[tuple[PortRef, ...]]] = field(default_factory=dict)


def guest_ports(
    domains: dict[str, Domain],
    devices: dict[str, Device],
    ports: Ports,
    vlans: Mapping[str, int] | None = None,
) -> GuestPorts:
    """Join the interfaces of running domains with the ports of their instances; `vlans` are those
    of networks by id."""
    vlan_of = vlans or {}
    wiring = build(HostFacts(devices=devices, domains=domains))
    refs = [ref for uuid in domains for ref in ports.of_owner(uuid)]
    known = {ref.id: ref for ref in refs}
    for node in wiring.each(Kind.GUEST):  # plugged for a port that belongs to nobody any more
        own = node.facts.interface
        named = own and (ports.by_id(own.port_id) or ports.of_device(own.device))
        if named:
            known.setdefault(named.id, named)
    facts = (
        PortFacts(r.id, r.mac_address, r.device_id, r.pci, vlan_of.get(r.network_id))
        for r in known.values()
    )
    joined = join_ports(wiring, facts)
    found = GuestPorts()
    for node in wiring.each(Kind.GUEST):
        match = joined.matches.get(node.key)
        ref = known[match.port_id] if match else None
        found.of_domain.setdefault(node.key.scope, []).append((node, ref))
    for left in joined.ports_left:
        found.left.setdefault(left.owner, []).append(known[left.id])
    for alike in joined.alike:
        refs = [known[port.id] for port in alike]
        found.alike.setdefault(alike[0].owner, []).append(tuple(refs))
    return found


def lower_devices(devices: dict[str, Device], device: Device | None) -> list[str]:
    """Devices below a macvtap of a guest, the nearest first: a VLAN device, then the NIC."""
    found: list[str] = []
    while device is not None and device.lower not in ("", *found):
        found.append(device.lower)
        device = devices.get(device.lower)
    return found


def nic_with_function(devices: dict[str, Device], pci: str, mac: str) -> str:
    """The NIC a guest's virtual function is a part of: the one that lists its MAC among those of
    its functions, or the device of this very address ("": not known)."""
    named = {d.name for d in devices.values() if d.bus_address == pci} if pci else set()
    listed = {d.name for d in devices.values() if d.vfs and any(vf.mac == mac for vf in d.vfs)}
    listed = listed if mac else set()
    found = listed or named
    return next(iter(found)) if len(found) == 1 else ""
