"""The objects that must be in the inventory, from the raw answers of cloud and hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ask_cloud import CloudFacts
from ask_hosts import HostFacts
from expect import Check, Expected, Is, Mentions, set_of

Row = dict[str, Any]
Hosts = dict[str, HostFacts]

KINDS = {"qdhcp": "dhcp", "qrouter": "router", "snat": "snat", "fip": "fip"}
KINDS["ovnmeta"] = "metadata"

NETWORK_AGENTS = {"DHCP agent", "L3 agent", "Metadata agent", "OVN Controller Gateway agent"}


def addresses(link: Row, *scopes: str) -> set[str]:
    """Addresses of a device with their prefix length; with `scopes`, only of these."""
    return {
        str(ipaddress.ip_interface(f"{found['local']}/{found['prefixlen']}"))
        for found in link.get("addr_info", [])
        if not scopes or found.get("scope") in scopes
    }


def namespace_devices(facts: HostFacts) -> Iterator[tuple[str, Row]]:
    """(namespace, device) for each device of each named namespace."""
    for name, links in facts.namespaces.items():
        for link in links:
            if link.get("ifname", "lo") != "lo":
                yield name, link


def network_of(cloud: CloudFacts, host: str, mac: str) -> set[str]:
    """Networks of the ports that have this MAC on this host."""
    return {port["network_id"] for port in ports_at(cloud, host, mac)}


def ports_at(cloud: CloudFacts, host: str, mac: str) -> list[Row]:
    """Ports that have this MAC on this host; the sub-ports of trunks are no devices there."""
    ports = cloud.ports_by_mac.get(mac.lower(), [])
    everywhere = "network:distributed"  # OVN's port for metadata
    here = [p for p in ports if p["binding:host_id"] == host or p["device_owner"] == everywhere]
    return [port for port in here if port["device_owner"] != "trunk:subport"]


def networks_through(cloud: CloudFacts, host: str, mac: str) -> set[str]:
    """Networks that a guest reaches by this interface: its own, and those of its trunk."""
    return {net for port in ports_at(cloud, host, mac) for net in cloud.networks_by(port)}


def sub_ports(cloud: CloudFacts, host: str, mac: str) -> Iterator[tuple[str, str, int]]:
    """(port, network, VLAN of the guest) of each sub-port of an interface's trunk."""
    network = {port["id"]: port["network_id"] for port in cloud.ports}
    for port in ports_at(cloud, host, mac):
        for sub in cloud.sub_ports(port["id"]):
            yield sub["port_id"], network[sub["port_id"]], sub["segmentation_id"]


def from_cloud(cloud: CloudFacts) -> Iterator[Expected]:
    """Regions, projects, zones, aggregates, networks, ports, agents."""
    for region in cloud.regions:
        yield Expected("region", region, {"name": Is(region)})
    for project in cloud.projects:
        yield Expected("project", project["id"], {"name": Is(project["name"])})
    for zone in cloud.zones:
        checks = {"name": Is(zone["zoneName"]), "available": Is(zone["zoneState"]["available"])}
        yield Expected("availability_zone", zone["zoneName"], checks)
    for aggregate in cloud.aggregates:
        yield Expected("aggregate", str(aggregate["id"]), {"name": Is(aggregate["name"])})
        for host in aggregate["hosts"]:
            ref = f"aggregate-{aggregate['name']}-{host}"
            checks = {"name": Is(host), "parent_id": Is(str(aggregate["id"]))}
            yield Expected("host_ref", ref, checks)
    for agent in cloud.agents:
        checks = {name: Is(agent[name]) for name in ("host", "binary", "agent_type")}
        yield Expected("network_agent", f"{agent['binary']}-{agent['id']}", checks)
    yield from networks(cloud)
    yield from ports(cloud)


def networks(cloud: CloudFacts) -> Iterator[Expected]:
    same = (
        "name",
        "mtu",
        "shared",
        "status",
        "admin_state_up",
        "provider:network_type",
        "provider:physical_network",
        "provider:segmentation_id",
        "router:external",
    )
    for network in cloud.networks:
        subnets = [s for s in cloud.subnets if s["network_id"] == network["id"]]
        checks = {name: Is(network[name]) for name in same}
        yield Expected(
            "network",
            network["id"],
            {
                **checks,
                "subnet_ids": set_of(s["id"] for s in subnets),
                "cidrs": set_of(s["cidr"] for s in subnets),
                "subnets": Mentions(frozenset(str(s["id"]) for s in subnets)),
            },
        )


def ports(cloud: CloudFacts) -> Iterator[Expected]:
    same = (
        "network_id",
        "device_id",
        "device_owner",
        "status",
        "binding:host_id",
        "port_security_enabled",
    )
    for port in cloud.ports:
        checks = {name: Is(port[name]) for name in same}
        ips = frozenset(ip["ip_address"] for ip in port["fixed_ips"])
        pairs = [(p["ip_address"], p["mac_address"].lower()) for p in port["allowed_address_pairs"]]
        yield Expected(
            "port",
            port["id"],
            {
                **checks,
                "mac_address": Is(port["mac_address"].lower()),
                "fixed_ips": Mentions(ips),
                "allowed_address_pairs": set_of(pairs),
                "security_groups": set_of(port["security_groups"]),
            },
        )


def hosts_of(cloud: CloudFacts) -> set[str]:
    """Every host that runs a service of Nova or an agent of Neutron."""
    nova = {host for zone in cloud.zones for host in zone["hosts"] or {}}
    return nova | {agent["host"] for agent in cloud.agents}


def hosts(cloud: CloudFacts, facts: Hosts) -> Iterator[Expected]:
    services = {host: said for zone in cloud.zones for host, said in (zone["hosts"] or {}).items()}
    for host in sorted(hosts_of(cloud)):
        types = set()
        if "nova-conductor" in services.get(host, {}):
            types.add("Controller")
        if "nova-compute" in services.get(host, {}):
            types.add("Compute")
        if any(a["host"] == host and a["agent_type"] in NETWORK_AGENTS for a in cloud.agents):
            types.add("Network")
        own = {ip for link in facts[host].links for ip in addresses(link, "global")}
        checks: dict[str, Check] = {"name": Is(host), "addresses": Mentions(frozenset(own))}
        for hypervisor in cloud.hypervisors:
            if hypervisor["hypervisor_hostname"] == host:
                checks["ip_address"] = Is(hypervisor["host_ip"])
        yield Expected("host", host, {**checks, "host_type": set_of(types)})


def instances(cloud: CloudFacts, facts: Hosts) -> Iterator[Expected]:
    for server in cloud.servers:
        own = [p for p in cloud.ports if p["device_id"] == server["id"]]
        nets = {net for port in own for net in cloud.networks_by(port)}
        host = server["OS-EXT-SRV-ATTR:host"]
        yield Expected(
            "instance",
            server["id"],
            {
                "host": Is(host),
                "name": Is(server["name"]),
                "local_name": Is(server["OS-EXT-SRV-ATTR:instance_name"]),
                "project_id": Is(server["tenant_id"]),
                "network": set_of(nets),
            },
        )
    for host, said in facts.items():
        for uuid, guest in said.guests.items():
            for nic in guest["interfaces"]:
                if nic["dev"] not in said.devices:
                    continue  # a guest cut off from its host: there is nothing to be found
                yield Expected(
                    "vnic (instance)",
                    f"{host}-{nic['dev']}",
                    {
                        "host": Is(host),
                        "name": Is(nic["dev"]),
                        "instance_id": Is(uuid),
                        "mac_address": Is(nic["mac"].lower()),
                        "state": Is("up" if said.up(nic["dev"]) else "down"),
                        "network": set_of(network_of(cloud, host, nic["mac"])),
                        "sub_ports": set_of(sub_ports(cloud, host, nic["mac"])),
                    },
                )


def services(cloud: CloudFacts, facts: Hosts) -> Iterator[Expected]:
    for host, said in facts.items():
        carried: dict[str, set[str]] = {}
        for namespace, link in namespace_devices(said):
            nets = network_of(cloud, host, link["address"])
            carried.setdefault(namespace, set()).update(nets)
            peer = said.peer_of(namespace, link)
            yield Expected(
                "vnic (vservice)",
                f"{host}-{namespace}-{link['ifname']}",
                {
                    "host": Is(host),
                    "name": Is(link["ifname"]),
                    "mac_address": Is(link["address"].lower()),
                    "state": Is("up" if "LOWER_UP" in link["flags"] else "down"),
                    "addresses": set_of(addresses(link)),
                    "network": set_of(nets),
                    "peer": Is(peer and {"device": peer[1], "namespace": peer[0]}),
                },
            )
        for namespace in said.namespaces:
            checks: dict[str, Check] = {
                "host": Is(host),
                "service_type": Is(KINDS.get(namespace.partition("-")[0], "misc")),
                "local_service_id": Is(namespace),
                "network": set_of(carried.get(namespace, ())),
                "ha_state": Is(cloud.ha_states.get((namespace.partition("-")[2], host))),
            }
            yield Expected("vservice", f"{host}-{namespace}", checks)


def plumbing(cloud: CloudFacts, facts: Hosts) -> Iterator[Expected]:
    """NICs, bridges, virtual switches and tunnel endpoints of each host."""
    for host, said in facts.items():
        for nic in said.nics():
            device, seen = said.devices[nic], said.lldp.get(nic, {})
            checks: dict[str, Check] = {
                "host": Is(host),
                "name": Is(nic),
                "mac_address": Is(device["mac"].lower()),
                "mtu": Is(device["mtu"]),
                "addresses": set_of(addresses(said.by_name[nic])),
                "state": Is("up" if said.up(nic) else "down"),
            }
            if seen:
                keys = ("chassis.name", "port.descr", "port.mac")
                checks["lldp"] = Mentions(frozenset(seen[key] for key in keys if key in seen))
            yield Expected("host_pnic", f"{host}-{nic}", checks)
        for bridge, members in said.bridges.items():
            checks = {"host": Is(host), "interfaces_names": set_of(members)}
            yield Expected("vconnector", f"{host}-{bridge}", checks)
        yield from switch(cloud, said)
        for link in said.links:
            data = link.get("linkinfo", {}).get("info_data", {})
            if link.get("linkinfo", {}).get("info_kind") == "vxlan" and data.get("local"):
                checks = {"host": Is(host), "ip_address": Is(data["local"])}
                yield Expected("otep", f"{host}-otep-{link['ifname']}", checks)


def switch(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """The Open vSwitch of a host, as one virtual edge with all its bridges, and its endpoint."""
    agent = cloud.agent(said.name, "Open vSwitch agent")
    if not agent:
        return
    local = agent["configurations"].get("tunneling_ip")
    ports = [
        (bridge, name, port["tag"], said.ofports.get(name))
        for bridge, ports in said.ovs.items()
        for name, port in ports.items()
        if "remote_ip" not in port["options"] or not local
    ]
    tunnels = [
        (bridge, port["type"], port["options"].get("local_ip"), port["options"]["remote_ip"])
        for bridge, ports in said.ovs.items()
        for port in ports.values()
        if "remote_ip" in port["options"]
    ]
    checks: dict[str, Check] = {"host": Is(said.name), "agent_id": Is(agent["id"])}
    checks |= {"ports": set_of(ports)}
    yield Expected("vedge", f"{said.name}-OVS", checks)
    if local:
        kind = agent["configurations"]["tunnel_types"][0]
        checks = {"host": Is(said.name), "ip_address": Is(local), "overlay_type": Is(kind)}
        checks |= {"tunnels": set_of(alike for *alike, _ in tunnels), "odd_tunnels": Is([])}
        checks |= {"remote_addresses": set_of(peer for *_, peer in tunnels)}
        yield Expected("otep", f"{said.name}-otep", checks)


def switch_ports(said: HostFacts) -> Iterator[tuple[str, str, str]]:
    """(NIC, switch, port) of each NIC that sees a switch: chassis and port as LLDP has them."""
    for nic in said.nics():
        seen = said.lldp.get(nic, {})
        port = next((seen[k] for k in ("port.mac", "port.ifname", "port.local") if k in seen), None)
        if port is not None and "chassis.mac" in seen:
            yield nic, f"switch-{seen['chassis.mac']}", port


def switches(facts: Hosts) -> Iterator[Expected]:
    """Physical switches and their ports, each once however many hosts see them."""
    names = {
        name: said.lldp[nic].get("chassis.name", name.removeprefix("switch-"))
        for said in facts.values()
        for nic, name, _ in switch_ports(said)
    }
    for name, known_as in names.items():
        yield Expected("switch", name, {"name": Is(known_as)})
    ports = {(name, port) for said in facts.values() for _, name, port in switch_ports(said)}
    for name, port in sorted(ports):
        yield Expected("switch_pnic", f"{name}-{port}", {"parent_id": Is(name)})


def objects(cloud: CloudFacts, facts: Hosts) -> list[Expected]:
    """Everything that must be in the inventory, and nothing else of these types."""
    return [
        *from_cloud(cloud),
        *hosts(cloud, facts),
        *instances(cloud, facts),
        *services(cloud, facts),
        *plumbing(cloud, facts),
        *switches(facts),
    ]
