"""openstack-ansible: bonds, VLANs on them, a bridge for each purpose, services in containers."""

from __future__ import annotations

from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.plugs import dhcp, lxb_bridge, plug_lxb, plug_ovs, router
from tests.sample_cloud.profiles.site import Site

TUNNELS = {"infra1": "172.29.240.11", "compute1": "172.29.240.21", "compute2": "172.29.240.22"}


def osa_lxb(seed: int) -> Site:
    """Linux bridges: VXLAN over the address of br-vxlan (a bridge on VLAN 30 of bond1), provider
    VLANs as VLAN devices on br-vlan (a bridge that has bond1), and management on br-mgmt."""
    site = Site(seed, mechanism=["LXB"])
    public = site.network("public", "vlan", 200, external=True)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    for at, name in enumerate(TUNNELS):
        roles = ("controller", "network") if name == "infra1" else ("compute",)
        drawn = site.host(name, *roles)
        _bonds(site, drawn, at)
        site.lxb_agent(drawn, {"physnet1": "br-vlan"}, TUNNELS[name])
        drawn.bridge("br-vlan", ["bond1"])
        site.truth.link("vconnector-host_pnic", drawn.of("br-vlan"), drawn.of("bond1"))
        site.carries(drawn, ["bond1"], public, blue, red)
        peers = [ip for other, ip in TUNNELS.items() if other != name]
        for network in (public, blue, red) if name == "infra1" else (blue, red):
            bridge = lxb_bridge(
                site, drawn, network, "br-vxlan" if network is red else "br-vlan", peers
            )
            if network is red:
                otep = drawn.of(f"{TUNNELS[name]}/{red.segment}")
                site.truth.link("otep-vconnector", otep, drawn.of("br-vxlan"))
            else:  # by br-vlan, another bridge; whether the chain is told or its end
                key = site.truth.link("vconnector-host_pnic", bridge, drawn.of("bond1"))
                site.truth.one_of([key], [("vconnector-vconnector", bridge, drawn.of("br-vlan"))])
    infra = site.hosts["infra1"]
    site.network_node(infra)
    for network in (blue, red):
        dhcp(site, infra, network)
    router(site, infra, "gate", [red, blue], public)
    plug_lxb(site, site.instance("web", site.hosts["compute1"]), blue)
    plug_lxb(site, site.instance("both", site.hosts["compute2"]), red, blue)
    return site


def osa_ovs(seed: int) -> Site:
    """Open vSwitch: br-provider has bond1 as a port; tunnels leave by br-vxlan, a Linux bridge on
    VLAN 30 of bond0."""
    site = Site(seed)
    public = site.network("public", "vlan", 200, external=True)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    for at, name in enumerate(TUNNELS):
        roles = ("controller", "network") if name == "infra1" else ("compute",)
        drawn = site.host(name, *roles)
        _bonds(site, drawn, at, tunnels="bond0")
        site.ovs_agent(drawn, {"physnet1": "br-provider"}, TUNNELS[name])
        drawn.ovs()
        drawn.ovs_bridge("br-provider", up=True)
        drawn.to_ovs("br-provider", "bond1")
        otep = drawn.tunnels(TUNNELS[name], [ip for n, ip in TUNNELS.items() if n != name])
        site.truth.link("vedge-host_pnic", name, drawn.of("bond1"))
        site.truth.link("otep-vconnector", otep, drawn.of("br-vxlan"))
        site.carries(drawn, ["bond1"], public, blue)
        site.carries(drawn, ["bond0"], red)
    infra = site.hosts["infra1"]
    site.network_node(infra)
    for network in (blue, red):
        dhcp(site, infra, network)
    router(site, infra, "gate", [red, blue], public)
    plug_ovs(site, site.instance("web", site.hosts["compute1"]), blue)
    plug_ovs(site, site.instance("both", site.hosts["compute2"]), red, blue)
    return site


def _bonds(site: Site, drawn: DrawnHost, at: int, tunnels: str = "bond1") -> None:
    """bond0 for management, bond1; br-mgmt and br-vxlan on VLANs of them."""
    for nic, port in {
        "eno1": f"leaf-1/{at * 4 + 1}",
        "eno2": f"leaf-2/{at * 4 + 1}",
        "ens1f0": f"leaf-1/{at * 4 + 2}",
        "ens1f1": f"leaf-2/{at * 4 + 2}",
    }.items():
        drawn.nic(nic, port=port)
    drawn.bond("bond0", ["eno1", "eno2"])
    drawn.bond("bond1", ["ens1f0", "ens1f1"])
    drawn.vlan("bond0.10", "bond0", 10)
    drawn.vlan(f"{tunnels}.30", tunnels, 30)
    drawn.bridge("br-mgmt", ["bond0.10"], ip=drawn.host.address)
    drawn.bridge("br-vxlan", [f"{tunnels}.30"], ip=TUNNELS[drawn.name])
    if "controller" in drawn.host.roles:  # containers of the services
        for number in range(3):
            drawn.foreign_veth(f"{number}a1b2c3d_eth1", "br-mgmt")
    site.truth.link("vconnector-host_pnic", drawn.of("br-mgmt"), drawn.of("bond0"))
    site.truth.link("vconnector-host_pnic", drawn.of("br-vxlan"), drawn.of(tunnels))
