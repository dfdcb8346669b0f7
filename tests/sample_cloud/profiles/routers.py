"""Routers that are on several hosts: highly available ones and distributed ones."""

from __future__ import annotations

from ..generate.devices import VETH, address
from ..generate.plan import Binding, Network, Port, Router
from .drawing import DrawnHost
from .plugs import dhcp, plug_ovs, service_device
from .site import Site
from .tenants import ovs_host

TUNNELS = {"network-1": "10.0.7.1", "network-2": "10.0.7.2", "compute-1": "10.0.7.3"}


def _site(seed: int, modes: dict[str, str]) -> tuple[Site, Network, Network, Network]:
    """Three hosts, an L3 agent in a mode on those named; public, blue and red."""
    site = Site(seed)
    public = site.network("public", "flat", external=True)
    blue = site.network("blue", "vlan", 100)
    red = site.network("red", "vxlan", 1001)
    for name, local in TUNNELS.items():
        roles = {"network-1": ("controller", "network"), "network-2": ("network",)}
        drawn = ovs_host(
            site,
            name,
            *roles.get(name, ("compute",)),
            mappings={"physnet1": "br-ex"},
            tunnel=local,
        )
        otep = drawn.tunnels(local, [ip for other, ip in TUNNELS.items() if other != name])
        site.truth.link("otep-host_pnic", otep, drawn.of("eno1"))
        site.carries(drawn, ["ens1f0"], public, blue)
        site.carries(drawn, ["eno1"], red)
        if name in modes:
            site.network_node(drawn, modes[name])
    for network in (blue, red):
        dhcp(site, site.hosts["network-1"], network)
    plug_ovs(site, site.instance("web", site.hosts["compute-1"]), red)
    plug_ovs(site, site.instance("both", site.hosts["compute-1"]), blue, red)
    return site, public, blue, red


def _router(site: Site, kind: str, drawn: DrawnHost, others: list[DrawnHost]) -> Router:
    number = len(site.plan.routers)
    project = site.plan.projects[2]
    made = Router(site.names.uuid("router", number), "gate", project, drawn.host, number)
    made.kind, made.others = kind, [other.host for other in others]
    site.plan.routers.append(made)
    return made


def _namespace(site: Site, drawn: DrawnHost, space: str, kind: str, ports: list[Port]) -> str:
    """A namespace that the ports will be put into."""
    service = drawn.namespace(space)
    networks = {port.network.name for port in ports}
    site.truth.thing("vservice", service, service_type=kind, network=networks)
    site.focal("vservice", service, drawn, ports)
    return service


def ha(seed: int) -> Site:
    """A router on two network nodes: both have all of its devices, the active one the addresses.
    keepalived puts floating IPs (/32) before the gateway's own address."""
    site, public, blue, red = _site(seed, {"network-1": "legacy", "network-2": "legacy"})
    active, standby = site.hosts["network-1"], site.hosts["network-2"]
    made = _router(site, "ha", active, [standby])
    between = site.network("HA network tenant", "vxlan", 1999)
    add = site.builder.add_port
    owner = "network:router_gateway"
    made.gateway = add(public, owner, made.id, host=active.host, project_id="")
    owner = "network:ha_router_replicated_interface"
    for network in (blue, red):
        fixed = [(subnet, subnet.gateway) for subnet in network.subnets]
        made.interfaces.append(add(network, owner, made.id, host=active.host, fixed=fixed))
    for drawn in (active, standby):
        site.carries(drawn, ["eno1"], between)
        owner = "network:router_ha_interface"
        own = add(between, owner, made.id, host=drawn.host, project_id="")
        ports = [*made.interfaces, made.gateway, own]
        space = f"qrouter-{made.id}"
        service = _namespace(site, drawn, space, "router", ports)
        has = drawn is active
        site.truth.thing("vservice", service, ha_state="active" if has else "standby")
        for port in made.interfaces:
            service_device(site, drawn, space, port, "qr-", addresses=has)
        outside = service_device(site, drawn, space, made.gateway, "qg-", addresses=has)
        service_device(site, drawn, space, own, "ha-")
        if has:
            name = f"qg-{made.gateway.short}"
            device = drawn.device(name, space)
            local = made.gateway.fixed[0][1]
            floating = str(public.subnets[0].cidr[200])
            device["addr_info"].insert(0, address(floating, 32, name))
            fields = {"IP Address": local, "cidr": str(public.subnets[0].cidr)}
            site.truth.thing("vnic", outside, **fields)
    return site


def dvr(seed: int) -> Site:
    """A distributed router: its namespace is on the compute host and on the network node, which has
    snat- too; the compute host has fip- with a gateway of its own, joined by rfp- and fpr-."""
    site, public, blue, red = _site(seed, {"network-1": "dvr_snat", "compute-1": "dvr"})
    node, compute = site.hosts["network-1"], site.hosts["compute-1"]
    made = _router(site, "dvr", node, [compute])
    add = site.builder.add_port
    owner = "network:router_interface_distributed"
    for network in (blue, red):
        fixed = [(subnet, subnet.gateway) for subnet in network.subnets]
        port = add(network, owner, made.id, fixed=fixed)
        port.binding = Binding("distributed")
        made.interfaces.append(port)
    owner = "network:router_gateway"
    made.gateway = add(public, owner, made.id, host=node.host, project_id="")
    space = f"qrouter-{made.id}"
    for drawn in (node, compute):
        _namespace(site, drawn, space, "router", [*made.interfaces, made.gateway])
        for port in made.interfaces:
            service_device(site, drawn, space, port, "qr-")
    owner = "network:router_centralized_snat"
    inner = [add(network, owner, made.id, host=node.host) for network in (blue, red)]
    snat = f"snat-{made.id}"
    _namespace(site, node, snat, "snat", [*inner, made.gateway])
    for port in inner:
        service_device(site, node, snat, port, "sg-")
    service_device(site, node, snat, made.gateway, "qg-")
    _floating(site, compute, made, public)
    return site


def _floating(site: Site, drawn: DrawnHost, router: Router, public: Network) -> None:
    """The namespace of floating IPs on a compute host, and its veth pair to the router."""
    agent = site.names.uuid("agent", f"{drawn.name}/neutron-l3-agent")
    owner = "network:floatingip_agent_gateway"
    port = site.builder.add_port(public, owner, agent, host=drawn.host, project_id="")
    fip, space = f"fip-{public.id}", f"qrouter-{router.id}"
    service = _namespace(site, drawn, fip, "fip", [port])
    service_device(site, drawn, fip, port, "fg-")
    rfp, fpr = f"rfp-{router.id[:10]}", f"fpr-{router.id[:10]}"
    ends = []
    for where, name, local in ((space, rfp, "169.254.106.114"), (fip, fpr, "169.254.106.115")):
        mac = site.names.local_mac("veth", drawn.of(name))
        found = [address(local, 31, name)]
        ends.append(drawn.spaces[where].add(name, mac, kind=dict(VETH), addresses=found))
        vnic = site.truth.thing("vnic", f"{drawn.of(where)}/{name}", network=set())
        site.truth.link("vservice-vnic", drawn.of(where), vnic)
    spaces = list(drawn.spaces)
    for here, there, where in ((ends[0], ends[1], fip), (ends[1], ends[0], space)):
        here |= {"link_index": there["ifindex"], "link_netnsid": spaces.index(where)}
        here["link_netns"] = where
    inside, outside = f"{drawn.of(space)}/{rfp}", f"{drawn.of(fip)}/{fpr}"
    pairs = [
        ("vnic-vnic", inside, outside),
        ("vnic-vnic", outside, inside),
        ("vservice-vservice", drawn.of(space), service),
        ("vservice-vservice", service, drawn.of(space)),
    ]
    site.truth.one_of(*([pair] for pair in pairs))
