"""Open vSwitch in the graph of a host: bridges, ports, interfaces, and the devices they are."""

from __future__ import annotations

from collections.abc import Mapping

from calipso.hostparse.ovsdb import Bridge, Interface
from calipso.topology.wiring.nodes import Key, Kind, Node, Relation, Source, Wiring

#: The master that the kernel gives to every port of Open vSwitch.
OVS_MASTER = "ovs-system"
#: Masters a device may name while it is a port of Open vSwitch.
_OVS_MASTERS = frozenset({"", OVS_MASTER})
#: Kinds of device that Open vSwitch makes for its own (internal) interfaces: a kernel datapath
#: makes devices of a kind of their own, a datapath in user space makes tap devices.
_INTERNAL_KINDS = frozenset({"openvswitch", "tun", ""})


def add_switches(wiring: Wiring, bridges: Mapping[str, Bridge]) -> None:
    """Bridges with all their ports, patches between them, sockets, and their devices."""
    for bridge in bridges.values():
        home = wiring.add(Node(Key(Kind.BRIDGE, "", bridge.name), bridge.name, bridge))
        for port in bridge.ports.values():
            key = Key(Kind.PORT, bridge.name, port.name)
            wiring.add(Node(key, port.name, port))
            wiring.join(Relation.PORT_OF, key, home.key, Source.OVS)
            for interface in port.interfaces:
                own = Key(Kind.INTERFACE, "", interface.name)
                wiring.add(Node(own, interface.name, interface))
                wiring.join(Relation.MEMBER_OF, own, key, Source.OVS)
                _join_interface(wiring, own, interface)
    for node in list(wiring.each(Kind.INTERFACE)):
        _join_patch(wiring, node)


def _join_interface(wiring: Wiring, own: Key, interface: Interface) -> None:
    device = _device_of(wiring, interface)
    if device is not None:
        wiring.join(Relation.IS_DEVICE, own, device.key, Source.OVS)
    if interface.pci and not interface.representor:
        function = Key(Kind.FUNCTION, "", interface.pci)
        wiring.add(Node(function, interface.pci))
        wiring.join(Relation.ON_FUNCTION, own, function, Source.OVS)
    if interface.socket:
        socket = Key(Kind.SOCKET, "", interface.socket)
        wiring.add(Node(socket, interface.socket))
        wiring.join(Relation.USES_SOCKET, own, socket, Source.OVS)


def _device_of(wiring: Wiring, interface: Interface) -> Node | None:
    """The kernel's device an interface is: Open vSwitch opens it by its name in the host's
    namespace. Its index, its master and its kind must not say otherwise."""
    if interface.type not in ("system", "internal") or interface.ofport is None:
        return None
    if interface.error:
        return None
    device = wiring.device(interface.name)
    if device is None:
        return _moved(wiring, interface) if interface.internal else None
    facts = device.facts
    if interface.index is not None and interface.index != facts.index:
        return None
    # the kernel says that it belongs to something else, or is of another kind
    if facts.master not in _OVS_MASTERS and not interface.internal:
        return None
    if interface.internal and facts.kind not in _INTERNAL_KINDS:
        return None
    return device


def _moved(wiring: Wiring, interface: Interface) -> Node | None:
    """An internal interface whose device was put into a namespace: same name, a kind that Open
    vSwitch makes, and the MAC Open vSwitch or Neutron gave it."""
    macs = {interface.mac, interface.attached_mac} - {""}
    found = [
        node
        for node in wiring.each(Kind.DEVICE)
        if node.name == interface.name
        and node.facts.kind in _INTERNAL_KINDS
        and node.facts.mac in macs
    ]
    return found[0] if len(found) == 1 else None


def _join_patch(wiring: Wiring, node: Node) -> None:
    """A patch holds only when both ends name each other."""
    interface: Interface = node.facts
    if not interface.peer:
        return
    peer = wiring.find(Kind.INTERFACE, interface.peer)
    if peer is None or peer.facts.peer != node.name or peer.key == node.key:
        return
    if peer not in wiring.peers(Relation.PATCH, node.key):
        wiring.join(Relation.PATCH, node.key, peer.key, Source.OVS)
