"""Interfaces of guests in the graph of a host, and what of the host carries each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calipso.hostparse.libvirt import Domain, DomainInterface, HostDevice
from calipso.topology.wiring.hardware import function_key
from calipso.topology.wiring.nodes import Key, Kind, Node, Relation, Source, Wiring


@dataclass(frozen=True)
class Guest:
    """An interface of a guest as libvirt has it; `interface` is None for a `<hostdev>`."""

    domain: Domain
    interface: DomainInterface | None
    host_device: HostDevice | None = None

    @property
    def pci(self) -> str:
        """PCI address on the host of what the guest got, if it got hardware."""
        if self.interface is not None:
            return self.interface.pci
        return self.host_device.pci if self.host_device else ""

    @property
    def mac(self) -> str:
        """MAC in the guest ("" where only hardware knows it)."""
        return self.interface.mac if self.interface else ""

    @property
    def name(self) -> str:
        """The most telling name: device, file of a socket or of vDPA, PCI address, MAC."""
        i = self.interface
        if i is None:
            return self.pci
        return i.device or (i.socket or self.vdpa).rpartition("/")[2] or i.pci or i.mac

    @property
    def vdpa(self) -> str:
        """Path of the vhost-vdpa device that the guest got ("" for none)."""
        i = self.interface
        return i.source if i is not None and i.kind == "vdpa" else ""


def add_guests(wiring: Wiring, domains: Mapping[str, Domain]) -> None:
    """Every interface of every running domain."""
    for domain in domains.values():
        guests = [Guest(domain, interface) for interface in domain.interfaces]
        guests += [Guest(domain, None, device) for device in domain.host_devices if device.pci]
        for number, guest in enumerate(guests):
            key = Key(Kind.GUEST, domain.uuid, f"{number}/{guest.name}")
            wiring.add(Node(key, guest.name, guest))
            for carrier in _carriers(wiring, guest):
                wiring.join(Relation.GUEST_ON, key, carrier.key, Source.LIBVIRT)


def interfaces_of(wiring: Wiring, guest: Node) -> list[Node]:
    """Interfaces of Open vSwitch a guest is plugged into: by device, by socket, by representor."""
    found: dict[Key, Node] = {}
    for carrier in wiring.to(Relation.GUEST_ON, guest.key):
        near = [carrier, *wiring.of(Relation.REPRESENTS, carrier.key)]
        for node in near:
            for relation in (Relation.IS_DEVICE, Relation.USES_SOCKET):
                found |= {item.key: item for item in wiring.of(relation, node.key)}
    return list(found.values())


def _carriers(wiring: Wiring, guest: Guest) -> list[Node]:
    found: list[Node | None] = []
    interface = guest.interface
    if guest.pci:
        found.append(wiring.add(Node(function_key(guest.pci), guest.pci)))
    if interface is not None and interface.socket:
        key = Key(Kind.SOCKET, "", interface.socket)
        found.append(wiring.add(Node(key, interface.socket)))
    if interface is not None and interface.device and not interface.socket:
        found.append(wiring.device(interface.device))
    if interface is not None and interface.kind == "direct":
        found.append(wiring.device(interface.source))
    return [node for node in found if node is not None]
