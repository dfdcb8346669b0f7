"""Which nodes are NICs: those by which frames leave the host.

- A device with hardware below it, unless it is a representor, or a virtual function whose physical
  one is on this host too (in a guest, a virtual function is a NIC).
- A bond or team with a NIC among its members.
- An interface of Open vSwitch of type dpdk, unless it stands for a virtual function, or the kernel
  has a device on the same function (Mellanox): then that is the NIC.
- A physical function that a driver of user space has and Open vSwitch does not: its name is its
  PCI address.
- Where a host is itself a container or a namespace it has no hardware. There, a veth whose other
  end lies in a namespace that this host does not have; names that Neutron, libvirt, Docker and
  Kubernetes give to what they make are none.
"""

from __future__ import annotations

from calipso.hostparse.ovsdb import Interface
from calipso.topology.wiring.facts import HostFacts
from calipso.topology.wiring.hardware import is_representor
from calipso.topology.wiring.nodes import Kind, Node, Relation, Wiring

AGGREGATES = frozenset({"bond", "team"})
_USER_SPACE = frozenset({"vfio-pci", "igb_uio", "uio_pci_generic", "pci-stub", "pciback"})

#: Names that Neutron, libvirt, Docker and Kubernetes give to what they make.
VIRTUAL = (
    "tap",
    "qbr",
    "qvb",
    "qvo",
    "qr-",
    "qg-",
    "sg-",
    "ha-",
    "fg-",
    "fpr-",
    "rfp-",
    "ns-",
    "veth",
    "vnet",
    "cali",
    "lxc",
    "cni",
)


def mark_nics(wiring: Wiring, facts: HostFacts) -> None:
    """Fill `wiring.nics`."""
    own = [node for node in wiring.each(Kind.DEVICE) if not node.netns]
    with_hardware = {node.key for node in own if _has_hardware(node, facts)}
    for node in own:
        if node.key in with_hardware:
            if not is_representor(node, facts) and not _is_virtual(wiring, node):
                wiring.nics[node.key] = node.name
        elif not with_hardware and _leaves_container(wiring, node, facts):
            wiring.nics[node.key] = node.name
    for node in own:
        if node.facts.kind in AGGREGATES and _has_nic(wiring, node):
            wiring.nics[node.key] = node.name
    for node in wiring.each(Kind.INTERFACE):
        known = any(user.key in wiring.nics for user in same_function(wiring, node))
        if _is_dpdk_nic(node) and not known:
            wiring.nics[node.key] = node.name
    for node in wiring.each(Kind.FUNCTION):
        if _is_given_away(wiring, node):
            wiring.nics[node.key] = node.name


def members(wiring: Wiring, node: Node) -> list[Node]:
    """Members of a bond, a team or a bridge."""
    return wiring.of(Relation.MASTER, node.key)


def same_function(wiring: Wiring, node: Node) -> list[Node]:
    """Other devices on the hardware a node drives."""
    functions = wiring.to(Relation.ON_FUNCTION, node.key)
    users = [user for f in functions for user in wiring.of(Relation.ON_FUNCTION, f.key)]
    return [user for user in users if user.key != node.key and user.kind is Kind.DEVICE]


def _is_dpdk_nic(node: Node) -> bool:
    interface: Interface = node.facts
    return interface.type == "dpdk" and not interface.representor and not interface.error


def _has_hardware(node: Node, facts: HostFacts) -> bool:
    nic = facts.nics.get(node.name)
    return nic is not None and nic.kind == "device"


def _is_virtual(wiring: Wiring, node: Node) -> bool:
    functions = wiring.to(Relation.ON_FUNCTION, node.key)
    return any(wiring.to(Relation.FUNCTION_OF, function.key) for function in functions)


def _has_nic(wiring: Wiring, node: Node) -> bool:
    return any(member.key in wiring.nics for member in members(wiring, node))


def _is_given_away(wiring: Wiring, node: Node) -> bool:
    """A physical function without a device of the kernel, and not used by Open vSwitch."""
    if node.facts is None or node.facts.driver not in _USER_SPACE:
        return False
    used = wiring.of(Relation.ON_FUNCTION, node.key)
    return not used and not wiring.to(Relation.FUNCTION_OF, node.key)


def _leaves_container(wiring: Wiring, node: Node, facts: HostFacts) -> bool:
    device = node.facts
    if device.kind != "veth" or device.peer_netns is None or device.peer_netns_name:
        return False
    if device.peer_netns in facts.netns_ids.values() or wiring.peers(Relation.PEER, node.key):
        return False
    return not node.name.startswith(VIRTUAL)
