"""Hosts that OpenStack shares: with Kubernetes, with Ironic."""

from __future__ import annotations

from ..generate.devices import address, vxlan
from ..generate.plan import Binding
from .drawing import DrawnHost
from .plugs import dhcp, plug_ovs
from .site import Site
from .tenants import ovs_host


def kubernetes(seed: int) -> Site:
    """The compute host is a Kubernetes node too: NICs and devices of pods are called `eth0`,
    flannel has a VXLAN device and the bridge cni0, `cali` devices are in no bridge."""
    site = Site(seed)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    tunnels = ["10.0.6.1", "10.0.6.2"]
    for at, local in enumerate(tunnels):
        roles = ("controller", "network") if at == 0 else ("compute",)
        drawn = site.host(f"node-{at + 1}", *roles)
        site.ovs_agent(drawn, {"physnet1": "br-ex"}, local)
        drawn.nic("eth0", port=f"leaf-1/{at + 1}", ip=local)
        drawn.nic("eth1", port=f"leaf-2/{at + 1}")
        drawn.ovs()
        drawn.ovs_bridge("br-ex", up=True)
        drawn.to_ovs("br-ex", "eth1")
        otep = drawn.tunnels(local, [ip for ip in tunnels if ip != local])
        site.truth.link("vedge-host_pnic", drawn.name, drawn.of("eth1"), {"blue"})
        site.truth.link("otep-host_pnic", otep, drawn.of("eth0"))
        site.carries(drawn, ["eth1"], blue)
        site.carries(drawn, ["eth0"], red)
    first, second = site.hosts.values()
    site.network_node(first)
    dhcp(site, first, blue)
    dhcp(site, first, red)
    _pods(site, second)
    plug_ovs(site, site.instance("web", second), blue)
    plug_ovs(site, site.instance("both", second), red, blue)
    return site


def _pods(site: Site, drawn: DrawnHost) -> None:
    kind = vxlan(1, "10.0.6.2", "eth0")
    drawn.root.add("flannel.1", site.names.local_mac("flannel", drawn.name), mtu=1450, kind=kind)
    bridge = drawn.bridge("cni0", [], ip="10.244.1.1", mtu=1450)
    for number in (1, 2):
        space = f"cni-{site.names.uuid('pod', number)}"
        service = drawn.namespace(space)
        outer = f"veth{site.names.hex('pod', number)[:8]}"
        _, inside = drawn.veth(outer, "eth0", netns=space, inside="eth0")
        inside["addr_info"] = [address(f"10.244.1.{number + 1}", 24, "eth0")]
        drawn.enslave(outer, "cni0")
        _pod(site, drawn, service, bridge)
    space = f"cni-{site.names.uuid('pod', 3)}"
    service = drawn.namespace(space)
    drawn.veth(f"cali{site.names.hex('pod', 3)[:11]}", "eth0", netns=space, inside="eth0")
    _pod(site, drawn, service, "")


def _pod(site: Site, drawn: DrawnHost, service: str, bridge: str) -> None:
    """A pod is a namespace with a device that belongs to no network of OpenStack."""
    site.truth.thing("vservice", service, service_type="misc", network=set())
    vnic = site.truth.thing("vnic", f"{service}/eth0", network=set())
    site.truth.link("vservice-vnic", service, vnic)
    site.truth.way("vservice", service)  # to no network and no NIC
    if bridge:
        site.truth.link("vnic-vconnector", vnic, bridge)


def ironic(seed: int) -> Site:
    """A compute service of Ironic with two nodes, one of them an instance. Nobody logs in there;
    the port of the instance is bound to its node, not to a host."""
    site = Site(seed, type_drivers="vlan")
    blue = site.network("blue", "vlan", 100)
    drawn = ovs_host(site, "node-1", "controller", "compute", mappings={"physnet1": "br-ex"})
    site.carries(drawn, ["ens1f0"], blue)
    plug_ovs(site, site.instance("web", drawn), blue)
    metal = site.host("ironic-1", "compute")
    metal.unreachable = True
    site.truth.thing("host", "ironic-1", host_type=["Baremetal"])
    metal.host.nodes = [site.names.uuid("node", number) for number in (1, 2)]
    instance = site.instance("metal", metal)
    instance.node = metal.host.nodes[0]
    link = {"switch_info": "leaf-9", "port_id": "Ethernet3", "switch_id": "00:1c:73:00:00:09"}
    profile = {"local_link_information": [link]}
    port = site.builder.add_port(blue, "baremetal:none", instance.id, host=metal.host)
    port.binding = Binding("other", "baremetal", {}, profile, node=instance.node)
    instance.ports.append(port)
    return site
