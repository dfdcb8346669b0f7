"""What tenants make of networks: trunks, routers on several hosts, routed provider networks."""

from __future__ import annotations

from tests.sample_cloud.generate.plan import Network
from tests.sample_cloud.profiles.drawing import DrawnHost
from tests.sample_cloud.profiles.plugs import dhcp, plug_ovs, vnic_of
from tests.sample_cloud.profiles.site import Site


def ovs_host(
    site: Site, name: str, *roles: str, mappings: dict[str, str], tunnel: str = ""
) -> DrawnHost:
    """A host with eno1 for management and tunnels, and a NIC in each provider bridge."""
    drawn = site.host(name, *roles)
    number = drawn.host.number + 1
    site.ovs_agent(drawn, mappings, tunnel)
    drawn.nic("eno1", port=f"leaf-1/{number}", ip=tunnel or drawn.host.address)
    drawn.ovs()
    for at, bridge in enumerate(mappings.values()):
        nic = f"ens{at + 1}f0"
        drawn.nic(nic, port=f"leaf-{at + 2}/{number}")
        drawn.ovs_bridge(bridge, up=True)
        drawn.to_ovs(bridge, nic)
        site.truth.link("vedge-host_pnic", drawn.name, drawn.of(nic))
    return drawn


def trunk(seed: int) -> Site:
    """A guest's port is a trunk: `blue` untagged, `green` by VLAN 101 and `red` by VLAN 102 of the
    guest. Neutron's agent makes a bridge `tbr-` for it, with the tap in it."""
    site = Site(seed)
    blue = site.network("blue", "vlan", 100)
    green = site.network("green", "vlan", 110)
    red = site.network("red", "vxlan", 1001)
    tunnels = ["10.0.9.1", "10.0.9.2"]
    for at, local in enumerate(tunnels):
        roles = ("controller", "network", "compute") if at == 0 else ("compute",)
        drawn = ovs_host(
            site, f"node-{at + 1}", *roles, mappings={"physnet1": "br-ex"}, tunnel=local
        )
        otep = drawn.tunnels(local, [ip for ip in tunnels if ip != local])
        site.truth.link("otep-host_pnic", otep, drawn.of("eno1"))
        site.carries(drawn, ["ens1f0"], blue, green)
        site.carries(drawn, ["eno1"], red)
    first, second = site.hosts.values()
    site.network_node(first)
    for network in (blue, green, red):
        dhcp(site, first, network)
    plug_ovs(site, site.instance("plain", second), green)
    _trunk(site, second, blue, {green: 101, red: 102})
    return site


def _trunk(site: Site, drawn: DrawnHost, native: Network, tagged: dict[Network, int]) -> None:
    instance = site.instance("firewall", drawn)
    plug_ovs(site, instance, native)
    parent = instance.ports[0]
    assert drawn.switch
    switch = drawn.switch
    bridge, identity = f"tbr-{parent.id[:8]}-5", site.names.uuid("trunk", parent.id)
    tap = f"tap{parent.short}"
    switch.move(tap, bridge, site.names.local_mac("tbr", parent.id))
    tpt, tpi = f"tpt-{parent.short[:10]}", f"tpi-{parent.short[:10]}"
    ids = {"attached-mac": parent.mac, "iface-id": parent.id, "bridge_name": bridge}
    ids |= {"trunk_id": identity}
    switch.port(bridge, tpt, kind="patch", options={"peer": tpi}, ids=ids)
    tag = switch.tag_of(native.name)
    switch.port("br-int", tpi, kind="patch", options={"peer": tpt}, ids=ids, tag=tag)
    for network, vlan in tagged.items():
        port = site.builder.add_port(network, "trunk:subport", identity, host=drawn.host)
        parent.sub_ports.append((port, vlan))
        outer, inner = f"spt-{port.short[:10]}", f"spi-{port.short[:10]}"
        own = ids | {"attached-mac": port.mac, "iface-id": port.id}
        switch.port(bridge, outer, kind="patch", options={"peer": inner}, ids=own, tag=vlan)
        tag = switch.tag_of(network.name)
        switch.port("br-int", inner, kind="patch", options={"peer": outer}, ids=own, tag=tag)
    names = {native.name, *(network.name for network in tagged)}
    vnic = vnic_of(instance, parent)
    site.truth.thing("vnic", vnic, network=names)
    site.truth.link("instance-vnic", instance.name, vnic, names)
    site.truth.link("vnic-vedge", vnic, drawn.name, names)
    ports = [parent, *(port for port, _ in parent.sub_ports)]
    site.focal("instance", instance.name, drawn, ports)


def segments(seed: int) -> Site:
    """A routed provider network: one segment a rack, each with a physical network of its own; and a
    second physical network on the first host, with a bridge and a NIC of its own."""
    site = Site(seed, type_drivers="vlan")
    racks = (("rack1", 2016), ("rack2", 2017))
    campus = site.network("campus", "vlan", segments=racks)
    lab = site.network("lab", "vlan", 300, physical="physlab")
    mappings = ({"rack1": "br-rack", "physlab": "br-lab"}, {"rack2": "br-rack"})
    for at, mapping in enumerate(mappings):
        roles = ("controller", "compute") if at == 0 else ("compute",)
        drawn = ovs_host(site, f"rack{at + 1}-node", *roles, mappings=mapping)
        site.carries(drawn, ["ens1f0"], campus)
        if "physlab" in mapping:
            site.carries(drawn, ["ens2f0"], lab)
    first, second = site.hosts.values()
    plug_ovs(site, site.instance("here", first), campus)
    plug_ovs(site, site.instance("there", second), campus)
    plug_ovs(site, site.instance("both", first), campus, lab)
    return site


def regions(seed: int) -> Site:
    """Two regions whose hosts have the same names. The environment names the first one: nothing of
    the second may be found, and nothing of it be taken for the first."""
    site, other = _region(seed, "web", 100), _region(seed + 1000, "mail", 200)
    site.others["RegionTwo"] = other
    return site


def _region(seed: int, guest: str, vlan: int) -> Site:
    site = Site(seed, type_drivers="vlan")
    blue = site.network("blue" if guest == "web" else "brown", "vlan", vlan)
    for number in (1, 2):
        roles = ("controller", "network") if number == 1 else ("compute",)
        drawn = ovs_host(site, f"node-{number}", *roles, mappings={"physnet1": "br-ex"})
        site.carries(drawn, ["ens1f0"], blue)
    first, second = site.hosts.values()
    site.network_node(first)
    dhcp(site, first, blue)
    plug_ovs(site, site.instance(guest, second), blue)
    return site
