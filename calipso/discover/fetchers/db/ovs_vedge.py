"""The Open vSwitch fields of a vedge document: ports, tunnels, patches, uplinks."""

from __future__ import annotations

from collections.abc import Mapping

from calipso.discover.fetchers.db.ovs_tunnels import to_peer
from calipso.discover.fetchers.ways import port_fields as leads_to
from calipso.discover.fetchers.ways import switch_ways, uplinks, ways_fields
from calipso.hostparse.iplink import Device
from calipso.hostparse.ovsdb import Bridge, Interface, Port, bridge_of_patch
from calipso.model.documents import Document
from calipso.topology.wiring import Wiring


def switch_fields(
    bridges: Mapping[str, Bridge],
    devices: Mapping[str, Device],
    mappings: Mapping[str, str],
    wiring: Wiring,
    barred: frozenset[str],
    *,
    has_endpoint: bool = False,
) -> Document:
    """Fields `ports`, `patch_ports`, `bridges`, `uplinks`.

    `ports` holds every interface of every bridge, by name, patches included. Tunnels to other hosts
    are left out if the switch `has_endpoint`: they are stored there.
    """
    physical = {bridge: network for network, bridge in mappings.items()}
    ports: dict[str, Document] = {}
    patches: dict[str, Document] = {}
    described: list[Document] = []
    for bridge in bridges.values():
        ways = switch_ways(wiring, bridge.name, barred)
        for port, interface in bridge.interfaces():
            if has_endpoint and to_peer(interface):
                continue
            ports[interface.name] = port_fields(bridge, port, interface)
            if interface.type in ("system", "dpdk") and not interface.error:
                ports[interface.name] |= leads_to(wiring, interface.name, ways)
            if patch := patch_fields(bridge, interface, bridges, devices):
                patches[interface.name] = patch
        described.append(
            {
                "name": bridge.name,
                "datapath_type": bridge.datapath_type,
                "fail_mode": bridge.fail_mode,
                "physical_network": physical.get(bridge.name, ""),
                "uplinks": uplinks(ways),
                **ways_fields(ways, wanted=bridge.name in physical),
            }
        )
    return {
        "ports": ports,
        "patch_ports": patches,
        "bridges": described,
        "uplinks": sorted({name for item in described for name in item["uplinks"]}),
    }


def port_fields(bridge: Bridge, port: Port, interface: Interface) -> Document:
    """One interface of a bridge; `id` is its OpenFlow port number, None while OVS has none."""
    fields: Document = {
        "id": interface.ofport,
        "name": interface.name,
        "interface": interface.name,
        "port": port.name,
        "bridge": bridge.name,
        "type": interface.type,
        "internal": interface.internal,
        "mac_address": interface.attached_mac or interface.mac,
        "state": interface.state,
        "admin_state": interface.admin_state,
    }
    optional = {
        "tag": port.tag,
        "trunks": list(port.trunks) or None,
        "bond_mode": port.bond_mode or None,
        "port_id": interface.port_id or None,
        "error": interface.error or None,
        "other_config": port.other_config or None,
        "options": interface.options if interface.tunnel else None,
    }
    return fields | {key: value for key, value in optional.items() if value is not None}


def patch_fields(
    bridge: Bridge,
    interface: Interface,
    bridges: Mapping[str, Bridge],
    devices: Mapping[str, Device],
) -> Document:
    """Return a connection between two bridges: a patch port, or the veth pair of older releases."""
    device = devices.get(interface.name)
    veth = device.lower if device and device.kind == "veth" and device.peer_netns is None else ""
    peer = interface.peer or veth
    peer_bridge = bridge_of_patch(dict(bridges), peer) if peer else ""
    if not interface.peer and not peer_bridge:
        return {}
    return {
        "name": interface.name,
        "bridge": bridge.name,
        "peer": peer,
        "peer_bridge": peer_bridge,
    }
