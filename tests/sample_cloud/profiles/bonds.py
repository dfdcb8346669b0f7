"""Aggregates: a bond of Open vSwitch, a bond of the kernel with VLANs, a team."""

from __future__ import annotations

from collections.abc import Callable

from tests.sample_cloud.generate.plan import Network
from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.plugs import dhcp, plug_ovs, router
from tests.sample_cloud.profiles.site import Site

TUNNELS = {"control-1": "172.16.2.11", "compute-1": "172.16.2.12"}
#: Public, a provider VLAN, a tenant network.
Networks = tuple[Network, Network, Network]


def ovs_bond(seed: int) -> Site:
    """TripleO's way: br-ex has a bond of two NICs and an internal port of VLAN 20 with the tunnel
    address; the kernel knows neither bond nor VLAN device."""
    return _site(seed, _ovs_bond)


def _ovs_bond(site: Site, drawn: DrawnHost, networks: Networks) -> None:
    switch = drawn.ovs()
    drawn.ovs_bridge("br-ex", up=True)
    members = {nic: {"mac": drawn.device(nic)["address"]} for nic in ("ens1f0", "ens1f1")}
    switch.bond("br-ex", "bond1", dict(members))
    for nic in members:
        drawn.owned(nic)
        site.truth.link("vedge-host_pnic", drawn.name, drawn.of(nic))
    drawn.internal_port("br-ex", "vlan20", tag=20, ip=TUNNELS[drawn.name])
    otep = _tunnels(drawn)
    for nic in members:
        site.truth.link("otep-host_pnic", otep, drawn.of(nic))
    site.carries(drawn, members, *networks)


def kernel_bond(seed: int) -> Site:
    """bond0 of the kernel: `bond0.20` has the tunnel address; VLAN device `uplink300` on it, whose
    name does not say so, is the port of br-ext for the flat network; bond1 is the port of br-vlan,
    which has the provider VLANs."""
    return _site(seed, _kernel_bond, public="physext")


def _kernel_bond(site: Site, drawn: DrawnHost, networks: Networks) -> None:
    public, blue, red = networks
    drawn.bond("bond0", ["ens1f0", "ens1f1"])
    drawn.nic("ens2f0", port=f"leaf-3/{drawn.host.number + 1}")
    drawn.nic("ens2f1", port=f"leaf-4/{drawn.host.number + 1}")
    drawn.bond("bond1", ["ens2f0", "ens2f1"])
    drawn.vlan("bond0.20", "bond0", 20, ip=TUNNELS[drawn.name])
    drawn.vlan("uplink300", "bond0", 300)
    drawn.ovs()
    drawn.ovs_bridge("br-ext", up=True)
    drawn.ovs_bridge("br-vlan", up=True)
    drawn.to_ovs("br-ext", "uplink300")
    drawn.to_ovs("br-vlan", "bond1")
    site.truth.link("vedge-host_pnic", drawn.name, drawn.of("bond0"))
    site.truth.link("vedge-host_pnic", drawn.name, drawn.of("bond1"))
    site.truth.link("otep-host_pnic", _tunnels(drawn), drawn.of("bond0"))
    site.carries(drawn, ["bond0"], public, red)
    site.carries(drawn, ["bond1"], blue)


def teamd(seed: int) -> Site:
    """team0 of teamd (LACP): a port of br-ex; the tunnel address is on an internal port of VLAN 20
    of br-ex. `/proc/net/bonding` knows nothing of it."""
    return _site(seed, _teamd)


def _teamd(site: Site, drawn: DrawnHost, networks: Networks) -> None:
    drawn.bond("team0", ["ens1f0", "ens1f1"], team=True)
    drawn.ovs()
    drawn.ovs_bridge("br-ex", up=True)
    drawn.to_ovs("br-ex", "team0")
    drawn.internal_port("br-ex", "vlan20", tag=20, ip=TUNNELS[drawn.name])
    site.truth.link("vedge-host_pnic", drawn.name, drawn.of("team0"))
    site.truth.link("otep-host_pnic", _tunnels(drawn), drawn.of("team0"))
    site.carries(drawn, ["team0"], *networks)


def _tunnels(drawn: DrawnHost) -> str:
    peers = [ip for name, ip in TUNNELS.items() if name != drawn.name]
    return drawn.tunnels(TUNNELS[drawn.name], peers)


def _site(
    seed: int, wire: Callable[[Site, DrawnHost, Networks], None], public: str = "physnet1"
) -> Site:
    """Two hosts with eno1 for management and two NICs to be aggregated."""
    site = Site(seed)
    outside = site.network("public", "flat", external=True, physical=public)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    separate = {"physext": "br-ext", "physnet1": "br-vlan"}
    mappings = separate if public == "physext" else {"physnet1": "br-ex"}
    for at, name in enumerate(TUNNELS):
        roles = ("controller", "network") if name == "control-1" else ("compute",)
        drawn = site.host(name, *roles)
        site.ovs_agent(drawn, mappings, TUNNELS[name])
        drawn.nic("eno1", port=f"mgmt-1/{at + 1}", ip=drawn.host.address)
        drawn.nic("ens1f0", port=f"leaf-1/{at + 1}")
        drawn.nic("ens1f1", port=f"leaf-2/{at + 1}")
        wire(site, drawn, (outside, blue, red))
    control, compute = site.hosts.values()
    site.network_node(control)
    dhcp(site, control, blue)
    dhcp(site, control, red)
    router(site, control, "gate", [red, blue], outside)
    plug_ovs(site, site.instance("web", compute), blue)
    plug_ovs(site, site.instance("both", compute), red, blue)
    return site
