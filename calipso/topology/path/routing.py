"""Which way a packet goes: the next hop of a place, and what a router does with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from calipso.model.documents import Record
from calipso.topology.path.world import Place, World

#: Owners of the ports by which guests reach a router.
INSIDE = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
    "network:ha_router_replicated",
)
GATEWAY = "network:router_gateway"
CENTRAL_SNAT = "network:router_centralized_snat"
FLOATING_AGENT = "network:floatingip_agent_gateway"

#: Prefix of the device of a port in a namespace, by the owner of the port.
DEVICES = dict.fromkeys(INSIDE, "qr-") | {
    GATEWAY: "qg-",
    CENTRAL_SNAT: "sg-",
    FLOATING_AGENT: "fg-",
}


@dataclass(frozen=True)
class NextHop:
    """Where a place sends a packet: an address on its own network, and why."""

    address: str
    why: str


def next_hop(network: Record, place: Place, target: str) -> NextHop | None:
    """The next hop of a packet to another network; None when the place has no way there."""
    family = ip_address(target).version
    best: tuple[int, NextHop] | None = None
    for subnet in _subnets_of(network, place):
        if int(subnet.get("ip_version") or 4) != family:
            continue
        for route in subnet.get("host_routes") or ():
            length = _fits(target, str(route.get("destination") or ""))
            if length is not None and (best is None or length > best[0]):
                best = length, NextHop(str(route["nexthop"]), f"host route {route['destination']}")
        if subnet.get("gateway_ip") and best is None:
            best = -1, NextHop(str(subnet["gateway_ip"]), "gateway of the subnet")
    return best[1] if best else None


def _subnets_of(network: Record, place: Place) -> Iterator[Record]:
    """The subnets that the place has addresses in; all where it has none."""
    subnets: dict[str, Any] = network.get("subnets") or {}
    used = {str(ip.get("subnet_id")) for ip in (place.port or {}).get("fixed_ips") or ()}
    yield from (subnet for key, subnet in subnets.items() if not used or key in used)


def _fits(address: str, cidr: str) -> int | None:
    """Length of the prefix, when the address is in the range."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return None
    found = ip_address(address)
    return network.prefixlen if found.version == network.version and found in network else None


def in_network(network: Record, address: str) -> bool:
    """True when an address belongs to one of the subnets."""
    return any(_fits(address, str(cidr)) is not None for cidr in network.get("cidrs") or ())


@dataclass(frozen=True)
class Onward:
    """What a router does with a packet: the port by which it leaves, and the next address."""

    port: Record
    network: Record
    #: Empty: the target itself is on that network.
    via: str = ""
    why: str = ""


def router_ports(world: World, router_id: str, networks: Iterable[str]) -> list[Record]:
    """The ports of a router on these networks."""
    return [
        port
        for network in dict.fromkeys(networks)
        for port in world.ports_of(network)
        if str(port.get("device_id")) == router_id
    ]


def onward(world: World, router: Record, ports: list[Record], target: str) -> Onward | None:
    """Where a router sends a packet: a network of its own, a route of it, or its gateway."""
    gateway: Onward | None = None
    for port in ports:
        network = world.one("network", str(port.get("network_id")))
        if network is None:
            continue
        owner = str(port.get("device_owner"))
        if owner == GATEWAY:
            gateway = Onward(port, network, _gateway_of(network, port), "default route")
        if owner in (*INSIDE, GATEWAY) and in_network(network, target):
            if owner != GATEWAY:
                return Onward(port, network, "", "own network")
            gateway = Onward(port, network, "", "own network")
    best: tuple[int, Onward] | None = None
    for route in router.get("routes") or ():
        length = _fits(target, str(route.get("destination") or ""))
        longer = length is not None and (best is None or length > best[0])
        found = _by_route(world, ports, route) if longer else None
        if found is not None and length is not None:
            best = length, found
    return best[1] if best else gateway


def _by_route(world: World, ports: list[Record], route: Record) -> Onward | None:
    """A route of the router: its next hop is on one of the router's networks."""
    via = str(route.get("nexthop") or "")
    for port in ports:
        network = world.one("network", str(port.get("network_id")))
        owned = str(port.get("device_owner")) in (*INSIDE, GATEWAY)
        if network is not None and owned and in_network(network, via):
            return Onward(port, network, via, f"route {route.get('destination')}")
    return None


def _gateway_of(network: Record, port: Record) -> str:
    """The gateway of the subnet that the router's gateway port has an address in."""
    used = {str(ip.get("subnet_id")) for ip in port.get("fixed_ips") or ()}
    for key, subnet in (network.get("subnets") or {}).items():
        if key in used and subnet.get("gateway_ip"):
            return str(subnet["gateway_ip"])
    return ""
