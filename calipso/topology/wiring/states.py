"""State of what is made of several parts: up only if every part is."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.hostparse.ovsdb import Interface, Port
from calipso.topology.wiring.guests import Guest
from calipso.topology.wiring.nodes import Kind, Node, Relation, Wiring

#: The VLAN Neutron's agent gives to a port it did not wire: all its frames are dropped.
DEAD_VLAN = 4095


def whole(states: Iterable[str]) -> str:
    """down if a part is, else unknown if one was not read (or there is none), else up."""
    parts = set(states)
    if "down" in parts:
        return "down"
    return "up" if parts == {"up"} else "unknown"


def of_port(port: Port, interface: Interface) -> str:
    """State of an interface as a port of Open vSwitch; the guest's side of it is not in it."""
    if port.tag == DEAD_VLAN or interface.error or interface.ofport is None:
        return "down"
    if interface.admin_state == "down" or interface.state == "down":
        return "down"
    return "up" if interface.state == "up" else "unknown"


def of_guest(guest: Guest) -> str:
    """What libvirt says of an interface of a guest: down when somebody set its link down."""
    interface = guest.interface
    return "down" if interface is not None and interface.link == "down" else "up"


def of_node(wiring: Wiring, node: Node) -> str:
    """State of a node by its own source; unknown where nobody says."""
    if node.kind is Kind.DEVICE:
        return str(node.facts.state)
    if node.kind is Kind.INTERFACE:
        ports = wiring.to(Relation.MEMBER_OF, node.key)
        return whole(of_port(port.facts, node.facts) for port in ports)
    if node.kind is Kind.GUEST:
        return of_guest(node.facts)
    return "unknown"
