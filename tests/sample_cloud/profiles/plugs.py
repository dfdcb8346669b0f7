"""How guests, DHCP servers and routers are plugged: drawn on the host, and noted in the truth."""

from __future__ import annotations

from ..generate.devices import (
    OVS_PORT,
    VETH,
    Devices,
    address,
    linklocal,
    tap,
    vxlan,
)
from ..generate.links import brq, tap_mac
from ..generate.names import dhcp_device_id
from ..generate.ovs import noted
from ..generate.plan import Binding, Instance, Network, Port, Router, Subnet
from .drawing import DrawnHost
from .site import Site


def guest_port(
    site: Site, instance: Instance, network: Network, binding: Binding | None = None
) -> Port:
    """A port of a guest, its vNIC and the clique of the guest in the truth.

    Whether a function of hardware that the guest has is up, the host cannot see.
    """
    drawn = site.hosts[instance.host.name]
    segment = segment_here(drawn, network)
    fixed = [(segment, segment.next_address())] if network.segments else None
    port = site.builder.add_port(
        network,
        "compute:nova",
        instance.id,
        host=instance.host,
        project_id=instance.project.id,
        fixed=fixed,
    )
    port.binding = binding
    instance.ports.append(port)
    vnic = vnic_of(instance, port)
    site.truth.thing("vnic", vnic, network={network.name}, mac_address=port.mac)
    seen = binding is None or not binding.vnic_type.startswith("direct")
    state = "up" if seen else ""
    site.truth.link("instance-vnic", instance.name, vnic, [network.name], state)
    site.focal("instance", instance.name, drawn, instance.ports)
    return port


def segment_here(drawn: DrawnHost, network: Network) -> Subnet:
    """The subnet of the segment that the host's agent has a mapping for."""
    text = repr(drawn.host.agents)
    for subnet in network.subnets:
        if subnet.segment and f"'{subnet.segment.physical_network}'" in text:
            return subnet
    return network.subnets[0]


def vnic_of(instance: Instance, port: Port) -> str:
    return f"{instance.name}/{port.id}"


def interface_xml(kind: str, port: Port, inner: str) -> str:
    """One interface of a domain."""
    return (
        f"    <interface type='{kind}'>\n      <mac address='{port.mac}'/>\n{inner}"
        "      <model type='virtio'/>\n    </interface>\n"
    )


def run(site: Site, instance: Instance, interfaces: str) -> None:
    """The guest runs with these interfaces."""
    site.hosts[instance.host.name].guests.append((instance, interfaces))


def plug_ovs(site: Site, instance: Instance, *networks: Network) -> None:
    """A guest whose taps are ports of br-int."""
    drawn = site.hosts[instance.host.name]
    text = ""
    for network in networks:
        port = guest_port(site, instance, network)
        name = f"tap{port.short}"
        text += interface_xml("ethernet", port, f"      <target dev='{name}'/>\n")
        mac = tap_mac(port)
        drawn.root.add(
            name, mac, mtu=network.mtu, state="UNKNOWN", kind=tap() | OVS_PORT, master="ovs-system",
            addresses=[linklocal(mac)],
        )  # fmt: skip
        switch_port(drawn, port, name, mac=mac)
        vnic = vnic_of(instance, port)
        site.truth.link("vnic-vedge", vnic, drawn.name, [network.name])
    run(site, instance, text)


def switch_port(
    drawn: DrawnHost,
    port: Port,
    name: str,
    *,
    mac: str = "",
    kind: str = "",
    options: dict[str, str] | None = None,
) -> None:
    """The port of br-int that Neutron's agent wired for a port."""
    assert drawn.switch
    tag = drawn.switch.tag_of(port.network.name)
    ids = {"attached-mac": port.mac, "iface-id": port.id, "iface-status": "active"}
    if port.owner.startswith("compute:"):
        ids["vm-uuid"] = port.device_id
    state = "down" if kind == "internal" else "up"
    drawn.switch.port(
        "br-int", name, kind=kind, mac=mac, tag=tag, ids=ids, state=state,
        noted=dict(noted(port.network, tag)), options=options,
    )  # fmt: skip


# -- Linux bridge agent ------------------------------------------------------------------


def lxb_bridge(
    site: Site, drawn: DrawnHost, network: Network, device: str, peers: list[str]
) -> str:
    """The bridge of a network with its way out: a VXLAN or VLAN device on `device`."""
    name = brq(network)
    if network.kind == "vxlan":
        uplink = f"vxlan-{network.segment}"
        local = drawn.host.tunnel_ip
        mac = site.names.local_mac("vxlan", drawn.of(uplink))
        drawn.root.add(uplink, mac, mtu=1450, kind=vxlan(network.segment or 0, local, device))
        flood = {"mac": "00:00:00:00:00:00", "flags": ["self"], "state": "permanent"}
        drawn.fdb[uplink] = [flood | {"dst": peer} for peer in peers]
        otep = site.truth.thing("otep", drawn.of(f"{local}/{network.segment}"), ip_address=local)
        site.truth.link("otep-vconnector", otep, drawn.of(name), [network.name])
    else:
        uplink = f"{device}.{network.segment}"
        drawn.vlan(uplink, device, network.segment or 0)
    drawn.bridge(name, [uplink], mtu=network.mtu)
    site.truth.thing("vconnector", drawn.of(name), network={network.name})
    return drawn.of(name)


def plug_lxb(site: Site, instance: Instance, *networks: Network) -> None:
    """A guest whose taps are in the bridges of their networks."""
    drawn = site.hosts[instance.host.name]
    text = ""
    for network in networks:
        port = guest_port(site, instance, network)
        name, bridge = f"tap{port.short}", brq(network)
        target = f"      <source bridge='{bridge}'/>\n      <target dev='{name}'/>\n"
        text += interface_xml("bridge", port, target)
        drawn.root.add(name, tap_mac(port), mtu=network.mtu, state="UNKNOWN", kind=tap())
        drawn.enslave(name, bridge)
        vnic = vnic_of(instance, port)
        site.truth.link("vnic-vconnector", vnic, drawn.of(bridge), [network.name])
    run(site, instance, text)


# -- services ----------------------------------------------------------------------------


def dhcp(site: Site, drawn: DrawnHost, network: Network) -> None:
    """The DHCP server of a network."""
    device = dhcp_device_id(drawn.name, network.id)
    port = site.builder.add_port(network, "network:dhcp", device, host=drawn.host)
    network.dhcp_host = drawn.host
    drawn.host.dhcp.append(port)
    space = f"qdhcp-{network.id}"
    service = drawn.namespace(space)
    service_device(site, drawn, space, port, "tap" if drawn.switch else "ns-")
    site.truth.thing("vservice", service, service_type="dhcp", network={network.name})
    site.focal("vservice", service, drawn, [port])


def router(site: Site, drawn: DrawnHost, name: str, inner: list[Network], outer: Network) -> Router:
    """A router on one host."""
    number = len(site.plan.routers)
    made = Router(site.names.uuid("router", number), name, inner[0].project, drawn.host, number)
    site.plan.routers.append(made)
    drawn.host.routers.append(made)
    add = site.builder.add_port
    made.gateway = add(outer, "network:router_gateway", made.id, host=drawn.host, project_id="")
    for network in inner:
        fixed = [(subnet, subnet.gateway) for subnet in network.subnets]
        owner = "network:router_interface"
        made.interfaces.append(add(network, owner, made.id, host=drawn.host, fixed=fixed))
        network.router = made
    space = f"qrouter-{made.id}"
    service = drawn.namespace(space)
    ports = [*made.interfaces, made.gateway]
    for port in made.interfaces:
        service_device(site, drawn, space, port, "qr-")
    service_device(site, drawn, space, made.gateway, "qg-")
    networks = {port.network.name for port in ports}
    site.truth.thing("vservice", service, service_type="router", network=networks)
    site.focal("vservice", service, drawn, ports)
    return made


def service_device(
    site: Site, drawn: DrawnHost, space: str, port: Port, prefix: str, *, addresses: bool = True
) -> str:
    """A port's device in a namespace, plugged into the switch or by a veth into its bridge."""
    name = prefix + port.short
    vnic = site.truth.thing("vnic", f"{drawn.of(space)}/{name}", network={port.network.name})
    site.truth.link("vservice-vnic", drawn.of(space), vnic, [port.network.name])
    found = [
        address(local, subnet.cidr.prefixlen, name) for subnet, local in port.fixed if addresses
    ]
    inside: Devices = drawn.spaces[space]
    if drawn.switch:
        kind = {"info_kind": "openvswitch"}
        inside.add(name, port.mac, state="UNKNOWN", kind=kind, addresses=found)
        switch_port(drawn, port, name, kind="internal")
        site.truth.link("vnic-vedge", vnic, drawn.name, [port.network.name])
        return vnic
    outer = f"tap{port.short}"
    _, there = drawn.veth(outer, name, netns=space, inside=name)
    there |= {"address": port.mac, "addr_info": found}
    there["linkinfo"] = dict(VETH)
    drawn.enslave(outer, brq(port.network))
    bridge = drawn.of(brq(port.network))
    site.truth.link("vnic-vconnector", vnic, bridge, [port.network.name])
    return vnic
