"""From the device that has a tunnel's address down to the NICs that carry it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from calipso.discover.fetchers.db.ovs_vedge import leaves_host
from calipso.hostparse.iplink import Device


def nics_of(name: str, devices: Mapping[str, Device], vedge: Mapping[str, Any]) -> list[str]:
    """NICs and bonds below a device: through VLANs, Linux bridges and OVS bridges."""
    return sorted(set(_below(name, devices, vedge, set())))


def _below(
    name: str, devices: Mapping[str, Device], vedge: Mapping[str, Any], seen: set[str]
) -> Iterator[str]:
    device = devices.get(name)
    if device is None or name in seen:
        return
    seen.add(name)
    port = (vedge.get("ports") or {}).get(name)
    if port and port["internal"]:
        yield from _uplinks(port["bridge"], vedge)
    elif device.kind in ("vlan", "macvlan", "ipvlan"):
        yield from _below(device.lower, devices, vedge, seen)
    elif device.kind == "bridge":
        for member in devices.values():
            if member.master == name:
                yield from _below(member.name, devices, vedge, seen)
    elif leaves_host(device):
        yield name


def _uplinks(bridge: str, vedge: Mapping[str, Any]) -> list[str]:
    """Uplinks of an OVS bridge, or of the bridges it is patched to when it has none itself."""
    of_bridge = {item["name"]: item["uplinks"] for item in vedge.get("bridges") or ()}
    patches = (vedge.get("patch_ports") or {}).values()
    reached, edge = {bridge}, [bridge]
    while edge:
        found = [name for item in edge for name in of_bridge.get(item, ())]
        if found:
            return found
        peers = {patch["peer_bridge"] for patch in patches if patch["bridge"] in edge}
        edge = sorted(peers - reached - {""})
        reached |= peers
    return []
