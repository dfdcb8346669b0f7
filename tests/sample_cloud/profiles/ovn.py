"""ML2/OVN: no agents but ovn-controller, no namespaces but those for metadata."""

from __future__ import annotations

from ..generate.devices import OVS_PORT, address, linklocal, tap
from ..generate.links import tap_mac
from ..generate.plan import Instance, Network, Port, Router
from .drawing import DrawnHost
from .ovn_tables import OvnTables
from .ovs import ovs_map
from .plugs import guest_port, interface_xml, run, vnic_of
from .site import Site

TUNNELS = {"control-1": "10.0.8.1", "compute-1": "10.0.8.2", "compute-2": "10.0.8.3"}
MAPPINGS = "physnet1:br-ex"
GATEWAYS = ("control-1", "compute-2")


class OvnSite:
    """A site whose hosts have ovn-controller, and its databases on the first of them."""

    def __init__(self, site: Site, release: str = "23.03") -> None:
        self.site = site
        self.tables = OvnTables(site.names, release)
        self.metadata: dict[Network, Port] = {}
        self.routers: list[tuple[Router, str]] = []

    # -- hosts -----------------------------------------------------------------------------

    def host(self, name: str, *roles: str) -> DrawnHost:
        """A host: eno1 has the tunnel address, ens1f0 is in br-ex."""
        site, local = self.site, TUNNELS[name]
        drawn = site.host(name, *roles, tunnel_ip=local)
        gateway = name in GATEWAYS
        binary = "ovn-controller"
        chassis = site.names.uuid("agent", f"{name}/{binary}")
        kind = "OVN Controller Gateway agent" if gateway else "OVN Controller agent"
        configurations = {"chassis_name": chassis, "bridge-mappings": MAPPINGS}
        site.agent(drawn, kind, binary, configurations)
        number = drawn.host.number + 1
        drawn.nic("eno1", port=f"leaf-1/{number}", ip=local)
        drawn.nic("ens1f0", port=f"leaf-2/{number}")
        switch = drawn.ovs()
        switch.bridge("br-ex", site.names.local_mac("ovs", drawn.of("br-ex")), up=True)
        drawn.internal_device("br-ex", site.names.local_mac("ovs", drawn.of("br-ex")), up=True)
        drawn.to_ovs("br-ex", "ens1f0")
        switch.settings = {
            "system-id": chassis,
            "hostname": name,
            "ovn-remote": f"tcp:{TUNNELS['control-1']}:6642",
            "ovn-encap-ip": local,
            "ovn-encap-type": "geneve",
            "ovn-bridge-mappings": MAPPINGS,
        }
        self.tables.host(name, chassis, local, MAPPINGS, gateway=gateway)
        self._tunnels(drawn, local)
        site.truth.link("vedge-host_pnic", name, drawn.of("ens1f0"))
        return drawn

    def _tunnels(self, drawn: DrawnHost, local: str) -> None:
        """A Geneve port of br-int to each other chassis; gateways watch each other by BFD."""
        assert drawn.switch
        for at, (name, peer) in enumerate(TUNNELS.items()):
            if name == drawn.name:
                continue
            chassis = self.site.names.uuid("agent", f"{name}/ovn-controller")
            port = f"ovn-{chassis[:6]}-{at}"
            options = {"csum": "true", "key": "flow", "remote_ip": peer}
            ids = {"external_ids": ovs_map({"ovn-chassis-id": f"{chassis}@{peer}"})}
            drawn.switch.port("br-int", port, kind="geneve", options=options, more=ids)
            if {name, drawn.name} == set(GATEWAYS):
                status = {"state": "up", "remote_state": "up", "diagnostic": "No Diagnostic"}
                drawn.switch.interfaces[-1]["bfd_status"] = ovs_map(status)
        mac = self.site.names.local_mac("genev_sys", drawn.name)
        kind = {"info_kind": "geneve", "info_data": {"external": True, "port": 6081}} | OVS_PORT
        drawn.root.add("genev_sys_6081", mac, kind=kind, master="ovs-system", state="UNKNOWN")
        otep = self.site.truth.thing("otep", drawn.of(local), ip_address=local)
        self.site.truth.link("vedge-otep", drawn.name, otep)
        self.site.truth.link("otep-host_pnic", otep, drawn.of("eno1"))

    # -- networks --------------------------------------------------------------------------

    def network(self, name: str, kind: str, number: int | None = None, **more: bool) -> Network:
        """A network with its port for metadata."""
        made = self.site.network(name, kind, number, **more)
        add = self.site.builder.add_port
        self.metadata[made] = add(made, "network:distributed", f"ovnmeta-{made.id}")
        return made

    def _patch(self, drawn: DrawnHost, network: Network) -> None:
        """ovn-controller patches br-int to a mapped bridge where a network needs it."""
        assert drawn.switch
        segment = self.site.names.uuid("segment", network.number)
        names = (f"patch-br-int-to-provnet-{segment}", f"patch-provnet-{segment}-to-br-int")
        if names[0] not in {port["name"] for port in drawn.switch.ports}:
            drawn.switch.patch("br-int", "br-ex", names)

    # -- guests ----------------------------------------------------------------------------

    def plug(self, instance: Instance, *networks: Network) -> None:
        """A guest whose taps are ports of br-int; DHCP and metadata come with it to its host."""
        site, drawn = self.site, self.site.hosts[instance.host.name]
        assert drawn.switch
        text = ""
        for network in networks:
            port = guest_port(site, instance, network)
            name = f"tap{port.short}"
            text += interface_xml("ethernet", port, f"      <target dev='{name}'/>\n")
            mac = tap_mac(port)
            drawn.root.add(
                name, mac, mtu=network.mtu, state="UNKNOWN", kind=tap() | OVS_PORT,
                master="ovs-system", addresses=[linklocal(mac)],
            )  # fmt: skip
            ids = {"attached-mac": port.mac, "iface-id": port.id, "iface-status": "active"}
            ids |= {"vm-uuid": instance.id, "ovn-installed": "true"}
            drawn.switch.port("br-int", name, mac=mac, ids=ids)
            site.truth.link("vnic-vedge", vnic_of(instance, port), drawn.name, [network.name])
            self._serve(drawn, network)
        run(site, instance, text)

    def _serve(self, drawn: DrawnHost, network: Network) -> None:
        """What ovn-controller and the metadata agent do on a host for its guests of a network."""
        space = f"ovnmeta-{network.id}"
        if network.physical_network:
            self._patch(drawn, network)
        if space in drawn.spaces:
            return
        site, port = self.site, self.metadata[network]
        service = site.truth.thing("vservice", drawn.of(f"dhcp-{network.id}"), service_type="dhcp")
        site.truth.thing("vservice", service, network={network.name})
        metadata = drawn.namespace(space)
        site.truth.thing("vservice", metadata, service_type="metadata", network={network.name})
        start = f"tap{network.id[:10]}"
        _, inside = drawn.veth(f"{start}0", f"{start}1", netns=space, inside=f"{start}1")
        inside["address"] = port.mac
        inside["addr_info"] = [
            address("169.254.169.254", 32, f"{start}1"),
            address(port.fixed[0][1], port.fixed[0][0].cidr.prefixlen, f"{start}1"),
        ]
        assert drawn.switch
        drawn.switch.port("br-int", f"{start}0", ids={"iface-id": port.id})
        drawn.owned(f"{start}0")
        vnic = site.truth.thing("vnic", f"{metadata}/{start}1", network={network.name})
        site.truth.link("vservice-vnic", metadata, vnic, [network.name])
        site.truth.link("vnic-vedge", vnic, drawn.name, [network.name])
        site.focal("vservice", metadata, drawn, [port])

    # -- routers ---------------------------------------------------------------------------

    def router(self, name: str, inner: list[Network], outer: Network, on: str) -> Router:
        """A router with its gateway on a host."""
        site, drawn = self.site, self.site.hosts[on]
        number = len(site.plan.routers)
        identity = site.names.uuid("router", number)
        made = Router(identity, name, inner[0].project, drawn.host, number)
        site.plan.routers.append(made)
        add = site.builder.add_port
        made.gateway = add(outer, "network:router_gateway", made.id, host=drawn.host, project_id="")
        for network in inner:
            taken = {address for port in network.ports for _, address in port.fixed}
            fixed = [
                (subnet, subnet.next_address() if subnet.gateway in taken else subnet.gateway)
                for subnet in network.subnets
            ]
            owner = "network:router_interface"
            made.interfaces.append(add(network, owner, made.id, fixed=fixed))
        ports = [*made.interfaces, made.gateway]
        service = drawn.of(f"router-{made.id}")
        networks = {port.network.name for port in ports}
        site.truth.thing("vservice", service, service_type="router", network=networks)
        for port in ports:
            fields = {"network": {port.network.name}, "mac_address": port.mac}
            vnic = site.truth.thing("vnic", f"{service}/lrp-{port.id}", **fields)
            site.truth.link("vservice-vnic", service, vnic, [port.network.name])
            site.truth.link("vnic-vedge", vnic, drawn.name, [port.network.name])
            if port.network.physical_network:
                self._patch(drawn, port.network)
        behind = {p.network for p in made.interfaces}
        for instance in site.plan.instances:  # floating IPs may leave on a guest's own host
            if outer.physical_network and behind & {p.network for p in instance.ports}:
                self._patch(site.hosts[instance.host.name], outer)
        site.focal("vservice", service, drawn, ports)
        self.routers.append((made, on))
        return made

    def finish(self) -> Site:
        """Write the databases: all ports are there now."""
        for network in self.site.plan.networks:
            self.tables.network(network, self.site.names.uuid("segment", network.number))
        for router, active in self.routers:
            candidates = [active, *(name for name in GATEWAYS if name != active)]
            self.tables.router(router, candidates, active)
        next(iter(self.site.hosts.values())).databases = self.tables.text
        return self.site


def ovn(seed: int) -> Site:
    """Geneve over eno1, VLAN and flat networks by br-ex; a router whose gateway is on control-1,
    another one on compute-2; floating IPs on the guest's host and on the gateway."""
    return draw(seed).finish()


def draw(seed: int, release: str = "23.03") -> OvnSite:
    """The site before its databases are written, so that a test may change it."""
    made = OvnSite(Site(seed, mechanism=["OVN"], type_drivers="geneve"), release)
    site = made.site
    public = made.network("public", "flat", external=True)
    blue = made.network("blue", "vlan", 100)
    red = made.network("red", "geneve", 1001)
    for name in TUNNELS:
        roles = ("controller",) if name == "control-1" else ("compute",)
        drawn = made.host(name, *roles)
        site.carries(drawn, ["ens1f0"], public, blue)
        site.carries(drawn, ["eno1"], red)
    made.plug(site.instance("web", site.hosts["compute-1"]), blue)
    made.plug(site.instance("db", site.hosts["compute-1"]), red)
    made.plug(site.instance("both", site.hosts["compute-2"]), red, blue)
    gate = made.router("gate", [red, blue], public, "control-1")
    made.router("exit", [red], public, "compute-2")
    db, both = site.plan.instances[1], site.plan.instances[2]
    made.tables.floating(gate, "10.20.0.200", db.ports[0], "fa:16:3e:00:00:01")
    made.tables.floating(gate, "10.20.0.201", both.ports[1], "")
    return made
