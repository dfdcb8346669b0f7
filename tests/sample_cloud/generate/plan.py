"""The things a generated cloud consists of. Compact: 50,000 instances have to fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from .odd import Odd


@dataclass(slots=True, eq=False)
class Project:
    id: str
    name: str
    description: str = ""


@dataclass(slots=True, eq=False)
class Segment:
    """One of several segments of a routed provider network."""

    id: str
    kind: str
    physical_network: str
    number: int


@dataclass(slots=True, eq=False)
class Binding:
    """How a port is plugged, where that does not follow from the driver of its host."""

    vif_type: str
    vnic_type: str = "normal"
    details: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    node: str = ""  # of Ironic, instead of a host


@dataclass(slots=True, eq=False)
class Subnet:
    id: str
    name: str
    network: Network
    cidr: IPv4Network | IPv6Network
    gateway: str
    dhcp: bool
    number: int
    used: int = 1  # addresses given away, the gateway's among them
    pool_start: int = 2
    segment: Segment | None = None

    def next_address(self) -> str:
        """The next free address; the first goes to DHCP, as in Neutron it mostly does."""
        address = self.cidr[self.pool_start + self.used - 1]
        self.used += 1
        return str(address)


@dataclass(slots=True, eq=False)
class Network:
    id: str
    name: str
    project: Project
    kind: str  # vxlan, vlan, flat
    segment: int | None
    number: int
    external: bool = False
    shared: bool = False
    subnets: list[Subnet] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    #: hosts where the network has bound ports -> how many
    hosts: dict[Host, int] = field(default_factory=dict)
    dhcp_host: Host | None = None
    router: Router | None = None
    window: tuple[int, int] = (0, 1)  # first compute host and number of hosts for its instances
    physical: str = "physnet1"
    segments: list[Segment] = field(default_factory=list)  # of a network that has several

    @property
    def physical_network(self) -> str | None:
        return None if self.kind in ("vxlan", "geneve") else self.physical

    @property
    def mtu(self) -> int:
        return {"vxlan": 1450, "geneve": 1442}.get(self.kind, 1500)


@dataclass(slots=True, eq=False)
class Port:
    id: str
    mac: str
    network: Network
    project_id: str
    owner: str
    device_id: str
    number: int
    fixed: list[tuple[Subnet, str]]
    host: Host | None = None
    name: str = ""
    binding: Binding | None = None
    sub_ports: list[tuple[Port, int]] = field(default_factory=list)  # of a trunk, with their VLAN
    #: ids of its security groups, where they are not the one of its project
    groups: list[str] | None = None
    enabled: bool = True  # its admin state
    trouble: str = ""  # a key of `troubles.OF_PORTS`, or `no_domain`

    @property
    def short(self) -> str:
        """The part of the id that is in the names of its devices."""
        return self.id[:11]

    @property
    def status(self) -> str:
        if self.owner == "network:floatingip":
            return "N/A"
        if self.trouble in ("dead_vlan", "no_domain"):
            return "DOWN"
        return "ACTIVE" if self.host else "DOWN"


@dataclass(slots=True, eq=False)
class Group:
    """A security group beside those of projects; `rules` as Neutron has them, without ids."""

    id: str
    name: str
    project: Project
    rules: list[dict[str, Any]] = field(default_factory=list)
    stateful: bool = True


@dataclass(slots=True, eq=False)
class Router:
    id: str
    name: str
    project: Project
    host: Host
    number: int
    gateway: Port | None = None
    interfaces: list[Port] = field(default_factory=list)
    floating: list[FloatingIp] = field(default_factory=list)
    kind: str = "legacy"  # or ha, dvr
    others: list[Host] = field(default_factory=list)  # where it is too


@dataclass(slots=True, eq=False)
class FloatingIp:
    id: str
    port: Port  # the port of the fixed address
    floating_port: Port
    router: Router
    number: int

    @property
    def address(self) -> str:
        return self.floating_port.fixed[0][1]


@dataclass(slots=True, eq=False)
class Instance:
    id: str
    name: str
    project: Project
    host: Host
    number: int
    ports: list[Port] = field(default_factory=list)
    node: str = ""  # of Ironic
    failed: bool = False  # in state ERROR, without a domain

    @property
    def domain(self) -> str:
        return f"instance-{self.number:08x}"


@dataclass(slots=True, eq=False)
class Host:
    name: str
    number: int
    roles: frozenset[str]
    driver: str  # ovs, lxb or nothing
    hybrid: bool
    bonded: bool
    address: str
    tunnel_ip: str
    zone: str
    rack: int
    instances: list[Instance] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)
    dhcp: list[Port] = field(default_factory=list)
    #: every host with tunnels, in a full mesh; nothing where hosts know those they need
    mesh: Sequence[Host] = ()
    down: set[str] = field(default_factory=set)  # NICs without link
    silent: set[str] = field(default_factory=set)  # agents that do not report
    #: type, binary, topic and configurations, where they do not follow from the driver
    agents: list[tuple[str, str, str, dict[str, Any]]] | None = None
    nodes: list[str] = field(default_factory=list)  # of Ironic, instead of a hypervisor
    orphans: list[str] = field(default_factory=list)  # namespaces of what Neutron does not know

    @property
    def ports(self) -> list[Port]:
        """Every port that is plugged on this host."""
        found = [port for instance in self.instances for port in instance.ports]
        found += self.dhcp
        for router in self.routers:
            found += router.interfaces
            if router.gateway:
                found.append(router.gateway)
        return found

    @property
    def machines(self) -> list[str]:
        """Hypervisors of its compute service: itself, or nodes of Ironic."""
        return self.nodes or [self.name]

    @property
    def tunnel_device(self) -> str:
        return "bond0" if self.bonded else "ens1f0"

    @property
    def provider_device(self) -> str:
        return "ens1f1"


@dataclass(slots=True, eq=False)
class Plan:
    """The whole cloud."""

    hosts: list[Host] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)
    floating_ips: list[FloatingIp] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    odd: Odd = field(default_factory=Odd)
    instances: list[Instance] = field(default_factory=list)

    def hosts_with(self, role: str) -> list[Host]:
        return [host for host in self.hosts if role in host.roles]

    @property
    def admin(self) -> Project:
        return self.projects[0]
