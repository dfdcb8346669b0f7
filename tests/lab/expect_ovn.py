"""What must be in the inventory of a cloud on OVN, besides what every cloud has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ask_cloud import CloudFacts
from ask_hosts import HostFacts
from ask_ovn import OvnFacts
from expect import Check, Expected, Is, set_of
from expect_links import carried, link
from expect_objects import Hosts

AGENTS = ("OVN Controller agent", "OVN Controller Gateway agent")
#: Devices of Neutron that have no logical port in OVN: a floating IP is an address.
NO_PORT = "network:floatingip"


def ovn_hosts(cloud: CloudFacts) -> set[str]:
    """Hosts with ovn-controller."""
    return {agent["host"] for agent in cloud.agents if agent["agent_type"] in AGENTS}


def guests_at(cloud: CloudFacts, ovn: OvnFacts) -> dict[str, set[str]]:
    """Host -> networks of the guests on it, by where OVN has their ports; sub-ports too."""
    found: dict[str, set[str]] = {}
    for port in cloud.ports:
        owner, host = port["device_owner"], ovn.places.get(port["id"])
        if host and (owner.startswith("compute:") or owner == "trunk:subport"):
            found.setdefault(host, set()).add(port["network_id"])
    return found


def router_ports(cloud: CloudFacts, router: str) -> list[dict[str, Any]]:
    """Ports of a router, as Neutron lists them."""
    return [port for port in cloud.ports if port["device_id"] == router]


def router_hosts(cloud: CloudFacts, ovn: OvnFacts, router: dict[str, Any]) -> set[str]:
    """Where a router is: on its gateway, else wherever guests are behind it."""
    own = router_ports(cloud, router["id"])
    gateways = [port for port in own if port["device_owner"] == "network:router_gateway"]
    if gateways:
        active = {ovn.places.get(f"cr-lrp-{port['id']}", "") for port in gateways}
        return active - {""}
    behind = {port["network_id"] for port in own}
    return {host for host, networks in guests_at(cloud, ovn).items() if networks & behind}


def objects(cloud: CloudFacts, facts: Hosts, ovn: OvnFacts) -> Iterator[Expected]:
    """Switches, endpoints, routers and their ports, DHCP."""
    for host in sorted(ovn_hosts(cloud)):
        yield from switch(facts[host], ovn)
    for router in cloud.routers:
        for host in router_hosts(cloud, ovn, router):
            yield from router_objects(cloud, ovn, router, host)
    served = {subnet["network_id"] for subnet in cloud.subnets if subnet["enable_dhcp"]}
    for host, networks in guests_at(cloud, ovn).items():
        for network in networks & served:
            checks = {"host": Is(host), "service_type": Is("dhcp"), "network": set_of([network])}
            yield Expected("vservice", f"{host}-dhcp-{network}", checks)


def switch(said: HostFacts, ovn: OvnFacts) -> Iterator[Expected]:
    """The Open vSwitch of a host with ovn-controller, and its endpoint."""
    host, local = said.name, ovn.tunnel_ip(said.name)
    every = [(b, n, p) for b, ports in said.ovs.items() for n, p in ports.items()]
    ports = [
        (bridge, name, port["tag"], said.ofports.get(name))
        for bridge, name, port in every
        if "remote_ip" not in port["options"]
    ]
    gateway = "enable-chassis-as-gw" in ovn.settings[host].get("ovn-cms-options", "")
    checks: dict[str, Check] = {"host": Is(host), "agent_id": Is(ovn.chassis[host])}
    checks |= {"ports": set_of(ports), "system_id": Is(ovn.settings[host]["system-id"])}
    checks |= {"gateway": Is(gateway)}
    yield Expected("vedge", f"{host}-OVN", checks)
    tunnels = [(b, p["type"], p["options"]) for b, _, p in every if "remote_ip" in p["options"]]
    kinds = sorted(kind for kind, ip in ovn.encaps[host] if ip == local)
    checks = {"host": Is(host), "ip_address": Is(local), "overlay_type": Is(kinds[0])}
    checks |= {"tunnels": set_of((b, kind, o.get("local_ip")) for b, kind, o in tunnels)}
    checks |= {"remote_addresses": set_of(o["remote_ip"] for *_, o in tunnels)}
    yield Expected("otep", f"{host}-otep", checks | {"odd_tunnels": Is([])})


def router_objects(
    cloud: CloudFacts, ovn: OvnFacts, router: dict[str, Any], host: str
) -> Iterator[Expected]:
    """A router on a host: its networks, translations, number and ports."""
    identity, own = router["id"], router_ports(cloud, router["id"])
    nat = ovn.nat.get(identity, set())
    yield Expected(
        "vservice",
        f"{host}-router-{identity}",
        {
            "host": Is(host),
            "service_type": Is("router"),
            "network": set_of(port["network_id"] for port in own),
            "tunnel_key": Is(ovn.keys.get(identity)),
            "nat": set_of(nat),
        },
    )
    for port in own:
        yield Expected(
            "vnic (vservice)",
            f"{host}-router-{identity}-lrp-{port['id']}",
            {
                "host": Is(host),
                "port_id": Is(port["id"]),
                "mac_address": Is(port["mac_address"].lower()),
                "network": set_of([port["network_id"]]),
            },
        )


def words(cloud: CloudFacts, ovn: OvnFacts, expected: list[Expected]) -> list[Expected]:
    """The expected networks and ports, with what OVN has of them."""
    owners = {port["id"]: port["device_owner"] for port in cloud.ports}
    found = []
    for item in expected:
        if item.kind == "network":
            item = replace(item, checks={**item.checks, "ovn_key": Is(ovn.keys.get(item.id))})
        if item.kind == "port" and owners[item.id] != NO_PORT:
            place = ovn.places.get(item.id)
            item = replace(item, checks={**item.checks, "ovn_host": Is(place)})
        found.append(item)
    return found


def links(cloud: CloudFacts, facts: Hosts, ovn: OvnFacts) -> Iterator[Expected]:
    """Router ports on the switch of their host, endpoints, and who carries which network."""
    for host in sorted(ovn_hosts(cloud)):
        said, local = facts[host], ovn.tunnel_ip(host)
        up = said.up(said.owner_of(local))
        yield link("vedge-otep", f"{host}-OVN", f"{host}-otep", host, up)
        yield from carried(said, f"{host}-otep", local)
    for router in cloud.routers:
        for host in router_hosts(cloud, ovn, router):
            for port in router_ports(cloud, router["id"]):
                service, nets = f"{host}-router-{router['id']}", {port["network_id"]}
                vnic = f"{service}-lrp-{port['id']}"
                yield link("vservice-vnic", service, vnic, host, True, nets)
                yield link("vnic-vedge", vnic, f"{host}-OVN", host, True, nets)


def present(cloud: CloudFacts, ovn: OvnFacts, host: str) -> set[str]:
    """Networks of which something is on a host: a guest, or a router's port."""
    here = set(guests_at(cloud, ovn).get(host, ()))
    for router in cloud.routers:
        if host in router_hosts(cloud, ovn, router):
            here |= {port["network_id"] for port in router_ports(cloud, router["id"])}
    return here
