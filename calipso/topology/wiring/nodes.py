"""Nodes and edges of a wiring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from calipso.errors import CalipsoError


class Kind(StrEnum):
    """What a node is."""

    __hash__ = str.__hash__  # keys hold it: the hash of an Enum is a call in Python

    DEVICE = "device"  # a network device of the kernel, in a namespace
    BRIDGE = "ovs_bridge"
    PORT = "ovs_port"  # of a bridge; a bond of Open vSwitch is a port with several interfaces
    INTERFACE = "ovs_interface"
    FUNCTION = "pci_function"  # physical or virtual
    SOCKET = "socket"  # of vhost-user
    GUEST = "guest_interface"


class Relation(StrEnum):
    """What an edge says, read from its source node to its target node."""

    __hash__ = str.__hash__

    MASTER = "master"  # a device and the bridge, bond or team it is a member of
    LOWER = "lower"  # VLAN, macvlan, macvtap, ipvlan, tunnel: the device it lies on
    PEER = "veth_peer"
    PATCH = "patch_peer"
    PORT_OF = "port_of"  # a port and its bridge
    MEMBER_OF = "member_of"  # an interface and its port
    IS_DEVICE = "is_device"  # an interface of Open vSwitch and the kernel's device it is
    ON_FUNCTION = "on_function"  # a device, or a DPDK interface, and the hardware it drives
    FUNCTION_OF = "function_of"  # a virtual function and its physical one
    REPRESENTS = "represents"  # a representor and the function it stands for
    USES_SOCKET = "uses_socket"
    GUEST_ON = "guest_on"  # a guest's interface and what carries it on the host


class Source(StrEnum):
    """Who says that an edge exists."""

    KERNEL = "kernel"
    OVS = "ovs"
    LIBVIRT = "libvirt"
    DRIVER = "driver"


class Key(NamedTuple):
    """Identity of a node. `scope` is the namespace of a device ("": the host's own), `ident` its
    kernel index; for the others a name that is unique in its scope."""

    kind: Kind
    scope: str
    ident: str


@dataclass(frozen=True)
class Node:
    """A node. `name` is for people and stored objects; `facts` is what the parser said."""

    key: Key
    name: str
    facts: Any = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.key.kind

    @property
    def netns(self) -> str:
        """Namespace of a device; "" is the host's own."""
        return self.key.scope if self.kind is Kind.DEVICE else ""


class Edge(NamedTuple):
    """An edge and the source that says so."""

    relation: Relation
    source: Key
    target: Key
    says: Source


class Wiring:
    """The graph of one host."""

    def __init__(self, unread: Mapping[str, CalipsoError] | None = None) -> None:
        self.nodes: dict[Key, Node] = {}
        self.edges: list[Edge] = []
        #: Why an answer is missing, by the name of its command.
        self.unread = dict(unread or {})
        #: NICs of the host by the key of their node, see `nics.py`.
        self.nics: dict[Key, str] = {}
        self._out: defaultdict[tuple[Relation, Key], list[Key]] = defaultdict(list)
        self._in: defaultdict[tuple[Relation, Key], list[Key]] = defaultdict(list)
        self._names: dict[tuple[Kind, str, str], Key] = {}

    def add(self, node: Node) -> Node:
        """Add a node, or return the one with this key."""
        if node.key not in self.nodes:
            self.nodes[node.key] = node
            scope = node.key.scope if node.kind is Kind.DEVICE else ""
            self._names.setdefault((node.kind, scope, node.name), node.key)
        return self.nodes[node.key]

    def also_named(self, node: Node, names: Iterable[str]) -> None:
        """Let a node be found by further names too; a node of that very name goes before."""
        scope = node.key.scope if node.kind is Kind.DEVICE else ""
        for name in names:
            self._names.setdefault((node.kind, scope, name), node.key)

    def join(self, relation: Relation, source: Key, target: Key, says: Source) -> None:
        """Add an edge once."""
        if target not in self._out[relation, source]:
            self.edges.append(Edge(relation, source, target, says))
            self._out[relation, source].append(target)
            self._in[relation, target].append(source)

    def to(self, relation: Relation, key: Key) -> list[Node]:
        """Nodes this one points to."""
        return [self.nodes[found] for found in self._out.get((relation, key), ())]

    def of(self, relation: Relation, key: Key) -> list[Node]:
        """Nodes that point to this one."""
        return [self.nodes[found] for found in self._in.get((relation, key), ())]

    def peers(self, relation: Relation, key: Key) -> list[Node]:
        """Nodes joined with this one, whichever end they are."""
        return [*self.to(relation, key), *self.of(relation, key)]

    def find(self, kind: Kind, name: str, netns: str = "") -> Node | None:
        """A node by name within its namespace, where the kernel or OVS keeps names unique."""
        key = self._names.get((kind, netns, name))
        return None if key is None else self.nodes[key]

    def device(self, name: str, netns: str = "") -> Node | None:
        """A device by its name in a namespace."""
        return self.find(Kind.DEVICE, name, netns)

    def each(self, kind: Kind) -> Iterator[Node]:
        """Nodes of a kind, in the order they were found."""
        return (node for node in self.nodes.values() if node.kind is kind)
