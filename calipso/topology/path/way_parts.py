"""Pieces of a way: its ends, the outside, the same hops in the other direction. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.model.answer import Verdict
from calipso.model.documents import Record
from calipso.model.path import Direction, Hop
from calipso.topology.path.ascent import Step
from calipso.topology.path.hops import hop_of
from calipso.topology.path.places import judge_instance
from calipso.topology.path.routing import FLOATING_AGENT
from calipso.topology.path.world import Place, World, addresses_of, is_tunnelled


def end_hops(place: Place) -> list[Hop]:
    """The hop of what has the port: an instance or a service; none for another port."""
    owner = place.owner
    if owner is None and place.logical and place.port is None:
        return [_service_not_read(place)]
    if owner is None or owner["type"] not in ("instance", "vservice"):
        return []
    return [judge_instance(owner) if owner["type"] == "instance" else hop_of(Step(owner), {})]


def _service_not_read(place: Place) -> Hop:
    """DHCP of OVN on a host whose databases nobody read."""
    text = f"{place.host}: nobody read OVN's databases, where its DHCP is"
    return not_read_hop("vservice", f"{place.host}-dhcp-{place.network}", place.host, text)


def not_read_hop(kind: str, name: str, host: str, text: str) -> Hop:
    """The hop of an object that is not in the inventory, because nobody read it."""
    hop = Hop(type=kind, id=name, name=name, host=host)
    hint = "The coverage report of the last scan says why: calipso scan show last"
    hop.fail(Verdict.UNKNOWN, "not_read", text, hint)
    return hop


def outside_hop(address: str) -> Hop:
    """The world outside the cloud."""
    return Hop(type="outside", id=address, name=address)


def mirrored(hops: Iterable[Hop]) -> list[Hop]:
    """The same hops as packets of the other direction meet them."""
    found = [hop.model_copy(deep=True) for hop in hops]
    for hop in found:
        hop.way_in, hop.way_out = hop.way_out, hop.way_in
        backwards = hop.direction is Direction.BACKWARD
        hop.direction = Direction.FORWARD if backwards else Direction.BACKWARD
    return found[::-1]


def networks_of_router(
    world: World, router_id: str, entry: Record, item: Record | None, host: str
) -> list[str]:
    """Networks that a router is on: as Neutron lists them, otherwise as its namespace shows."""
    if item is not None and item.get("network"):
        return [str(network) for network in item["network"]]
    for where in dict.fromkeys((str(entry.get("binding:host_id") or ""), host)):
        service = world.one("vservice", f"{where}-qrouter-{router_id}")
        if service is not None:
            return [str(network) for network in service.get("network") or ()]
    return [str(entry.get("network_id"))]


def agent_port(ports: Iterable[Record], host: str) -> Record | None:
    """The port of floating IPs of a host's L3 agent on an external network."""
    for port in ports:
        if port.get("device_owner") == FLOATING_AGENT and port.get("binding:host_id") == host:
            return port
    return None


def device_name(place: Place) -> str:
    return str((place.vnic or {}).get("name") or "")


def comes_from_outside(world: World, network: Record) -> bool:
    """True for a network whose gateway is a device outside the cloud."""
    if is_tunnelled(network):
        return False
    ports = world.ports_of(str(network.get("id")))
    inside = {address for port in ports for address in addresses_of(port)}
    subnets = (network.get("subnets") or {}).values()
    return any(s.get("gateway_ip") and s["gateway_ip"] not in inside for s in subnets)
