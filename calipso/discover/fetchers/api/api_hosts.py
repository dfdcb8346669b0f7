"""Hosts and zones of a region, joined from what Nova and Neutron list. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from calipso.model.drivers import NODE_AGENTS
from calipso.model.hosts import proxy_type
from calipso.model.inventory import Fetched
from calipso.sources.api.addresses import normal_ip
from calipso.sources.api.api_paging import Item

INTERNAL = "internal"
CONTROLLER = frozenset({"nova-conductor", "nova-scheduler"})
COMPUTE = "nova-compute"


#: Agents that make a host a network host; the first one present gives the host its `config`.
NETWORK_AGENTS = ("L3 agent", "DHCP agent", "Metadata agent")

#: OVN's controller on a host where routers have their gateways: it is a network host too.
OVN_GATEWAY = "OVN Controller Gateway agent"

#: Numbers an agent reports about its work: they belong to the agent, not to the host.
_COUNTERS = frozenset(
    {"devices", "ex_gw_ports", "floating_ips", "interfaces", "networks", "ports", "routers"}
    | {"subnets"}
)


def zone_of_hosts(services: Iterable[Item], agents: Iterable[Item]) -> dict[str, str]:
    """Return the zone of each host: that of nova-compute, otherwise of another Nova service.

    A host that Nova does not know runs network agents only. It is in the availability zone of its
    agents if Nova has a zone of that name, otherwise in `internal` with the other service hosts.
    """
    zones: dict[str, str] = {}
    for service in services:
        host, zone = str(service["host"]), str(service.get("zone") or INTERNAL)
        if service.get("binary") == COMPUTE or host not in zones:
            zones[host] = zone
    known = set(zones.values())
    wanted: dict[str, set[str]] = defaultdict(set)
    for agent in agents:
        wanted[str(agent["host"])].add(str(agent.get("availability_zone")))
    for host in sorted(wanted.keys() - zones.keys()):
        zones[host] = min(wanted[host] & known, default=INTERNAL)
    return zones


def zones(detail: Iterable[Item], services: list[Item], agents: list[Item]) -> list[Fetched]:
    """Return the zones that Nova lists, and those that it omits because all their
    services are off.
    """
    agents = [agent for agent in agents if agent.get("agent_type") not in NODE_AGENTS]
    members: dict[str, list[str]] = defaultdict(list)
    for host, zone in zone_of_hosts(services, agents).items():
        members[zone].append(host)
    state = {str(zone["zoneName"]): bool(zone["zoneState"]["available"]) for zone in detail}
    return [
        {
            "id": name,
            "name": name,
            "available": state.get(name, False),
            "hosts": sorted(members.get(name, ())),
        }
        for name in sorted(state.keys() | members.keys())
    ]


def hosts(services: list[Item], hypervisors: list[Item], agents: list[Item]) -> list[Fetched]:
    """Return each host that Nova or Neutron knows, in any state of its services."""
    agents = [agent for agent in agents if agent.get("agent_type") not in NODE_AGENTS]
    zone = zone_of_hosts(services, agents)
    found: dict[str, Fetched] = {
        name: {"id": name, "name": name, "host": name, "zone": zone[name], "services": {}}
        for name in sorted(zone)
    }
    for service in services:
        found[str(service["host"])]["services"][str(service["binary"])] = service_state(service)
    of_host: dict[str, list[Item]] = defaultdict(list)
    for agent in agents:
        of_host[str(agent["host"])].append(agent)
    for name, host in found.items():
        host["host_type"] = host_type(set(host["services"]), of_host[name])
        if of_host[name]:
            host["network_agents"] = _agent_states(of_host[name])
        if config := _config(of_host[name]):
            host["config"] = config
    for hypervisor in sorted(hypervisors, key=lambda item: str(item.get("id")), reverse=True):
        _add_hypervisor(found, hypervisor)
    for name, host in found.items():
        _name_proxy(host, of_host[name])
    return list(found.values())


def service_state(service: Item) -> Item:
    """State of a Nova service in the words of Nova's zone listing.

    `active`: not disabled by the administrator. `available`: alive, it reports in time.
    """
    state: Item = {
        "active": service.get("status") == "enabled",
        "available": service.get("state") == "up",
    }
    if service.get("disabled_reason"):
        state["disabled_reason"] = str(service["disabled_reason"])
    if service.get("forced_down"):
        state["forced_down"] = True
    return state


def _agent_states(agents: list[Item]) -> Item:
    """State of each agent of a host by its type, in the words of `service_state`."""
    return {
        str(agent["agent_type"]): {
            "active": bool(agent.get("admin_state_up", True)),
            "available": agent.get("alive"),
        }
        for agent in sorted(agents, key=lambda agent: str(agent.get("agent_type")))
    }


def _name_proxy(host: Item, agents: list[Item]) -> None:
    """Give the host of such hypervisors a type of its own.

    If the host also runs other services or agents, it is a machine too and keeps its type.
    """
    proxy = proxy_type(str(host.get("hypervisor_type") or ""))
    if not proxy:
        return
    others = [word for word in host["host_type"] if word != "Compute"]
    host["host_type"] = [*others, proxy]
    if not others and not agents:
        host.pop("ip_address", None)  # the address of a node or a vCenter, not of this host


def host_type(binaries: set[str], agents: list[Item]) -> list[str]:
    """Return the roles of a host: a list out of Controller, Compute, Network.

    Services that are down count too: a host keeps its roles when it fails.
    """
    kinds = {agent.get("agent_type") for agent in agents}
    types = ["Controller"] if binaries & CONTROLLER else []
    if COMPUTE in binaries:
        types.append("Compute")
    if kinds & {*NETWORK_AGENTS, OVN_GATEWAY} or (agents and not types):
        types.append("Network")
    return types


def _config(agents: list[Item]) -> Item:
    for kind in NETWORK_AGENTS:
        for agent in agents:
            if agent.get("agent_type") == kind and isinstance(agent.get("configurations"), dict):
                config = agent["configurations"]
                return {key: value for key, value in config.items() if key not in _COUNTERS}
    return {}


def _add_hypervisor(found: dict[str, Fetched], hypervisor: Item) -> None:
    hostname = str(hypervisor.get("hypervisor_hostname", ""))
    service = hypervisor.get("service") or {}
    names = (str(service.get("host", "")), hostname, hostname.partition(".")[0])
    host = next((found[name] for name in names if name in found), None)
    if host is None:
        return
    host["os_id"] = str(hypervisor["id"])
    host["hypervisor_hostname"] = hostname
    host["hypervisor_type"] = hypervisor.get("hypervisor_type")
    if hypervisor.get("host_ip"):
        host["ip_address"] = normal_ip(hypervisor["host_ip"])
