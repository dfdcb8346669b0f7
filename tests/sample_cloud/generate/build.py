"""Build the plan of a generated cloud from its parameters."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from .hosts import make_hosts
from .names import Names, dhcp_device_id
from .params import CloudParams
from .plan import (
    FloatingIp,
    Host,
    Instance,
    Network,
    Plan,
    Port,
    Project,
    Router,
    Subnet,
)

HOSTS_OF_A_NETWORK = 8  # keeps the tunnel mesh linear in the size of the cloud
NETWORKS_OF_A_ROUTER = 3
INSTANCES_WITH_TWO_NICS = 4  # every fourth
INSTANCES_WITH_FLOATING_IP = 4
NETWORKS_WITH_IPV6 = 7
VLAN_NETWORKS = 10  # every tenth network is a VLAN when tunnels are there too
FIRST_VLAN = 100
EXTERNAL_CIDR = IPv4Network("172.24.0.0/14")


class Builder:
    """Adds hosts, networks, routers and instances to a plan, in the order they depend."""

    def __init__(self, params: CloudParams) -> None:
        self.params = params
        self.names = Names(params.seed)
        self.plan = Plan()
        self.port_number = 0
        self.instance_number = 0

    def build(self) -> Plan:
        self._projects()
        self.plan.hosts = make_hosts(self.params)
        self._networks()
        self._routers()
        self._dhcp()
        for number in range(self.params.instances):
            self.add_instance(number)
        self._extra_ports()
        return self.plan

    def _projects(self) -> None:
        for name, text in (("admin", "Bootstrap project for initializing the cloud."),):
            self.plan.projects.append(Project(self.names.hex("project", name), name, text))
        self.plan.projects.append(Project(self.names.hex("project", "service"), "service"))
        for number in range(1, self.params.project_count + 1):
            name = f"team-{number:02d}"
            self.plan.projects.append(Project(self.names.hex("project", name), name))

    # -- networks ------------------------------------------------------------------------

    def _networks(self) -> None:
        kinds = self.params.type_drivers
        for number in range(self.params.networks):
            if number == 0:
                kind = "flat" if "flat" in kinds else kinds[-1]
            elif "vxlan" in kinds and not ("vlan" in kinds and number % VLAN_NETWORKS == 3):
                kind = "vxlan"
            else:
                kind = "vlan"
            self.plan.networks.append(self._network(number, kind))

    def _network(self, number: int, kind: str) -> Network:
        external = number == 0
        tunnelled = kind == "vxlan"
        provider = external or (kind == "vlan" and "vxlan" in self.params.type_drivers)
        segment = 1000 + number * 7 if tunnelled else FIRST_VLAN + number
        network = Network(
            id=self.names.uuid("network", number),
            name="public" if external else f"vlan-{segment}" if provider else f"net-{number:03d}",
            project=self.plan.admin if provider else self._tenant_of(number),
            kind=kind,
            segment=None if kind == "flat" else segment,
            number=number,
            external=external,
            shared=provider and not external,
        )
        computes = self.plan.hosts_with("compute")
        width = min(len(computes), HOSTS_OF_A_NETWORK)
        network.window = (number * len(computes) // self.params.networks, width)
        network.subnets.append(self._subnet(network))
        if not external and number % NETWORKS_WITH_IPV6 == 5:
            network.subnets.append(self._ipv6_subnet(network))
        return network

    def _tenant_of(self, number: int) -> Project:
        """Neighbouring networks share a project, so that two-NIC instances find both."""
        tenants = self.plan.projects[2:]
        return tenants[number * len(tenants) // self.params.networks]

    def _subnet(self, network: Network) -> Subnet:
        cidr = EXTERNAL_CIDR if network.external else self._cidr(network)
        return Subnet(
            id=self.names.uuid("subnet", network.number),
            name=f"{network.name}-subnet",
            network=network,
            cidr=cidr,
            gateway=str(cidr[1]),
            dhcp=not network.external,
            number=network.number,
            pool_start=100 if network.external else 2,
        )

    def _cidr(self, network: Network) -> IPv4Network:
        """Every project numbers its networks from the same start: addresses overlap on purpose."""
        expected = 3 * self.params.instances // max(1, self.params.networks - 1) + 60
        bits = max(8, expected.bit_length())
        if network.shared:
            return IPv4Network((0x64400000 + (network.number << bits), 32 - bits))
        first = next(
            (other.number for other in self.plan.networks if other.project is network.project),
            network.number,
        )
        start = 0xC0A80A00 if bits == 8 else 0x0A800000
        return IPv4Network((start + (network.number - first << bits), 32 - bits))

    def _ipv6_subnet(self, network: Network) -> Subnet:
        cidr = IPv6Network((0x20010DB8 << 96 | network.number << 64, 64))
        return Subnet(
            id=self.names.uuid("subnet6", network.number),
            name=f"{network.name}-subnet6",
            network=network,
            cidr=cidr,
            gateway=str(cidr[1]),
            dhcp=True,
            number=100000 + network.number,
        )

    # -- ports ---------------------------------------------------------------------------

    def add_port(
        self,
        network: Network,
        owner: str,
        device_id: str,
        *,
        host: Host | None = None,
        project_id: str | None = None,
        fixed: list[tuple[Subnet, str]] | None = None,
        name: str = "",
    ) -> Port:
        """A new port on a network, with an address of each of its subnets."""
        number = self.port_number
        self.port_number += 1
        if fixed is None:
            fixed = [(subnet, subnet.next_address()) for subnet in network.subnets]
        port = Port(
            id=self.names.uuid("port", number),
            mac=self.names.mac(number),
            network=network,
            project_id=network.project.id if project_id is None else project_id,
            owner=owner,
            device_id=device_id,
            number=number,
            fixed=fixed,
            host=host,
            name=name,
        )
        self.plan.ports.append(port)
        network.ports.append(port)
        if host:
            network.hosts[host] = network.hosts.get(host, 0) + 1
        return port

    def _routers(self) -> None:
        nodes = self.plan.hosts_with("network")
        groups: dict[str, list[Network]] = {}
        for network in self.plan.networks:
            if not network.external and not network.shared:
                group = groups.setdefault(network.project.id, [])
                group.append(network)
        number = 0
        for group in groups.values():
            for start in range(0, len(group), NETWORKS_OF_A_ROUTER):
                members = group[start : start + NETWORKS_OF_A_ROUTER]
                self._router(number, members, nodes[number % len(nodes)])
                number += 1

    def _router(self, number: int, members: list[Network], host: Host) -> None:
        project = members[0].project
        router = Router(
            id=self.names.uuid("router", number),
            name=f"{project.name}-router-{number}",
            project=project,
            host=host,
            number=number,
        )
        public = self.plan.networks[0]
        router.gateway = self.add_port(
            public, "network:router_gateway", router.id, host=host, project_id=""
        )
        for network in members:
            self.join(router, network)
        self.plan.routers.append(router)
        host.routers.append(router)

    def join(self, router: Router, network: Network) -> Port:
        """A new interface of a router: the gateway of a network."""
        owner, host = "network:router_interface", router.host
        fixed = [(subnet, subnet.gateway) for subnet in network.subnets]
        port = self.add_port(network, owner, router.id, host=host, fixed=fixed)
        router.interfaces.append(port)
        network.router = router
        return port

    def _dhcp(self) -> None:
        nodes = self.plan.hosts_with("network")
        for network in self.plan.networks:
            if network.external:
                continue
            host = network.router.host if network.router else nodes[network.number % len(nodes)]
            network.dhcp_host = host
            device = dhcp_device_id(host.name, network.id)
            host.dhcp.append(self.add_port(network, "network:dhcp", device, host=host))

    # -- instances -----------------------------------------------------------------------

    def add_instance(self, position: int, host: Host | None = None) -> Instance:
        """A new instance; its position decides networks, project, host and floating IP."""
        networks = self.plan.networks[1:] or self.plan.networks
        network = networks[position % len(networks)]
        round_ = position // len(networks)
        self.instance_number += 1
        project = network.project
        if network.shared or network.external:
            tenants = self.plan.projects[2:]
            project = tenants[position % len(tenants)]
        instance = Instance(
            id=self.names.uuid("instance", self.instance_number),
            name=f"{project.name}-vm-{self.instance_number:04d}",
            project=project,
            host=host or self._place(network, round_),
            number=self.instance_number,
        )
        self._plug(instance, network)
        if position % INSTANCES_WITH_TWO_NICS == 1:
            second = self._second_network(network, project, networks)
            if second is not network:
                self._plug(instance, second)
        self.plan.instances.append(instance)
        instance.host.instances.append(instance)
        if network.router and position % INSTANCES_WITH_FLOATING_IP == 2:
            self._floating_ip(instance.ports[0], network.router)
        return instance

    def _place(self, network: Network, round_: int) -> Host:
        computes = self.plan.hosts_with("compute")
        start, width = network.window
        return computes[(start + round_ % width) % len(computes)]

    def _second_network(self, first: Network, project: Project, networks: list[Network]) -> Network:
        """The next network the project may use: of its own, or shared."""
        start = networks.index(first)
        for offset in range(1, min(len(networks), VLAN_NETWORKS + 1)):
            network = networks[(start + offset) % len(networks)]
            if network.shared or network.project is project:
                return network
        return first

    def _plug(self, instance: Instance, network: Network) -> None:
        instance.ports.append(
            self.add_port(
                network,
                f"compute:{instance.host.zone}",
                instance.id,
                host=instance.host,
                project_id=instance.project.id,
            )
        )

    def _floating_ip(self, port: Port, router: Router) -> None:
        number = self.port_number
        floating_id = self.names.uuid("floatingip", number)
        outside = self.plan.networks[0]
        held = self.add_port(outside, "network:floatingip", floating_id, project_id="")
        floating = FloatingIp(floating_id, port, held, router, number)
        self.plan.floating_ips.append(floating)
        router.floating.append(floating)

    def _extra_ports(self) -> None:
        networks = self.plan.networks[1:] or self.plan.networks
        for number in range(self.params.extra_port_count):
            network = networks[number % len(networks)]
            self.add_port(network, "", "", name=f"spare-port-{number}")
