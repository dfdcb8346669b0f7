"""A site: networks, hosts and agents of a profile, and where each network leaves each host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from typing import Any

from ..generate.build import Builder
from ..generate.params import CloudParams
from ..generate.plan import (
    Host,
    Instance,
    Network,
    Port,
    Project,
    Segment,
    Subnet,
)
from .drawing import DrawnHost
from .truth import Truth


class Site:
    """Collects a profile: what the API says in `plan`, what hosts print in `hosts`, the truth."""

    def __init__(
        self,
        seed: int,
        *,
        distribution: str = "Devstack",
        mechanism: Sequence[str] = ("OVS",),
        type_drivers: str = "vxlan",
    ) -> None:
        self.distribution = distribution
        self.mechanism = mechanism
        self.type_drivers = type_drivers
        self.builder = Builder(CloudParams(seed=seed))
        self.names, self.plan, self.truth = self.builder.names, self.builder.plan, Truth()
        self.hosts: dict[str, DrawnHost] = {}
        #: objects of an APIC by class, where the hosts are on a fabric
        self.fabric: dict[str, list[dict[str, str]]] = {}
        #: other regions of the same catalogue; their truth is not this one
        self.others: dict[str, Site] = {}
        #: (host, network) -> NICs by which its frames leave
        self._carried: dict[tuple[str, Network], list[str]] = {}
        #: the same for one port, where it is not as for others of its network
        self.own_nics: dict[Port, list[str]] = {}
        #: focal point -> host and ports
        self._focal: dict[tuple[str, str], tuple[str, list[Port]]] = {}
        for name in ("admin", "service", "team-01"):
            self.plan.projects.append(Project(self.names.hex("project", name), name))

    # -- what there is -------------------------------------------------------------------

    def network(
        self,
        name: str,
        kind: str = "vxlan",
        number: int | None = None,
        *,
        physical: str = "physnet1",
        external: bool = False,
        segments: Sequence[tuple[str, int]] = (),
    ) -> Network:
        """A network; `segments` are physical network and VLAN of each, one subnet for each."""
        at = len(self.plan.networks)
        made = Network(
            id=self.names.uuid("network", at),
            name=name,
            project=self.plan.projects[0 if external else 2],
            kind=kind,
            segment=number,
            number=at,
            external=external,
            physical=physical,
        )
        self.plan.networks.append(made)
        for order, (where, vlan) in enumerate(segments):
            identity = self.names.uuid("segment", f"{name}/{order}")
            made.segments.append(Segment(identity, "vlan", where, vlan))
        for order, segment in enumerate(made.segments or [None]):
            cidr = IPv4Network((0x0A140000 + (at << 12) + (order << 8), 24))
            number = at * 10 + order
            made.subnets.append(
                Subnet(
                    id=self.names.uuid("subnet", number),
                    name=f"{name}-{order}",
                    network=made,
                    cidr=cidr,
                    gateway=str(cidr[1]),
                    dhcp=not external,
                    number=number,
                    segment=segment,
                )
            )
        self.truth.thing("network", name)
        return made

    def host(self, name: str, *roles: str, tunnel_ip: str = "") -> DrawnHost:
        """A host without devices and agents."""
        number = len(self.plan.hosts)
        made = Host(
            name=name,
            number=number,
            roles=frozenset(roles),
            driver={"LXB": "lxb", "OVN": "ovn"}.get(self.mechanism[0], "ovs"),
            hybrid=False,
            bonded=False,
            address=f"10.9.0.{number + 11}",
            tunnel_ip=tunnel_ip,
            zone="nova",
            rack=1,
            agents=[],
        )
        self.plan.hosts.append(made)
        self.hosts[name] = DrawnHost(made, self.names, self.truth)
        return self.hosts[name]

    def instance(self, name: str, drawn: DrawnHost) -> Instance:
        """An instance without ports."""
        number = len(self.plan.instances) + 1
        project = self.plan.projects[2]
        made = Instance(self.names.uuid("instance", number), name, project, drawn.host, number)
        self.plan.instances.append(made)
        drawn.host.instances.append(made)
        self.truth.thing("instance", name, host=drawn.name, status="ACTIVE")
        return made

    # -- agents --------------------------------------------------------------------------

    def agent(self, drawn: DrawnHost, kind: str, binary: str, configurations: Any) -> None:
        """An agent that Neutron lists."""
        topic = {"L3 agent": "l3_agent", "DHCP agent": "dhcp_agent"}.get(kind, "N/A")
        assert drawn.host.agents is not None
        drawn.host.agents.append((kind, binary, topic, configurations))
        self.truth.thing("network_agent", drawn.of(binary))

    def ovs_agent(self, drawn: DrawnHost, mappings: dict[str, str], tunnel_ip: str = "") -> None:
        more = {"tunnel_types": ["vxlan"] if tunnel_ip else [], "tunneling_ip": tunnel_ip}
        drawn.host.tunnel_ip = tunnel_ip
        conf = {"bridge_mappings": mappings, "integration_bridge": "br-int", **more}
        self.agent(drawn, "Open vSwitch agent", "neutron-openvswitch-agent", conf)

    def lxb_agent(self, drawn: DrawnHost, mappings: dict[str, str], tunnel_ip: str) -> None:
        conf = {
            "interface_mappings": mappings,
            "bridge_mappings": {},
            "tunnel_types": ["vxlan"],
            "tunneling_ip": tunnel_ip,
            "l2_population": True,
        }
        drawn.host.tunnel_ip = tunnel_ip
        self.agent(drawn, "Linux bridge agent", "neutron-linuxbridge-agent", conf)

    def network_node(self, drawn: DrawnHost, l3_mode: str = "legacy") -> None:
        """The agents of DHCP servers and routers."""
        self.agent(drawn, "DHCP agent", "neutron-dhcp-agent", {"dhcp_driver": "Dnsmasq"})
        self.agent(drawn, "L3 agent", "neutron-l3-agent", {"agent_mode": l3_mode})

    # -- ways ----------------------------------------------------------------------------

    def carries(self, drawn: DrawnHost, nics: Iterable[str], *networks: Network) -> None:
        """Frames of these networks, where the host has any, leave it by these NICs."""
        for network in networks:
            self._carried[drawn.name, network] = list(nics)

    def focal(self, kind: str, name: str, drawn: DrawnHost, ports: list[Port]) -> None:
        """Its clique leads to the networks of these ports; the list may grow."""
        self._focal[kind, name] = (drawn.name, ports)

    def finish(self) -> None:
        """What follows from ports and ways: who carries what, and where cliques lead."""
        for (kind, name), (host, ports) in self._focal.items():
            way = self.truth.way(kind, name)
            for port in ports:
                nics = self.own_nics.get(port, self._carried.get((host, port.network), []))
                way.networks.add(port.network.name)
                for nic in nics:
                    self._leads(way, self.hosts[host], nic, port.network.name)
        for kind, name in list(self._focal):
            if not self._focal[kind, name][1]:
                del self.truth.cliques[kind, name]

    def _leads(self, way: Any, drawn: DrawnHost, nic: str, network: str) -> None:
        members = drawn.members.get(nic, [])
        state = self.truth.objects["host_pnic", drawn.of(nic)].get("state", "up")
        self.truth.link("host_pnic-network", drawn.of(nic), network, [network], state)
        way.nics.add(drawn.of(nic))
        way.members |= {drawn.of(member) for member in members}
        ports = {drawn.switch_port.get(each) for each in members or [nic]}
        way.switch_ports |= {port for port in ports if port}
