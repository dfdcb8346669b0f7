"""The ways out of a host as fields of objects. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calipso.model.documents import Document
from calipso.topology.plumbing import integration_bridge
from calipso.topology.wiring import Way, Ways, Wiring, ways_of_bridge, ways_of_device
from calipso.topology.wiring.nics import same_function
from calipso.topology.wiring.nodes import Key, Kind, Relation


def ways_fields(ways: Ways, *, wanted: bool = True) -> Document:
    """Fields `ways_out`, and `ends_at` (last device reached, and why) where there is none though
    one is `wanted`: of a switch for guests only, nobody wants any."""
    fields: Document = {"ways_out": [_way(way) for way in ways.ways]}
    end = ways.ends_at
    if end is not None and wanted:
        fields["ends_at"] = {"device": end.node.name, "reason": end.reason}
    return fields


def barred_by(configurations: Mapping[str, Any]) -> frozenset[str]:
    """Bridges no way leads through, by the configurations of a host's agent."""
    return frozenset({integration_bridge(configurations)})


def switch_ways(wiring: Wiring, bridge: str, barred: frozenset[str]) -> Ways:
    """Ways of a bridge of Open vSwitch; none of one that is not there."""
    node = wiring.find(Kind.BRIDGE, bridge)
    return ways_of_bridge(wiring, node, barred) if node else Ways()


def device_ways(wiring: Wiring, name: str, barred: frozenset[str]) -> Ways:
    """Ways of a device of the host: of all a Linux bridge passes on, or of what is sent by it."""
    node = wiring.device(name)
    if node is None:
        return Ways()
    if node.facts.kind == "bridge":
        return ways_of_bridge(wiring, node, barred)
    return ways_of_device(wiring, node, barred)


def nic_names(ways: Ways) -> list[str]:
    """Names of the NICs reached, each once, sorted."""
    return [node.name for node in ways.nics]


def uplinks(ways: Ways) -> list[str]:
    """Interfaces of a bridge of Open vSwitch by which it leaves the host itself, not through
    another bridge it is joined with."""
    direct = [way for way in ways.ways if all(node.kind is not Kind.BRIDGE for node in way.via)]
    steps = ([n for n in (*way.via, way.nic) if n.kind is not Kind.PORT] for way in direct)
    return sorted({found[0].name for found in steps})


def port_fields(wiring: Wiring, interface: str, ways: Ways) -> Document:
    """What an interface of Open vSwitch leads to on the host: `linux_bridge` and the member of it
    (`bridge_member`; "": the bridge's own device), else `nics`, by VLAN devices and the like."""
    node = wiring.find(Kind.INTERFACE, interface)
    devices = wiring.to(Relation.IS_DEVICE, node.key) if node else []
    for device in devices:
        if device.facts.kind == "bridge":
            return {"linux_bridge": device.name, "bridge_member": ""}
        for peer in wiring.peers(Relation.PEER, device.key):
            for master in wiring.to(Relation.MASTER, peer.key):
                return {"linux_bridge": master.name, "bridge_member": peer.name}
    own = {device.key for device in (*devices, *(same_function(wiring, node) if node else ()))}
    nics = sorted({way.nic.name for way in ways.ways if _direct(way, interface, own)})
    return {"nics": nics} if nics else {}


def _direct(way: Way, interface: str, own: set[Key]) -> bool:
    """True for a way by this interface without a bridge between. `own` are its devices: they may
    be called otherwise, by another name of the kernel's or beside DPDK."""
    steps = [node for node in (*way.via, way.nic) if node.kind is not Kind.PORT]
    between = all(n.kind is Kind.DEVICE and n.facts.kind != "bridge" for n in steps[:-1])
    return between and (steps[0].name == interface or steps[0].key in own)


def _way(way: Way) -> Document:
    found: Document = {"nic": way.nic.name, "via": way.names(), "vlans": list(way.vlans)}
    if way.only is not None:
        found["only_vlans"] = sorted(way.only)
    switches = [node.name for node in way.via if node.kind is Kind.BRIDGE]
    if switches:
        found["switches"] = switches
    return found
