"""A fabric as its APIC describes it: nodes, ports, and what is at the other end. Pure.

Facts: Cisco's object model. `fabricNode` and `topSystem` are the switches, `lldpAdjEp` is what a
port of a switch hears by LLDP, `epmMacEp` is where a leaf has learned a MAC address,
`ethpmPhysIf` is the state of a port.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Attributes = Mapping[str, str]

_NODE = re.compile(r"topology/pod-[0-9]{1,5}/node-[0-9]{1,5}(?=/|$)")
_PORT = re.compile(r"/if-\[(eth[0-9/]{1,20})\]")
_PHYSICAL = re.compile(r"/phys-\[(eth[0-9/]{1,20})\]")
_FAR_PORT = re.compile(r"topology/(pod-[0-9]{1,5})/paths-([0-9]{1,5})/pathep-\[(eth[0-9/]{1,20})\]")
_LEARNED = re.compile(r"eth[0-9/]{1,20}")
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")

#: Roles of nodes that carry frames; `controller` is an APIC itself.
SWITCHES = ("leaf", "spine")


@dataclass
class Node:
    """A leaf or a spine."""

    dn: str
    role: str
    facts: Attributes
    system: Attributes = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`switch-pod-1__node-101-leaf`: the distinguished name without its first part."""
        return f"switch-{encoded(self.dn.removeprefix('topology/'))}-{self.role}"

    @property
    def addresses(self) -> list[str]:
        """Addresses of its management, out of band and in band."""
        told = (self.system.get(name, "") for name in ("oobMgmtAddr", "inbMgmtAddr"))
        return [address for address in told if address not in ("", "0.0.0.0", "::")]  # noqa: S104


@dataclass(frozen=True)
class Neighbour:
    """What a port of a node hears by LLDP."""

    node: str  # distinguished name
    port: str  # eth1/5
    name: str  # of the system at the other end
    mac: str  # of the port there, when it names itself by one
    port_name: str
    far: tuple[str, str]  # node and port of the same fabric at the other end; else empty


@dataclass
class Fabric:
    """Everything, by distinguished names of nodes."""

    nodes: dict[str, Node] = field(default_factory=dict)
    neighbours: dict[str, list[Neighbour]] = field(default_factory=dict)
    states: dict[tuple[str, str], Attributes] = field(default_factory=dict)

    def by_id(self, switch_id: str) -> Node | None:
        """The node that has this id in the inventory."""
        return next((node for node in self.nodes.values() if node.id == switch_id), None)


def encoded(name: str) -> str:
    """A name as a part of an id: ids hold no slash."""
    return name.replace("/", "__")


def mac_of(text: str) -> str:
    """A MAC address in lower case; empty for anything else."""
    lower = text.strip().lower()
    return lower if _MAC.fullmatch(lower) else ""


def fabric_of(
    nodes: Iterable[Attributes],
    systems: Iterable[Attributes],
    heard: Iterable[Attributes],
    states: Iterable[Attributes],
) -> Fabric:
    """The fabric that objects of `fabricNode`, `topSystem`, `lldpAdjEp`, `ethpmPhysIf` describe."""
    fabric = Fabric()
    for item in nodes:
        dn, role = item.get("dn", ""), item.get("role", "")
        if _NODE.fullmatch(dn) and role in SWITCHES:
            fabric.nodes[dn] = Node(dn, role, item)
    for item in systems:
        node = fabric.nodes.get(_node_of(item.get("dn", "")))
        if node is not None:
            node.system = item
    found: defaultdict[str, list[Neighbour]] = defaultdict(list)
    for item in heard:
        neighbour = _neighbour(item)
        if neighbour is not None and neighbour.node in fabric.nodes:
            found[neighbour.node].append(neighbour)
    fabric.neighbours = dict(found)
    for item in states:
        port = _PHYSICAL.search(item.get("dn", ""))
        if port:
            fabric.states[_node_of(item["dn"]), port[1]] = item
    return fabric


def learned(items: Iterable[Attributes]) -> dict[str, tuple[str, str]]:
    """MAC address -> (node, port) at which a leaf has learned it, from objects of `epmMacEp`.

    Ports only: behind a tunnel it is another leaf's, and a port channel has several ports. An
    address that several ports have learned is left out.
    """
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for item in items:
        mac, node = mac_of(item.get("addr", "")), _node_of(item.get("dn", ""))
        port = item.get("ifId", "")
        if mac and node and _LEARNED.fullmatch(port):
            found[mac].add((node, port))
    return {mac: min(places) for mac, places in found.items() if len(places) == 1}


def _node_of(dn: str) -> str:
    found = _NODE.match(dn)
    return found[0] if found else ""


def _neighbour(item: Attributes) -> Neighbour | None:
    dn = item.get("dn", "")
    node, port = _node_of(dn), _PORT.search(dn)
    if not node or not port:
        return None
    far = _FAR_PORT.search(item.get("portDesc", ""))
    return Neighbour(
        node=node,
        port=port[1],
        name=item.get("sysName", ""),
        mac=mac_of(item.get("portIdV", "")),
        port_name=item.get("portIdV", ""),
        far=(f"topology/{far[1]}/node-{far[2]}", far[3]) if far else ("", ""),
    )
