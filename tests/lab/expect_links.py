"""The links that must be there, from the raw answers: which two things really touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ask_cloud import CloudFacts
from ask_hosts import DEAD_TAG, HostFacts
from expect import Check, Expected, Is, set_of
from expect_objects import (
    Hosts,
    namespace_devices,
    network_of,
    networks_through,
    switch_ports,
)

TUNNELS = ("vxlan", "gre", "geneve")


def link(
    kind: str, source: str, target: str, host: str, up: bool, nets: set[str] | None = None
) -> Expected:
    """One link; `id` holds both ends, `up` says whether frames can pass."""
    checks: dict[str, Check] = {"host": Is(host), "state": Is("up" if up else "down")}
    if nets:
        checks["network"] = set_of(nets)
    return Expected(kind, f"{source} -> {target}", checks)


def guests(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """Each guest's interface, and the bridge or switch it is plugged into."""
    host = said.name
    for uuid, guest in said.guests.items():
        for nic in guest["interfaces"]:
            if nic["dev"] not in said.devices:
                continue
            vnic, nets = f"{host}-{nic['dev']}", networks_through(cloud, host, nic["mac"])
            up = said.up(nic["dev"])
            seen = up and nic["dev"] not in said.unplugged  # what the guest sees of its link
            yield link("instance-vnic", uuid, vnic, host, seen, nets)
            yield from plugged(said, nic["dev"], vnic, up)


def plugged(said: HostFacts, device: str, vnic: str, up: bool) -> Iterator[Expected]:
    """What a device of this host is a port of."""
    bridge = said.bridge_of(device)
    if bridge:
        yield link("vnic-vconnector", vnic, f"{said.name}-{bridge}", said.name, up)
    port = said.port_of(device)
    if port:
        up = up and port["tag"] != DEAD_TAG and not port["error"]
        yield link("vnic-vedge", vnic, f"{said.name}-{said.switch}", said.name, up)


def services(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """Each device of a namespace; its outer end may be a veth peer in the host."""
    host = said.name
    for namespace, device in namespace_devices(said):
        vnic = f"{host}-{namespace}-{device['ifname']}"
        nets = network_of(cloud, host, device["address"])
        # Open vSwitch calls a device down that was moved to a namespace; the kernel knows.
        up = {"UP", "LOWER_UP"} <= set(device["flags"])
        yield link("vservice-vnic", f"{host}-{namespace}", vnic, host, up, nets)
        peer = said.peer_of(namespace, device)
        if peer and peer[0]:
            if (namespace, device["ifname"]) < peer:
                yield pair(said, (namespace, device), peer)
        elif peer or device.get("linkinfo", {}).get("info_kind") != "veth":
            yield from plugged(said, peer[1] if peer else device["ifname"], vnic, up)


def pair(said: HostFacts, one: tuple[str, dict[str, Any]], other: tuple[str, str]) -> Expected:
    """A veth pair between two namespaces: stored once, from the end whose id comes first."""
    host, (namespace, device) = said.name, one
    beyond = next(d for d in said.namespaces[other[0]] if d["ifname"] == other[1])
    ends = sorted([f"{host}-{namespace}-{device['ifname']}", f"{host}-{other[0]}-{other[1]}"])
    up = all("LOWER_UP" in end["flags"] for end in (device, beyond))
    return link("vnic-vnic", *ends, host, up)


def bridges(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """Linux bridges: to the switch through a veth pair, to NICs, to tunnel devices.

    One with NICs is a way out of the switch, and carries what these carry.
    """
    host, nics = said.name, said.nics()
    carried = {end.id: end.checks for end in networks(cloud, said)}
    for bridge, members in said.bridges.items():
        vconnector = f"{host}-{bridge}"
        for member in members:
            here = said.by_name[member]
            if here.get("link") and said.ovs_bridge_of(here["link"]):
                up = said.up(member) and said.up(here["link"])
                out = {f"{host}-{nic} -> " for nic in members if nic in nics}
                nets = {way.partition(" -> ")[2] for way in carried if way.startswith(tuple(out))}
                vedge = f"{host}-{said.switch}"
                found = link("vconnector-vedge", vconnector, vedge, host, up, nets)
                yield replace(found, checks={**found.checks, "uplink": Is(bool(out) or None)})
            kind = here.get("linkinfo", {}).get("info_kind")
            if kind == "vxlan":
                otep, up = f"{host}-otep-{member}", said.up(member)
                yield link("otep-vconnector", otep, vconnector, host, up)
                continue
            below = said.nics_below(member) if member in nics or kind == "vlan" else []
            for nic in below:
                up = said.up(member) and said.up(nic)
                yield link("vconnector-host_pnic", vconnector, f"{host}-{nic}", host, up)


def endpoints(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """Tunnel endpoints: the switch above them and the NIC (or bridge) below."""
    host = said.name
    agent = cloud.agent(host, "Open vSwitch agent")
    local = agent["configurations"].get("tunneling_ip") if agent else None
    if local:
        up = said.up(said.owner_of(local))
        yield link("vedge-otep", f"{host}-OVS", f"{host}-otep", host, up)
        yield from carried(said, f"{host}-otep", local)
    for device in said.links:
        info = device.get("linkinfo", {})
        if info.get("info_kind") == "vxlan" and info["info_data"].get("local"):
            yield from carried(said, f"{host}-otep-{device['ifname']}", info["info_data"]["local"])


def carried(said: HostFacts, otep: str, address: str) -> Iterator[Expected]:
    """What the packets of an endpoint leave by: the device that owns its address."""
    host, owner = said.name, said.owner_of(address)
    if owner in said.bridges:
        yield link("otep-vconnector", otep, f"{host}-{owner}", host, said.up(owner))
    elif owner:
        for nic in said.nics_below(owner):
            up = said.up(owner) and said.up(nic)
            yield link("otep-host_pnic", otep, f"{host}-{nic}", host, up)


def uplinks(said: HostFacts) -> Iterator[Expected]:
    """NICs that are ports of Open vSwitch, and bonds or teams of the kernel with their members."""
    host = said.name
    for nic in said.nics():
        port = said.port_of(nic)
        if port:
            up = said.up(nic) and not port["error"]
            vedge = f"{host}-{said.switch}"
            yield link("vedge-host_pnic", vedge, f"{host}-{nic}", host, up)
    for bond in said.aggregates():
        for member, seen in said.members[bond].items():
            if member in said.nics():
                up = said.up(member) and seen in ("up", "-")
                yield link("host_pnic-host_pnic", f"{host}-{bond}", f"{host}-{member}", host, up)


def networks(cloud: CloudFacts, said: HostFacts) -> Iterator[Expected]:
    """Which NIC carries which network of this host."""
    host = said.name
    here = {port["network_id"] for port in cloud.bound_ports(host)} | said.networks
    for _, device in namespace_devices(said):
        here |= network_of(cloud, host, device["address"])
    for network in cloud.networks:
        if network["id"] in here:
            for nic in wires(cloud, said, network):
                pnic, nets = f"{host}-{nic}", {network["id"]}
                yield link("host_pnic-network", pnic, network["id"], host, said.up(nic), nets)


def wires(cloud: CloudFacts, said: HostFacts, network: dict[str, object]) -> set[str]:
    """NICs of this host that carry the network's frames."""
    found: set[str] = set()
    for agent in cloud.agents:
        said_by = agent["configurations"]
        if agent["host"] != said.name:
            continue
        if network["provider:network_type"] in TUNNELS:
            owner = said.owner_of(said_by.get("tunneling_ip") or said.tunnel_ip or "none")
            found |= set(said.nics_below(owner)) if owner else set()
        else:
            physical = network["provider:physical_network"]
            for mapping in ("bridge_mappings", "interface_mappings"):
                device = ((said_by.get(mapping) or {}) | said.mappings).get(physical)
                if device in said.ovs:
                    found |= set(said.nics_of_switch(device))
                elif device:
                    found |= set(said.nics_below(device))
    return found


def cables(facts: Hosts) -> Iterator[Expected]:
    """Each NIC and the switch port it sees; each port and its switch, whose state nobody says."""
    ports = set()
    for said in facts.values():
        for nic, name, port in switch_ports(said):
            ports.add((name, f"{name}-{port}"))
            pnic = f"{said.name}-{nic}"
            yield link("host_pnic-switch_pnic", pnic, f"{name}-{port}", said.name, said.up(nic))
    for name, port in sorted(ports):
        yield Expected("switch-switch_pnic", f"{name} -> {port}", {"state": Is("unknown")})


def links(cloud: CloudFacts, facts: Hosts) -> list[Expected]:
    """Every link between things that really touch."""
    found: list[Expected] = []
    for said in facts.values():
        found += guests(cloud, said)
        found += services(cloud, said)
        found += bridges(cloud, said)
        found += endpoints(cloud, said)
        found += uplinks(said)
        found += networks(cloud, said)
    return [*found, *cables(facts)]
