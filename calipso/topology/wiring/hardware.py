"""Hardware in the graph of a host: PCI functions, virtual functions, representors."""

from __future__ import annotations

import re
from collections import defaultdict

from calipso.hostparse.iplink import Device
from calipso.topology.wiring.facts import HostFacts
from calipso.topology.wiring.nodes import Key, Kind, Node, Relation, Source, Wiring

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
#: phys_port_name of a port of a NIC's own switch that leads to a function, not to the wire.
_REPRESENTOR = re.compile(r"^(?:c\d+)?(?:pf\d+)?(?:vf|sf)(\d+)$|^(?:c\d+)?pf\d+(?:hpf)?$")
_UPLINK = re.compile(r"^p\d+(?:s\d+)?$")
#: Drivers of representors, and drivers that only virtual functions have.
_REPRESENTOR_DRIVERS = frozenset({"mlx5e_rep"})
_VF_DRIVERS = frozenset(
    {"iavf", "i40evf", "ixgbevf", "igbvf", "cxgb4vf", "liquidio_vf", "rvu_nicvf", "nicvf"}
)


def add_hardware(wiring: Wiring, facts: HostFacts) -> None:
    """Functions, the devices on them, virtual functions below physical ones, representors."""
    for function in facts.functions.values():
        wiring.add(Node(function_key(function.address), function.address, function))
    for function in facts.functions.values():
        for virtual in function.virtual.values():
            _join_virtual(wiring, virtual, function.address)
    for node in _own_devices(wiring):
        if address := address_of(node, facts):
            own = wiring.add(Node(function_key(address), address))
            if is_representor(node, facts):
                _join_representor(wiring, node, address, facts)
            else:
                wiring.join(Relation.ON_FUNCTION, node.key, own.key, Source.DRIVER)
    _add_by_driver(wiring, facts)


def function_key(address: str) -> Key:
    """Key of a PCI function."""
    return Key(Kind.FUNCTION, "", address)


def address_of(node: Node, facts: HostFacts) -> str:
    """PCI address of a device's hardware, as the kernel or its driver tells ("": none told)."""
    nic = facts.nics.get(node.name)
    listed = facts.pci_of_device.get(node.name, "")
    told = [listed, node.facts.bus_address, nic.driver.get("bus-info", "") if nic else ""]
    return next((t.lower() for t in told if _ADDRESS.fullmatch(t.lower())), "")


def is_representor(node: Node, facts: HostFacts) -> bool:
    """True for a device that stands for a function of a NIC in the NIC's own switch."""
    device: Device = node.facts
    nic = facts.nics.get(node.name)
    if nic is not None and nic.driver.get("driver") in _REPRESENTOR_DRIVERS:
        return not _UPLINK.match(device.phys_port)
    return bool(device.phys_switch and _REPRESENTOR.match(device.phys_port))


def _own_devices(wiring: Wiring) -> list[Node]:
    return [node for node in wiring.each(Kind.DEVICE) if not node.netns]


def _join_virtual(wiring: Wiring, virtual: str, physical: str) -> None:
    own = wiring.add(Node(function_key(virtual), virtual))
    above = wiring.add(Node(function_key(physical), physical))
    wiring.join(Relation.FUNCTION_OF, own.key, above.key, Source.DRIVER)


def _join_representor(wiring: Wiring, node: Node, address: str, facts: HostFacts) -> None:
    """`pf0vf3` stands for virtual function 3 of the function it names as its parent."""
    match = _REPRESENTOR.match(node.facts.phys_port)
    physical = facts.functions.get(address)
    if match is None or match[1] is None or physical is None or "sf" in node.facts.phys_port:
        return
    virtual = physical.virtual.get(int(match[1]))
    if virtual:
        wiring.join(Relation.REPRESENTS, node.key, function_key(virtual), Source.DRIVER)


def _add_by_driver(wiring: Wiring, facts: HostFacts) -> None:
    """Where the PCI list was not read: a driver for virtual functions only, and on the same bus
    exactly one device that has such. In a guest there is none: its device is a NIC."""
    physical: defaultdict[str, list[Node]] = defaultdict(list)
    for node in _own_devices(wiring):
        if node.facts.vfs and (address := address_of(node, facts)):
            physical[address.rpartition(":")[0]].append(node)
    for node in _own_devices(wiring):
        nic, address = facts.nics.get(node.name), address_of(node, facts)
        if nic is None or not address or nic.driver.get("driver") not in _VF_DRIVERS:
            continue
        above = physical.get(address.rpartition(":")[0], [])
        if len(above) == 1 and not wiring.to(Relation.FUNCTION_OF, function_key(address)):
            _join_virtual(wiring, address, address_of(above[0], facts))
