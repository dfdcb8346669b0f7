"""An end of a path: what a person names, and the places where it meets networks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from calipso.model.documents import Record
from calipso.topology.path.ovn_places import (
    dhcp_place,
    handled_by_ovn,
    logical_place,
    metadata_place,
    routed_by_ovn,
)
from calipso.topology.path.places_of import dhcp_places, place_of_instance
from calipso.topology.path.router import Router
from calipso.topology.path.routing import INSIDE, router_ports
from calipso.topology.path.way_parts import networks_of_router
from calipso.topology.path.world import Place, World, addresses_of

#: An address that no cloud has (RFC 5737): what `internet` stands for.
ANYWHERE = "192.0.2.1"


@dataclass
class End:
    """One end."""

    #: What answers call it.
    label: str
    places: list[Place] = field(default_factory=list)
    #: An address outside the cloud, where it is one.
    outside: str = ""
    floating: Record | None = None
    #: The floating IP of an instance that is named by itself.
    own_floating: Record | None = None
    #: The end is a network as such, not something on it.
    network: Record | None = None
    #: Which of its addresses is meant; empty: any.
    address: str = ""
    #: Object that the end is.
    item: Record | None = None
    #: What could not be found out about it, and why.
    missing: str = ""


def of_instance(world: World, item: Record) -> End:
    """All NICs of an instance."""
    places = [place_of_instance(world, port, item) for port in instance_ports(world, item)]
    places += [sub for place in places for sub in sub_places(world, place)]
    end = End(str(item.get("name") or item["id"]), places, item=item)
    end.own_floating = floating_of(world, item, places)
    return end


def floating_of(world: World, item: Record, places: list[Place]) -> Record | None:
    """The floating IP of an instance: its project's list has it, or nobody's."""
    ports = {str(place.port["id"]) for place in places if place.port}
    listed = world.floating_ips_of(str(item.get("project_id") or ""))
    return next((fip for fip in listed if str(fip.get("port_id")) in ports), None)


def sub_places(world: World, place: Place) -> Iterator[Place]:
    """The sub-ports of a trunk: the guest reaches their networks by the device of the trunk."""
    trunk = (place.port or {}).get("trunk_details") or {}
    for sub in trunk.get("sub_ports") or ():
        port = world.one("port", str(sub.get("port_id")))
        if port is not None:
            network = str(port.get("network_id"))
            yield Place(network, port, place.vnic, place.owner, place.host, addresses_of(port))


def instance_ports(world: World, item: Record) -> Iterator[Record]:
    """The ports of an instance in the order of its NICs."""
    found: dict[str, Record] = {}
    for network in dict.fromkeys(str(each) for each in item.get("network") or ()):
        for port in world.ports_of(network):
            if port.get("device_id") == item["id"]:
                found[str(port["id"])] = port
    order = [str(nic.get("id")) for nic in item.get("network_info") or () if isinstance(nic, dict)]
    yield from (found.pop(port) for port in order if port in found)
    yield from found.values()


def of_port(world: World, port: Record, address: str = "") -> End:
    """A port, with what it belongs to."""
    owner, device = str(port.get("device_owner") or ""), str(port.get("device_id") or "")
    label = f"port {port.get('port_name') or port['id']}"
    if owner in INSIDE:
        place = router_place(world, port)
    elif owner == "network:dhcp":
        found = dhcp_places(world, str(port.get("network_id")))
        place = next(each for each in found if each.port and each.port["id"] == port["id"])
    else:
        instance = world.one("instance", device) if device else None
        place = place_of_instance(world, port, instance)
        if instance is not None:
            shown = address or next(iter(addresses_of(port)), str(port["id"]))
            label = f"{instance.get('name') or device} ({shown})"
    return End(label, [place], item=port, address=address)


def router_place(world: World, port: Record, source_host: str = "") -> Place:
    """The place of a router's port on the host where the router is, for a guest's host."""
    if routed_by_ovn(world, port):
        return logical_place(port, source_host)
    router_id = str(port.get("device_id"))
    item = world.one("router", router_id)
    networks = networks_of_router(world, router_id, port, item, source_host)
    router = Router(
        world, router_id, item, router_ports(world, router_id, networks), port, source_host
    )
    return router.place(port, router.host())


def of_router(world: World, router_id: str, name: str, networks: list[str], near: str) -> End:
    """A router: the ports by which guests reach it."""
    ports = router_ports(world, router_id, networks)
    places = [router_place(world, p, near) for p in ports if p.get("device_owner") in INSIDE]
    return End(f"router {name}", places, item=world.one("router", router_id))


def of_network(network: Record) -> End:
    """A network as such."""
    return End(f"network {network.get('name') or network['id']}", network=network, item=network)


def some_address(network: Record) -> str:
    """An address of a network, for routing."""
    for subnet in (network.get("subnets") or {}).values():
        if subnet.get("gateway_ip"):
            return str(subnet["gateway_ip"])
    for cidr in network.get("cidrs") or ():
        return str(ip_network(str(cidr), strict=False)[1])
    return ""


def dhcp_of(world: World, item: Record) -> End:
    """The DHCP servers of the networks of an instance."""
    networks = list(dict.fromkeys(str(each) for each in item.get("network") or ()))
    by_ovn = ovn_networks(world, item)
    places = [
        place
        for network in networks
        if network not in by_ovn
        for place in dhcp_places(world, network)
    ]
    for network, port in by_ovn.items():
        if _wants_dhcp(world.one("network", network)):
            found = dhcp_place(world, network, port, str(item.get("host") or ""))
            places += [found] if found else []
    missing = ""
    if not places:
        wanted = [n for n in networks if _wants_dhcp(world.one("network", n))]
        missing = (
            (
                "OVN has no answers of DHCP for its networks"
                if by_ovn
                else "Neutron has no port of a DHCP server on its networks"
            )
            if wanted
            else "no subnet of its networks has DHCP"
        )
    return End(f"DHCP of {item.get('name') or item['id']}", places, missing=missing)


def ovn_networks(world: World, item: Record) -> dict[str, Record]:
    """Networks that an instance has by OVN, with its port on each."""
    return {
        str(port.get("network_id")): port
        for port in instance_ports(world, item)
        if handled_by_ovn(port)
    }


def _wants_dhcp(network: Record | None) -> bool:
    subnets = (network or {}).get("subnets") or {}
    return any(subnet.get("enable_dhcp") for subnet in subnets.values())


def metadata_of(world: World, item: Record) -> End:
    """What answers 169.254.169.254 on the networks of an instance: its router, else DHCP.

    With OVN it is a namespace on the instance's own host.
    """
    places: list[Place] = []
    by_ovn = ovn_networks(world, item)
    for network in dict.fromkeys(str(each) for each in item.get("network") or ()):
        here = metadata_place(world, network, str(item.get("host"))) if network in by_ovn else None
        if here is not None:
            places.append(here)
            continue
        found = world.one("network", network) or {}
        gateways = {str(s.get("gateway_ip")) for s in (found.get("subnets") or {}).values()}
        routers = [
            router_place(world, port, str(item.get("host") or ""))
            for port in world.ports_of(network)
            if port.get("device_owner") in INSIDE and gateways & set(addresses_of(port))
        ]
        places += routers or dhcp_places(world, network)
    missing = "" if places else "its networks have no router and no DHCP server"
    return End(f"metadata of {item.get('name') or item['id']}", places, missing=missing)
