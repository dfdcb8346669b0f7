"""Services that have a Neutron port and run in the host's own namespace.

Octavia's health manager is one: whoever installs it makes a port for each controller, and a device
(`o-hm0`) with the port's MAC. In Open vSwitch it is an internal port with the id of the Neutron
port; at a Linux bridge it is one end of a veth pair.
"""

from __future__ import annotations

from bson import ObjectId

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.kept_devices import broken_devices, stored_of_broken
from calipso.discover.fetchers.cli.ports import PortRef, ports_of
from calipso.discover.fetchers.db.agents import ids_by_other_name
from calipso.errors import AccessError, CalipsoError, ErrorKind, ParseError
from calipso.hostparse.iplink import Device, Devices
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import OVS
from calipso.topology.wiring import Wiring
from calipso.topology.wiring.nodes import Kind, Node, Relation

#: `device_owner` that Octavia's documentation gives to the ports of its health managers.
HEALTH_MANAGER = "Octavia:health-mgr"
_NAME = "octavia-health-manager"


def host_services(fetcher: CliAccess, host: str) -> list[Fetched]:
    """Return the health manager of a host that Neutron has a port for; none without one."""
    ports = _ports(fetcher, host)
    if not ports:
        return []
    return [
        {
            "id": f"{host}-{_NAME}",
            "name": _NAME,
            "host": host,
            "local_service_id": _NAME,
            "service_type": "octavia",
            "network": sorted({port.network_id for port in ports}),
            "master_parent_type": "vservices_folder",
            "master_parent_id": f"{host}-vservices",
            "parent_type": "vservice_miscellaneous_folder",
            "parent_id": f"{host}-vservices-miscellaneous",
            "parent_text": "Misc. services",
        }
    ]


def host_service_vnics(
    fetcher: CliAccess, host: str
) -> tuple[list[Fetched], list[CalipsoError], list[ObjectId]]:
    """Return the devices of these services, errors, and the `_id`s of what could not be read."""
    ports, mine = _ports(fetcher, host), {"vservice_id": f"{host}-{_NAME}"}
    if not ports:
        return [], [], []
    try:
        devices, wiring = fetcher.devices(host), fetcher.wiring(host)
    except (AccessError, ParseError) as error:
        stored = fetcher.inv.find(fetcher.env, "vnic", ("vservice_id",), host=host)
        own = [item["_id"] for item in stored if item.get("vservice_id") == mine["vservice_id"]]
        return [], [error], own
    found = []
    for port in ports:
        device = _device_of(wiring, devices, port)
        if device is not None:
            found.append(_vnic(wiring, host, device, port))
        elif not devices.broken and _switch_is_known(wiring):
            _tell(fetcher, host, port)
    unread = stored_of_broken(fetcher, host, devices, "vnic", "device", **mine)
    return found, [broken_devices(host, devices.broken)] if unread else [], unread


def _ports(fetcher: CliAccess, host: str) -> list[PortRef]:
    ids = ids_by_other_name(fetcher)
    owned = ports_of(fetcher).of_kind(HEALTH_MANAGER)
    return [port for port in owned if port.host and ids[port.host] == host]


def _device_of(wiring: Wiring, devices: Devices, port: PortRef) -> Device | None:
    """The device that Open vSwitch has for the port, else the only one with its MAC."""
    for interface in wiring.each(Kind.INTERFACE):
        if interface.facts.port_id == port.id:
            for node in wiring.to(Relation.IS_DEVICE, interface.key):
                return devices.get(node.name) if not node.netns else None
    same = [device for device in devices.values() if device.mac == port.mac_address]
    return same[0] if len(same) == 1 else None


def _switch_is_known(wiring: Wiring) -> bool:
    error = wiring.unread.get(OVS.name)
    return error is None or error.kind is ErrorKind.COMMAND_NOT_FOUND


def _vnic(wiring: Wiring, host: str, device: Device, port: PortRef) -> Fetched:
    node = wiring.device(device.name)
    peers = wiring.peers(Relation.PEER, node.key) if node else []
    return {
        "id": f"{host}-{_NAME}-{device.name}",
        "name": device.name,
        "host": host,
        "vnic_type": "vservice_vnic",
        "vservice_id": f"{host}-{_NAME}",
        "device": device.name,
        "kind": device.kind,
        **device_fields(device),
        "port_id": port.id,
        "network": port.network_id,
        **_peer(peers),
        "master_parent_type": "vservice",
        "master_parent_id": f"{host}-{_NAME}",
        "parent_type": "vnics_folder",
        "parent_id": f"{host}-{_NAME}-vnics",
        "parent_text": "vNICs",
    }


def _peer(peers: list[Node]) -> Fetched:
    return {"peer": {"device": peers[0].name, "namespace": peers[0].netns}} if peers else {}


def _tell(fetcher: CliAccess, host: str, port: PortRef) -> None:
    fetcher.problem(
        ("port", port.id),
        code="port_unplugged",
        message=f"{host}: port {port.id} ({port.mac_address}) of Octavia's health manager is "
        "bound to this host, but no device here is that port",
        hint="Octavia reaches its amphorae by it: is there a device `o-hm0` with this MAC?",
        host=host,
    )
