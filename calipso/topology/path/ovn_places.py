"""Places of OVN on a way: ports of routers, DHCP and metadata, on the host of whoever asks. Pure.

OVN has no namespace for routers and DHCP: the switch of each host does its part.
"""

from __future__ import annotations

from collections.abc import Mapping

from calipso.model.documents import Record
from calipso.model.drivers import BY_NAME
from calipso.topology.path.places import METADATA, bound_host
from calipso.topology.path.world import Place, World, addresses_of, host_was_read

_NAMES = frozenset(BY_NAME["OVN"].bound_names)


def words_of(port: Record) -> Record:
    """What OVN has of a port; empty when it was not read, or OVN has no such port."""
    found = port.get("ovn")
    return found if isinstance(found, Mapping) else {}


def handled_by_ovn(port: Record) -> bool:
    """True for a port that OVN wires, whether its databases were read or not."""
    details = port.get("binding:vif_details")
    bound = details.get("bound_drivers") if isinstance(details, Mapping) else None
    names = {str(name) for name in bound.values()} if isinstance(bound, Mapping) else set()
    return bool(words_of(port) or names & _NAMES)


def routed_by_ovn(world: World, entry: Record) -> bool:
    """True for a router's port that is a flow of each host: no agent has bound it to its own."""
    if words_of(entry).get("type") == "router":
        return True
    network = str(entry.get("network_id"))
    return not bound_host(entry) and any(map(handled_by_ovn, world.ports_of(network)))


def logical_place(port: Record, host: str) -> Place:
    """The place of a router's port on a host; without a host it is that of the other end."""
    return Place(
        network=str(port.get("network_id") or ""),
        port=port,
        host=host,
        addresses=addresses_of(port),
        logical=True,
    )


def dhcp_place(world: World, network: str, port: Record, host: str) -> Place | None:
    """Where OVN answers DHCP to a guest: on its own host. None: OVN has no answer for it."""
    service = world.one("vservice", f"{host}-dhcp-{network}")
    if service is None and words_of(port).get("chassis"):
        return None
    lines = (service or {}).get("dhcp") or ()
    servers = [str(line["server_id"]) for line in lines if line.get("server_id")]
    return Place(network, owner=service, host=host, addresses=servers, logical=True)


def metadata_place(world: World, network: str, host: str) -> Place | None:
    """The namespace for metadata on a guest's host; None where Neutron has no port for it."""
    ports = world.ports_of(network)
    port = next((each for each in ports if each.get("device_owner") == METADATA), None)
    if port is None:
        return None
    space = f"{host}-ovnmeta-{network}"
    return Place(
        network=network,
        port=port,
        vnic=world.one("vnic", f"{space}-tap{network[:10]}1"),
        owner=world.one("vservice", space),
        host=host,
        addresses=addresses_of(port),
        host_read=host_was_read(world, host),
    )


def service_place(world: World, service: Record) -> Place | None:
    """The place of DHCP or metadata of OVN on its host; None for a service of an agent."""
    network, host = str(service.get("network_id")), str(service.get("host"))
    name = str(service.get("local_service_id") or "")
    if name == f"dhcp-{network}":
        return dhcp_place(world, network, {}, host)
    return metadata_place(world, network, host) if name == f"ovnmeta-{network}" else None
