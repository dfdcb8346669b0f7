"""Linux bridges of a host as vconnectors."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.cli.device_fields import device_fields
from calipso.discover.fetchers.cli.ports import PortRef, Ports, ports_of
from calipso.discover.fetchers.ways import barred_by, device_ways, ways_fields
from calipso.hostparse.iplink import Device, Devices
from calipso.model.inventory import Fetched
from calipso.sources.cli.cli_access import CliAccess
from calipso.topology.wiring import Wiring


def bridge_vconnectors(fetcher: CliAccess, host: str, wiring: Wiring) -> list[Fetched]:
    """Return every Linux bridge of the host as a vconnector.

    These are `qbr` of hybrid plugging, `brq` of the Linux bridge agent, and bridges that Neutron
    did not make (virbr0, br-mesh, docker0).
    """
    devices = fetcher.devices(host)
    ports = ports_of(fetcher)
    barred = barred_by({})
    unread = _unread_members(fetcher, host, devices)
    return [
        _vconnector(host, bridge, _members(bridge, devices), ports, unread.get(bridge.name, {}))
        | ways_fields(device_ways(wiring, bridge.name, barred), wanted=False)
        for bridge in devices.values()
        if bridge.kind == "bridge"
    ]


def _members(bridge: Device, devices: Devices) -> list[Device]:
    members = [device for device in devices.values() if device.master == bridge.name]
    return sorted(members, key=lambda device: device.name)


def _unread_members(fetcher: CliAccess, host: str, devices: Devices) -> dict[str, Fetched]:
    """Stored members by bridge that are, or may be, a device that cannot be read this time."""
    if not devices.broken:
        return {}
    stored = fetcher.inv.find(fetcher.env, "vconnector", ("bridge_name", "interfaces"), host=host)
    return {
        str(item.get("bridge_name")): {
            name: member
            for name, member in (item.get("interfaces") or {}).items()
            if devices.may_have(name)
        }
        for item in stored
    }


def _vconnector(
    host: str, bridge: Device, members: list[Device], ports: Ports, unread: Fetched
) -> Fetched:
    names = sorted([*(member.name for member in members), *unread])
    return {
        "id": f"{host}-{bridge.name}",
        "name": f"{host}-{bridge.name}",
        "host": host,
        "connector_type": "bridge",
        "bridge_name": bridge.name,
        "stp_enabled": "yes" if bridge.info.get("stp_state") else "no",
        "interfaces": {
            member.name: _interface(member, ports.of_device(member.name)) for member in members
        }
        | unread,
        "interfaces_names": names,
        "network": ports.networks_at([bridge.name, *names]),
        **device_fields(bridge),
    }


def _interface(member: Device, port: PortRef | None) -> dict[str, Any]:
    """Return a member of the bridge.

    `mac_address` is the MAC of its Neutron port (the guest's), if it has one.
    """
    fields: dict[str, Any] = {
        "name": member.name,
        "mac_address": port.mac_address if port else member.mac,
        "state": member.state,
        "kind": member.kind,
    }
    if member.kind == "vlan":
        fields["lower"] = member.lower
    return fields | ({"port_id": port.id, "network": port.network_id} if port else {})
