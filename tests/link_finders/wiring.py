"""Objects of hosts wired as OpenStack wires them: what the fetchers would have stored.

Short functions, one per object type; a whole cloud of any size is put together by `cloud`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from calipso.model.inventory import object_key

ENV = "lab"
Item = dict[str, Any]


def item(kind: str, item_id: str, name: str, host: str = "", **fields: Any) -> Item:
    """An inventory object with its common fields."""
    found: Item = {
        "environment": ENV,
        "type": kind,
        "id": item_id,
        "name": name,
        "object_name": name,
    }
    return found | ({"host": host} if host else {}) | fields


def stored(document: Mapping[str, Any]) -> Item:
    """The object as the store returns it: with `_id`."""
    key = object_key(document["environment"], document["type"], document["id"])
    return {"_id": key} | dict(document)


def network(net: str, kind: str = "vxlan", physical: str = "", number: int | None = None) -> Item:
    """A Neutron network whose id and name are alike."""
    return item("network", f"net-{net}", net, network=f"net-{net}") | {
        "provider:network_type": kind,
        "provider:physical_network": physical or None,
        "provider:segmentation_id": number,
    }


def port(port_id: str, net: str, host: str, vif: str = "ovs", owner: str = "compute:nova") -> Item:
    """A Neutron port."""
    found = item("port", port_id, port_id, network_id=f"net-{net}", device_owner=owner)
    return found | {"binding:host_id": host, "binding:vif_type": vif}


def instance(name: str, host: str, *plugs: tuple[str, str]) -> Item:
    """An instance with its (device, network) pairs."""
    info = [
        {"devname": dev, "address": mac(host, dev), "network": {"id": f"net-{net}", "label": net}}
        for dev, net in plugs
    ]
    nets = [f"net-{net}" for _, net in plugs]
    return item("instance", f"vm-{name}", name, host, network_info=info, network=nets)


def mac(host: str, device: str) -> str:
    """A MAC that follows from host and device."""
    digits = hashlib.sha256(f"{host}{device}".encode()).hexdigest()
    return "fa:16:3e:" + ":".join(digits[i : i + 2] for i in (0, 2, 4))


def vnic(host: str, device: str, owner: str, net: str | None, state: str = "up") -> Item:
    """The tap device of an instance."""
    return item(
        "vnic",
        f"{host}-{device}",
        device,
        host,
        vnic_type="instance_vnic",
        instance_id=f"vm-{owner}",
        parent_id=f"vm-{owner}-vnics",
        mac_address=mac(host, device),
        state=state,
        network=net and f"net-{net}",
    )


def vservice(host: str, netns: str, *nets: str) -> Item:
    """A DHCP server or router: a namespace."""
    kind = "dhcp" if netns.startswith("qdhcp") else "router"
    networks = [f"net-{net}" for net in nets]
    return item("vservice", f"{host}-{netns}", netns, host, service_type=kind, network=networks)


def service_vnic(host: str, netns: str, device: str, net: str | None, state: str = "up") -> Item:
    """A device in a namespace."""
    return item(
        "vnic",
        f"{host}-{netns}-{device}",
        device,
        host,
        vnic_type="vservice_vnic",
        parent_id=f"{host}-{netns}-vnics",
        mac_address=mac(host, device),
        state=state,
        network=net and f"net-{net}",
    )


def pnic(host: str, name: str, state: str = "up", **more: Any) -> Item:
    """A NIC or bond."""
    return item("host_pnic", f"{host}-{name}", name, host, state=state, **more)


def vconnector(host: str, bridge: str, members: Sequence[str], net: str | None = None) -> Item:
    """A Linux bridge."""
    interfaces = {
        member: {"name": member, "mac_address": mac(host, member), "state": "up"}
        for member in members
    }
    return item(
        "vconnector",
        f"{host}-{bridge}",
        f"{host}-{bridge}",
        host,
        bridge_name=bridge,
        interfaces=interfaces,
        interfaces_names=list(members),
        network=net and f"net-{net}",
    )


def vedge(host: str, ports: Mapping[str, Any], mappings: Mapping[str, str] | None = None) -> Item:
    """An Open vSwitch: port name -> bridge, or a dict of more."""
    found = {}
    for number, (name, told) in enumerate(ports.items(), 1):
        fields = told if isinstance(told, dict) else {"bridge": told}
        found[name] = {"id": number, "name": name, "state": "up"} | fields
    patches = {name: p for name, p in found.items() if p.get("type") == "patch"}
    configurations = {
        "bridge_mappings": dict(mappings or {}),
        "tunnel_types": ["vxlan"],
        "integration_bridge": "br-int",
    }
    return item(
        "vedge",
        f"{host}-OVS",
        f"{host}-OVS",
        host,
        ports=found,
        patch_ports=patches,
        configurations=configurations,
    )


def agent(host: str, binary: str = "neutron-linuxbridge-agent", **configurations: Any) -> Item:
    """A network agent."""
    return item("network_agent", f"{binary}-{host}", binary, host, configurations=configurations)


def otep(host: str, address: str, nics: Sequence[str], **more: Any) -> Item:
    """The tunnel endpoint of an Open vSwitch."""
    return item(
        "otep",
        f"{host}-otep",
        f"{host}-otep",
        host,
        parent_id=f"{host}-OVS",
        parent_type="vedge",
        ip_address=address,
        overlay_type="vxlan",
        pnics=list(nics),
        state="up",
        **more,
    )


def vxlan_device(
    host: str, vni: int, bridge: str, address: str, nics: Sequence[str], **more: Any
) -> Item:
    """The tunnel endpoint of one network with the Linux bridge agent."""
    return item(
        "otep",
        f"{host}-otep-vxlan-{vni}",
        f"{host}-otep-vxlan-{vni}",
        host,
        parent_id=f"{host}-{bridge}",
        parent_type="vconnector",
        ip_address=address,
        overlay_type="vxlan",
        pnics=list(nics),
        vni=vni,
        vconnector=f"{host}-{bridge}",
        state="up",
        **more,
    )


def switch_of(nics: Iterable[Item]) -> Iterator[Item]:
    """The one switch that these NICs are plugged into, its ports, and what each NIC sees."""
    switch = "switch-3c:08:cd:10:00:01"
    seen = {"system_name": "leaf-1", "chassis_id": switch.removeprefix("switch-")}
    yield item("switch", switch, "leaf-1")
    for number, nic in enumerate(nics, 1):
        name = f"Ethernet{number}"
        nic["lldp"] = {**seen, "port_id": name, "capabilities": ["Bridge"]}
        yield item("switch_pnic", f"{switch}-{name}", name, parent_id=switch, parent_type="switch")


# -- whole hosts -----------------------------------------------------------------------------

#: What is plugged into a host: (instance, short port id, network).
Plugs = Sequence[tuple[str, str, str]]


def patch(bridge: str, peer: str, peer_bridge: str) -> Item:
    """A patch port of a bridge, for `vedge`."""
    return {"bridge": bridge, "type": "patch", "peer": peer, "peer_bridge": peer_bridge}


def switch_ports() -> dict[str, Any]:
    """Ports every Open vSwitch here has: patches between its bridges, and two uplinks."""
    return {
        "phy-br-ex": patch("br-ex", "int-br-ex", "br-int"),
        "int-br-ex": patch("br-int", "phy-br-ex", "br-ex"),
        "patch-int": patch("br-tun", "patch-tun", "br-int"),
        "patch-tun": patch("br-int", "patch-int", "br-tun"),
        "eth1": "br-phy",
        "eth2": "br-ex",
        "br-phy": {"bridge": "br-phy", "internal": True},
    }


def ovs_host(host: str, plugs: Plugs, *, hybrid: bool) -> Iterator[Item]:
    """A host whose tunnel address lies on br-phy (eth1) and whose br-ex has eth2."""
    ports = switch_ports()
    for owner, short, net in plugs:
        tap = f"tap{short}"
        yield vnic(host, tap, owner, net)
        yield port(f"{short}-port", net, host)
        ports[f"qvo{short}" if hybrid else tap] = {"bridge": "br-int", "tag": 1}
        if hybrid:
            yield vconnector(host, f"qbr{short}", [f"qvb{short}", tap], net)
    yield vedge(host, ports, {"physnet1": "br-ex"})
    yield otep(host, "192.0.2.11", ["eth1"], device="br-phy")
    for name in ("eth0", "eth1", "eth2"):
        yield pnic(host, name)


def bridge_host(host: str, plugs: Plugs, vnis: Mapping[str, int]) -> Iterator[Item]:
    """A host of the Linux bridge agent: VXLAN by eth1, flat and VLAN by eth2."""
    members: dict[str, list[str]] = {}
    for owner, short, net in plugs:
        yield vnic(host, f"tap{short}", owner, net)
        yield port(f"{short}-port", net, host, vif="bridge")
        members.setdefault(net, []).append(f"tap{short}")
    for net, taps in members.items():
        bridge = f"brq{net}"
        if net in vnis:
            yield vxlan_device(host, vnis[net], bridge, "192.0.2.13", ["eth1"])
            taps.append(f"vxlan-{vnis[net]}")
        else:
            taps.append("eth2" if net == "public" else "eth2.100")
        yield vconnector(host, bridge, taps, net)
    yield agent(host, interface_mappings={"physnet1": "eth2"}, tunnel_types=["vxlan"])
    for name in ("eth0", "eth1", "eth2"):
        yield pnic(host, name)


def network_host(host: str, nets: Sequence[str]) -> Iterator[Item]:
    """A network node: a DHCP server per network, and one router on all of them."""
    ports = switch_ports()
    for net in nets:
        yield vservice(host, f"qdhcp-{net}", net)
        yield service_vnic(host, f"qdhcp-{net}", f"tap{net}", net)
        yield service_vnic(host, "qrouter-1", f"qr-{net}", net)
        ports |= {
            f"tap{net}": {"bridge": "br-int", "internal": True, "tag": 1},
            f"qr-{net}": {"bridge": "br-int", "internal": True, "tag": 1},
        }
        yield port(f"dhcp-{net}", net, host, owner="network:dhcp")
        yield port(f"gate-{net}", net, host, owner="network:router_interface")
    yield vservice(host, "qrouter-1", *nets)
    yield vedge(host, ports, {"physnet1": "br-ex"})
    yield otep(host, "192.0.2.21", ["eth1"], device="br-phy")
    for name in ("eth0", "eth1", "eth2"):
        yield pnic(host, name)


def cloud(hosts: int, instances_per_host: int, tenant_networks: int) -> list[Item]:
    """A cloud of three kinds of compute hosts in turn, and one network node."""
    vnis = {f"n{number}": 100 + number for number in range(tenant_networks)}
    found = [network(net, "vxlan", number=vni) for net, vni in vnis.items()]
    found.append(network("vlan", "vlan", "physnet1", 100))
    found.append(network("public", "flat", "physnet1"))
    names = [*vnis, "vlan", "public"]
    for number in range(hosts):
        plugs = []
        for slot in range(instances_per_host):
            short = f"{number:05x}{slot:03x}-aa"
            net = names[(number * 7 + slot) % len(names)]
            plugs.append((short, short, net))
            found.append(instance(short, f"compute-{number}", (f"tap{short}", net)))
        if number % 3 == 2:
            found += bridge_host(f"compute-{number}", plugs, vnis)
        else:
            found += ovs_host(f"compute-{number}", plugs, hybrid=number % 3 == 0)
    found += network_host("network-1", names)
    return found
