"""A fabric of Cisco ACI under Open vSwitch: two leaves, two spines, and another switch."""

from __future__ import annotations

from .drawing import DrawnHost
from .plugs import dhcp, plug_ovs, router
from .site import Site

TUNNELS = {"control-1": "172.16.2.11", "compute-1": "172.16.2.12", "compute-2": "172.16.2.13"}
LEAVES, SPINES = (101, 102), (201, 202)


def aci(seed: int) -> Site:
    """Each host has eno1 on a switch that is not of the fabric, ens1f0 on leaf 101 for tunnels and
    ens1f1 on leaf 102 for provider networks. control-1 hears its leaves by LLDP; compute-1 runs no
    LLDP that hears, its leaves hear it; of compute-2 the leaves have only learned MAC addresses.
    """
    site = Site(seed)
    outside = site.network("public", "flat", external=True)
    blue, red = site.network("blue", "vlan", 100), site.network("red", "vxlan", 1001)
    for at, name in enumerate(TUNNELS):
        roles = ("controller", "network") if name == "control-1" else ("compute",)
        drawn = site.host(name, *roles)
        site.ovs_agent(drawn, {"physnet1": "br-ex"}, TUNNELS[name])
        drawn.nic("eno1", port=f"mgmt-1/{at + 1}", ip=drawn.host.address)
        how = ("seen", "heard", "learned")[at]
        _on_leaf(site, drawn, "ens1f0", 101, f"eth1/{at + 1}", how, ip=TUNNELS[name])
        _on_leaf(site, drawn, "ens1f1", 102, f"eth1/{at + 1}", how)
        drawn.ovs()
        drawn.ovs_bridge("br-ex", up=True)
        drawn.to_ovs("br-ex", "ens1f1")
        site.truth.link("vedge-host_pnic", drawn.name, drawn.of("ens1f1"))
        peers = [ip for other, ip in TUNNELS.items() if other != name]
        otep = drawn.tunnels(TUNNELS[name], peers)
        site.truth.link("otep-host_pnic", otep, drawn.of("ens1f0"))
        site.carries(drawn, ["ens1f0"], red)
        site.carries(drawn, ["ens1f1"], outside, blue)
    _fabric(site)
    control, first, second = site.hosts.values()
    site.network_node(control)
    dhcp(site, control, blue)
    dhcp(site, control, red)
    router(site, control, "gate", [red, blue], outside)
    plug_ovs(site, site.instance("web", first), blue)
    plug_ovs(site, site.instance("both", second), red, blue)
    return site


def _fabric(site: Site) -> None:
    """Nodes, and a cable from each leaf to each spine. One of the APICs is a node as well."""
    roles = dict.fromkeys(LEAVES, "leaf") | dict.fromkeys(SPINES, "spine") | {1: "controller"}
    for number, role in roles.items():
        name, dn = f"{role}-{number}", f"topology/pod-1/node-{number}"
        facts = {"dn": dn, "id": str(number), "name": name, "role": role, "model": "N9K-SAMPLE"}
        facts["version"] = "n9000-15.2(7f)"
        _add(site, "fabricNode", {**facts, "fabricSt": "active", "serial": f"SAMPLE{number:05}"})
        system = {"dn": f"{dn}/sys", "name": name, "role": role}
        addresses = {"address": f"10.0.{number}.1", "oobMgmtAddr": f"192.0.2.{number}"}
        _add(site, "topSystem", {**system, **addresses, "inbMgmtAddr": "0.0.0.0"})
        if role != "controller":
            site.truth.thing("switch", name, role=role, management_addresses=[f"192.0.2.{number}"])
    for leaf in LEAVES:
        for spine in SPINES:
            up, down = f"eth1/{spine - 152}", f"eth1/{leaf - 100}"
            _port(site, f"leaf-{leaf}", leaf, up, "uplink")
            _port(site, f"spine-{spine}", spine, down, "downlink")
            _heard(site, leaf, up, f"spine-{spine}", "", _pathep(spine, down))
            site.truth.link("switch_pnic-switch_pnic", f"leaf-{leaf}/{up}", f"spine-{spine}/{down}")


def _on_leaf(
    site: Site, drawn: DrawnHost, nic: str, leaf: int, port: str, how: str, *, ip: str = ""
) -> None:
    """A NIC on a port of a leaf, and what shows it."""
    mac = str(drawn.nic(nic, ip=ip)["address"])
    named = f"leaf-{leaf}/{port}"
    drawn.switch_port[nic] = named
    _port(site, f"leaf-{leaf}", leaf, port, "hostlink")
    site.truth.link("host_pnic-switch_pnic", drawn.of(nic), named)
    if how == "seen":
        drawn.neighbours.append(_neighbour(nic, leaf, port))
    elif how == "heard":
        _heard(site, leaf, port, drawn.name, mac.upper(), nic)
    else:
        place = f"topology/pod-1/node-{leaf}/sys/ctx-[vxlan-2]/bd-[vxlan-3]/vlan-[vlan-4]/db-ep"
        learned = {"dn": f"{place}/mac-{mac.upper()}", "addr": mac.upper(), "ifId": port}
        _add(site, "epmMacEp", learned)
        for other in LEAVES:  # every other leaf knows it behind a tunnel
            if other != leaf:
                far = learned["dn"].replace(f"node-{leaf}", f"node-{other}")
                _add(site, "epmMacEp", {**learned, "dn": far, "ifId": "tunnel7"})


def _neighbour(nic: str, leaf: int, port: str) -> dict[str, object]:
    """What lldpd says of a leaf, with the words of a leaf."""
    capabilities = [{"type": kind, "enabled": True} for kind in ("Bridge", "Router")]
    chassis = {
        "id": [{"type": "mac", "value": f"c4:7e:e0:00:{leaf // 256:02x}:{leaf % 256:02x}"}],
        "name": [{"value": f"leaf-{leaf}"}],
        "descr": [{"value": f"topology/pod-1/node-{leaf}"}],
        "mgmt-ip": [{"value": f"192.0.2.{leaf}"}],
        "capability": capabilities,
    }
    about = {
        "id": [{"type": "ifname", "value": port.capitalize()}],
        "descr": [{"value": _pathep(leaf, port)}],
    }
    return {"name": nic, "via": "LLDP", "rid": "1", "chassis": [chassis], "port": [about]}


def _heard(site: Site, node: int, port: str, name: str, port_id: str, text: str) -> None:
    dn = f"topology/pod-1/node-{node}/sys/lldp/inst/if-[{port}]/adj-1"
    said = {"sysName": name, "portIdV": port_id, "portDesc": text}
    _add(site, "lldpAdjEp", {"dn": dn, **said})


def _port(site: Site, switch: str, node: int, port: str, role: str) -> None:
    """A port with a link, as the fabric and the truth know it."""
    dn = f"topology/pod-1/node-{node}/sys/phys-[{port}]/phys"
    _add(site, "ethpmPhysIf", {"dn": dn, "operSt": "up", "operSpeed": "25G"})
    site.truth.thing("switch_pnic", f"{switch}/{port}", role=role, state="up", speed="25G")
    site.truth.link("switch-switch_pnic", switch, f"{switch}/{port}")


def _pathep(node: int, port: str) -> str:
    return f"topology/pod-1/paths-{node}/pathep-[{port}]"


def _add(site: Site, name: str, item: dict[str, str]) -> None:
    site.fabric.setdefault(name, []).append(item)
