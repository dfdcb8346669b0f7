"""Kolla: one NIC for all, shared with Open vSwitch through a Linux bridge and a veth pair."""

from __future__ import annotations

from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.plugs import dhcp, plug_ovs, router
from tests.sample_cloud.profiles.site import Site

TUNNELS = {"control-1": "10.8.0.11", "compute-1": "10.8.0.12", "compute-2": "10.8.0.13"}


def kolla_ovs(seed: int) -> Site:
    """Services in containers (tools by `docker exec`); eno1 is in the bridge breno1, which has the
    host's addresses; p-breno1-ovs, the other end of a veth in it, is the uplink of br-ex."""
    site = Site(seed, distribution="Kolla")
    public = site.network("public", "flat", external=True)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    for at, name in enumerate(TUNNELS):
        roles = ("controller", "network") if name == "control-1" else ("compute",)
        drawn = site.host(name, *roles)
        _wire(site, drawn, at)
        site.carries(drawn, ["eno1"], public, blue, red)
    control = site.hosts["control-1"]
    site.network_node(control)
    for network in (blue, red):
        dhcp(site, control, network)
    router(site, control, "gate", [red, blue], public)
    plug_ovs(site, site.instance("web", site.hosts["compute-1"]), blue)
    plug_ovs(site, site.instance("db", site.hosts["compute-1"]), red)
    plug_ovs(site, site.instance("both", site.hosts["compute-2"]), red, blue)
    return site


def _wire(site: Site, drawn: DrawnHost, at: int) -> None:
    local = TUNNELS[drawn.name]
    site.ovs_agent(drawn, {"physnet1": "br-ex"}, local)
    drawn.nic("eno1", port=f"leaf-1/Ethernet{at + 1}")
    drawn.veth("p-breno1-phy", "p-breno1-ovs")
    shared = drawn.bridge("breno1", ["eno1", "p-breno1-phy"], ip=local)
    drawn.root.items[-1]["addr_info"].insert(
        0, drawn.root.items[-1]["addr_info"][0] | {"local": drawn.host.address}
    )
    drawn.ovs()
    drawn.ovs_bridge("br-ex", up=True)
    drawn.to_ovs("br-ex", "p-breno1-ovs")
    otep = drawn.tunnels(local, [ip for name, ip in TUNNELS.items() if name != drawn.name])
    site.truth.link("vconnector-vedge", shared, drawn.name)
    site.truth.link("vconnector-host_pnic", shared, drawn.of("eno1"))
    site.truth.link("otep-vconnector", otep, shared)
