"""Which Neutron port an interface of a guest is.

In this order, each time among the ports and interfaces that are left:
by the port's id (libvirt's, or `iface-id` of the Open vSwitch interface that carries the guest), by
the name of the device or socket (Neutron: a prefix and the first 11 characters of the id), by the
PCI address in `binding:profile`, by MAC, owner and the VLAN of a virtual function, by MAC and
owner. Equal MACs of one owner are told apart by what came before. Those that are left then are
joined with no port: their order is no evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from calipso.topology.wiring.guests import Guest, interfaces_of
from calipso.topology.wiring.nodes import Key, Kind, Node, Wiring

#: How Neutron and Nova begin the name of a device that they make for a port.
PREFIXES = ("tap", "qbr", "qvb", "qvo", "vhu", "qr-", "qg-", "sg-", "ha-", "fg-", "ns-")
#: After the prefix come so many characters of the id of the port, or of the network.
ID_LENGTH = 11


@dataclass(frozen=True)
class PortFacts:
    """What of a Neutron port tells which interface it is. `owner` is its device_id, `vlan` that of
    its network, where hardware tags the frames."""

    id: str
    mac: str
    owner: str
    pci: str = ""
    vlan: int | None = None


@dataclass(frozen=True)
class Match:
    """A port and by what it was found: id, name, pci, vlan (MAC and VLAN) or mac."""

    port_id: str
    by: str


@dataclass
class Joined:
    """Ports by guest interface; the ports that are left are what an operator looks for.

    `alike` are ports left that share owner and MAC with an interface left, but nothing tells which
    interface is which port.
    """

    matches: dict[Key, Match] = field(default_factory=dict)
    alike: list[tuple[PortFacts, ...]] = field(default_factory=list)
    ports_left: list[PortFacts] = field(default_factory=list)


def join_ports(wiring: Wiring, ports: Iterable[PortFacts]) -> Joined:
    """Join the guests of a host with the ports bound to it."""
    return _Joining(wiring, ports).run()


class _Joining:
    def __init__(self, wiring: Wiring, ports: Iterable[PortFacts]) -> None:
        self.wiring = wiring
        self.guests = {node.key: node for node in wiring.each(Kind.GUEST)}
        self.ports = {port.id: port for port in ports}
        self.joined = Joined()

    def run(self) -> Joined:
        self._each("id", self._by_id)
        self._each("name", self._by_name)
        self._each("pci", self._by_pci)
        self._each("vlan", self._by_vlan)
        self._by_mac()
        self.joined.ports_left = list(self.ports.values())
        return self.joined

    def _take(self, guest: Key, port_id: str, by: str) -> None:
        self.joined.matches[guest] = Match(port_id, by)
        del self.guests[guest], self.ports[port_id]

    def _each(self, by: str, find: Callable[[Node], set[str]]) -> None:
        """Join where exactly one port is named, and no other interface names it."""
        named = {key: find(node) & self.ports.keys() for key, node in self.guests.items()}
        claims: defaultdict[str, list[Key]] = defaultdict(list)
        for key, found in named.items():
            if len(found) == 1:
                claims[next(iter(found))].append(key)
        for port_id, keys in claims.items():
            if len(keys) == 1:
                self._take(keys[0], port_id, by)

    def _by_id(self, node: Node) -> set[str]:
        guest: Guest = node.facts
        told = guest.interface.port_id if guest.interface else ""
        if told:
            return {told}
        carried = {item.facts.port_id for item in interfaces_of(self.wiring, node)}
        return carried - {""}

    def _by_name(self, node: Node) -> set[str]:
        guest: Guest = node.facts
        interface = guest.interface
        if interface is None:
            return set()
        names = (interface.device, interface.socket.rpartition("/")[2])
        starts = {name[3:] for name in names if name.startswith(PREFIXES)}
        return {port_id for port_id in self.ports if port_id[:ID_LENGTH] in starts}

    def _by_pci(self, node: Node) -> set[str]:
        guest: Guest = node.facts
        if not guest.pci:
            return set()
        return {
            port.id
            for port in self.ports.values()
            if port.pci == guest.pci and port.owner in ("", guest.domain.uuid)
        }

    def _by_vlan(self, node: Node) -> set[str]:
        """By MAC, owner and the VLAN libvirt gave to a virtual function."""
        guest: Guest = node.facts
        vlan = guest.interface.vlan if guest.interface else None
        return {
            port.id
            for port in self.ports.values()
            if vlan is not None
            and (port.owner, port.mac, port.vlan) == (guest.domain.uuid, guest.mac, vlan)
        }

    def _by_mac(self) -> None:
        """By MAC and owner; a port of another owner with this MAC is another cloud's business."""
        guests: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
        ports: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for key, node in self.guests.items():
            if node.facts.mac:
                guests[node.facts.domain.uuid, node.facts.mac].append(key)
        for port in self.ports.values():
            ports[port.owner, port.mac].append(port.id)
        for owner_mac, keys in guests.items():
            found = sorted(ports.get(owner_mac, ()))
            if len(found) == len(keys) == 1:
                self._take(keys[0], found[0], "mac")
            elif found:
                self.joined.alike.append(tuple(self.ports.pop(port_id) for port_id in found))
