"""Guests without a tap: macvtap on a NIC, and vDPA."""

from __future__ import annotations

from ..generate.plan import Binding
from .passthrough import offload
from .plugs import guest_port, interface_xml, run, vnic_of
from .site import Site


def macvtap(seed: int) -> Site:
    """Neutron's macvtap agent: a guest on a VLAN device of the second NIC, another on one with a
    name of its own. No switch of the host lies between."""
    site = Site(seed, mechanism=["MACVTAP"], type_drivers="vlan")
    drawn = site.host("compute-1", "controller", "compute")
    mappings = {"interface_mappings": {"physnet1": "eno2"}}
    site.agent(drawn, "Macvtap agent", "neutron-macvtap-agent", mappings)
    drawn.nic("eno1", port="leaf-1/1", ip=drawn.host.address)
    drawn.nic("eno2", port="leaf-2/1")
    for number, (name, device) in enumerate((("blue", "eno2.100"), ("green", "green-wire"))):
        network = site.network(name, "vlan", 100 + number)
        drawn.vlan(device, "eno2", 100 + number)
        instance, tap = site.instance(f"guest-{name}", drawn), f"macvtap{number}"
        details = {"physical_interface": "eno2", "macvtap_source": device, "macvtap_mode": "bridge"}
        port = guest_port(site, instance, network, Binding("macvtap", details=details))
        inner = f"      <source dev='{device}' mode='bridge'/>\n      <target dev='{tap}'/>\n"
        run(site, instance, interface_xml("direct", port, inner))
        kind = {"info_kind": "macvtap", "info_data": {"mode": "bridge"}}
        drawn.root.add(tap, port.mac, kind=kind, peer=device)
        site.carries(drawn, ["eno2"], network)
        vnic = vnic_of(instance, port)
        site.truth.link("vnic-host_pnic", vnic, drawn.of("eno2"), [name])
    return site


def vdpa(seed: int) -> Site:
    """Hardware offload with vDPA: the guest has a character device, br-int the representor."""
    return offload(seed, vdpa=True)
