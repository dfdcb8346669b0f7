"""Finds the place of a port: its device, its host and what it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.model.documents import Record
from calipso.topology.path.places import bound_host
from calipso.topology.path.world import Place, World, addresses_of


def place_of_instance(world: World, port: Record, instance: Record | None) -> Place:
    """The place of a port of an instance, on the host that Nova names, otherwise Neutron's."""
    host = str((instance or {}).get("host") or bound_host(port))
    vnic = world.one("vnic", f"{host}-tap{str(port['id'])[:11]}") or _by_port(
        world, host, port, instance
    )
    return Place(
        network=str(port.get("network_id") or ""),
        port=port,
        vnic=vnic,
        owner=instance,
        host=host,
        addresses=addresses_of(port),
    )


def _by_port(world: World, host: str, port: Record, instance: Record | None) -> Record | None:
    """A device with another name (hardware, a socket, macvtap), found by the port's id."""
    if instance is not None:
        for link in world.links(instance["_id"]):
            if link["link_type"] == "instance-vnic":
                vnic = world.key(link["target"])
                if vnic is not None and vnic.get("port_id") == port["id"]:
                    return vnic
        return None
    return next((v for v in world.on_host("vnic", host) if v.get("port_id") == port["id"]), None)


def place_in_namespace(
    world: World, port: Record, host: str, namespace: str, prefixes: Iterable[str]
) -> Place:
    """The place of a port whose device is in a namespace of a host."""
    service = world.one("vservice", f"{host}-{namespace}")
    vnic = None
    for prefix in prefixes:
        vnic = vnic or world.one("vnic", f"{host}-{namespace}-{prefix}{str(port['id'])[:11]}")
    return Place(
        network=str(port.get("network_id") or ""),
        port=port,
        vnic=vnic,
        owner=service,
        host=host,
        addresses=addresses_of(port),
    )


def dhcp_places(world: World, network: str) -> list[Place]:
    """The DHCP servers of a network, one for each port that Neutron has for one."""
    return [
        place_in_namespace(world, port, bound_host(port), f"qdhcp-{network}", ("tap", "ns-"))
        for port in world.ports_of(network)
        if port.get("device_owner") == "network:dhcp"
    ]
