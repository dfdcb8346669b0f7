"""Mechanism drivers of Neutron: one row each, with the evidence for it and what reads it.

Agent types, binaries and VIF types are those that the drivers' own sources register at Neutron.
Commands are named as in `calipso.sources.cli.commands`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calipso.model.documents import Record


@dataclass(frozen=True)
class Driver:
    """One mechanism driver. `missing` says what a scan lacks while the driver is not read."""

    name: str
    title: str
    agent_types: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    vif_types: tuple[str, ...] = ()
    bound_names: tuple[str, ...] = ()  # in `bound_drivers` of a port's `binding:vif_details`
    commands: tuple[str, ...] = ()
    read: bool = False
    missing: str = "its switches, vNICs, tunnel endpoints and their links"


DRIVERS: tuple[Driver, ...] = (
    Driver(
        "OVS",
        "Open vSwitch agent",
        agent_types=("Open vSwitch agent",),
        binaries=("neutron-openvswitch-agent",),
        vif_types=("ovs", "vhostuser"),
        bound_names=("openvswitch",),
        commands=("ovs",),
        read=True,
    ),
    Driver(
        "LXB",
        "Linux bridge agent",
        agent_types=("Linux bridge agent",),
        binaries=("neutron-linuxbridge-agent",),
        vif_types=("bridge",),
        bound_names=("linuxbridge",),
        commands=("fdb",),
        read=True,
    ),
    Driver(
        "OVN",
        "Open Virtual Network",
        agent_types=(
            "OVN Controller agent",
            "OVN Controller Gateway agent",
            "OVN Metadata agent",
            "OVN Neutron agent",
        ),
        binaries=("ovn-controller", "neutron-ovn-metadata-agent", "neutron-ovn-agent"),
        bound_names=("ovn",),
        commands=("ovs", "ovn_chassis"),
        read=True,
    ),
    Driver(
        "SRIOV",
        "SR-IOV NIC agent",
        agent_types=("NIC Switch agent",),
        binaries=("neutron-sriov-nic-agent",),
        vif_types=("hw_veb", "hostdev_physical"),
        bound_names=("sriovnicswitch",),
        read=True,
    ),
    Driver(
        "MACVTAP",
        "Macvtap agent",
        agent_types=("Macvtap agent",),
        binaries=("neutron-macvtap-agent",),
        vif_types=("macvtap",),
        bound_names=("macvtap",),
        read=True,
    ),
    Driver(
        "VPP",
        "Vector Packet Processing",
        agent_types=("VPP agent",),
        binaries=("neutron-vpp-agent",),
        bound_names=("vpp",),
    ),
    Driver(
        "Calico",
        "Project Calico",
        agent_types=("Calico per-host agent (felix)", "Calico DHCP agent"),
        binaries=("felix", "calico-felix"),
        vif_types=("tap",),
        bound_names=("calico",),
        missing="its vNICs, routes and their links",
    ),
    Driver(
        "HyperV",
        "Hyper-V agent",
        agent_types=("HyperV agent",),
        binaries=("neutron-hyperv-agent",),
        vif_types=("hyperv",),
        bound_names=("hyperv",),
    ),
    Driver(
        "ODL",
        "OpenDaylight",
        agent_types=("ODL L2",),
        binaries=("neutron-odlagent-portbinding",),
        bound_names=("opendaylight", "opendaylight_v2"),
    ),
    Driver("Mellanox", "Mellanox eSwitch agent", vif_types=("ib_hostdev",), bound_names=("mlnx",)),
    Driver("DVS", "VMware DVS", agent_types=("DVS agent",), vif_types=("dvs",)),
    Driver("Midonet", "MidoNet", agent_types=("Midonet Agent",), vif_types=("midonet",)),
    # They configure switches of the data centre; another driver beside them plugs the hosts.
    Driver("Arista", "Arista switches", missing="the ports of its switches"),
    Driver("Nexus", "Cisco Nexus switches", missing="the ports of its switches"),
)

BY_NAME: Mapping[str, Driver] = {driver.name: driver for driver in DRIVERS}

#: Agents that stand for something else than a host: a node of Ironic each.
NODE_AGENTS = frozenset({"Baremetal Node"})

#: Agents that serve networks and plug no port: no driver, nothing is missing without one.
SERVICE_AGENTS = NODE_AGENTS | frozenset(
    {
        "L3 agent",
        "DHCP agent",
        "Metadata agent",
        "Metering agent",
        "BGP dynamic routing agent",
        "Loadbalancer agent",
        "Loadbalancerv2 agent",
        "VPN agent",
        "Baremetal L2 agent",
    }
)

#: VIF types of a port that no driver has plugged, or that no host carries.
UNPLUGGED = frozenset({"", "unbound", "binding_failed", "distributed", "other"})


@dataclass(frozen=True)
class Found:
    """A driver that a cloud shows: its row (None for an unknown one), words and hosts."""

    driver: Driver | None
    word: str  # the agent type or VIF type that was seen
    hosts: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name for people and for `mechanism_drivers`."""
        return self.driver.name if self.driver else self.word

    @property
    def missing(self) -> str:
        """What a scan lacks without it."""
        return self.driver.missing if self.driver else Driver("", "").missing

    def read_in(self, mechanism_drivers: Iterable[str]) -> bool:
        """True when a scan of an environment with these drivers reads it."""
        return self.driver is not None and self.driver.read and self.name in mechanism_drivers


def driver_of_agent(agent: Record) -> Driver | None:
    """The driver an agent belongs to, by its type, else by its binary; None for an unknown one."""
    kind, binary = str(agent.get("agent_type") or ""), str(agent.get("binary") or "")
    for driver in DRIVERS:
        if kind in driver.agent_types:
            return driver
    return next((driver for driver in DRIVERS if binary in driver.binaries), None)


def drivers_of_agents(agents: Iterable[Record]) -> list[Found]:
    """Drivers that agents of Neutron tell, each with the hosts; service agents are none."""
    seen: dict[tuple[str, str], set[str]] = {}
    for agent in agents:
        driver = driver_of_agent(agent)
        kind = str(agent.get("agent_type") or agent.get("binary") or "")
        if driver is None and kind in SERVICE_AGENTS:
            continue
        key = (driver.name, driver.title) if driver else ("", kind)
        seen.setdefault(key, set()).add(str(agent.get("host") or ""))
    return _found(seen)


def drivers_of_ports(ports: Iterable[Record]) -> list[Found]:
    """Drivers that bound ports tell, by who bound them, else by their VIF type.

    `bound_drivers` of `binding:vif_details` is exact; Neutron has it since the release Xena.
    """
    seen: dict[tuple[str, str], set[str]] = {}
    for port in ports:
        vif, host = str(port.get("binding:vif_type") or ""), str(port.get("binding:host_id") or "")
        if vif in UNPLUGGED or not host:
            continue
        for driver, word in _binders(port, vif):
            seen.setdefault((driver.name if driver else "", word), set()).add(host)
    return _found(seen)


def _binders(port: Record, vif: str) -> list[tuple[Driver | None, str]]:
    details = port.get("binding:vif_details")
    bound = details.get("bound_drivers") if isinstance(details, Mapping) else None
    names = {str(name) for name in bound.values()} if isinstance(bound, Mapping) else set()
    bound_by = [driver for driver in DRIVERS if names & set(driver.bound_names)]
    if bound_by:
        return [(driver, driver.title) for driver in bound_by]
    of_vif = [driver for driver in DRIVERS if vif in driver.vif_types]
    return [(driver, driver.title) for driver in of_vif[:1]] or [(None, f"VIF type {vif}")]


def _found(seen: Mapping[tuple[str, str], set[str]]) -> list[Found]:
    return [
        Found(BY_NAME.get(name), word, tuple(sorted(hosts - {""})))
        for (name, word), hosts in sorted(seen.items())
    ]


def commands_of(agent_types: Iterable[str], mechanism_drivers: Iterable[str]) -> set[str]:
    """Names of the commands that the drivers of a host add to what every host is asked.

    Only drivers of the environment count: no fetcher reads what the others would say.
    """
    kinds, wanted = set(agent_types), set(mechanism_drivers)
    return {
        command
        for driver in DRIVERS
        if driver.name in wanted and kinds & set(driver.agent_types)
        for command in driver.commands
    }
