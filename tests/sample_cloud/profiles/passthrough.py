"""Guests beside the kernel: DPDK, SR-IOV functions, and those with representors."""

from __future__ import annotations

from typing import Any

from ..generate.plan import Binding, Instance, Network, Port
from .drawing import DrawnHost
from .plugs import (
    guest_port,
    interface_xml,
    plug_ovs,
    run,
    switch_port,
    vnic_of,
)
from .site import Site


def dpdk(seed: int) -> Site:
    """Open vSwitch with the datapath of DPDK: two NICs of vfio-pci in a bond are the uplink, guests
    are plugged by vhost-user sockets that QEMU serves (dpdkvhostuserclient)."""
    site = Site(seed, type_drivers="vlan")
    blue = site.network("blue", "vlan", 100)
    green = site.network("green", "vlan", 101)
    for number in (1, 2):
        drawn = site.host(f"compute-{number}", "compute", *(["controller"] if number == 1 else []))
        drawn.nic("eno1", port=f"mgmt-1/{number}", ip=drawn.host.address)
        site.ovs_agent(drawn, {"physnet1": "br-ex"})
        switch = drawn.ovs("netdev")
        drawn.ovs_bridge("br-ex", up=True)
        members: dict[str, dict[str, Any]] = {}
        for at in (0, 1):
            bus, mac = f"0000:05:00.{at}", drawn.mac()
            options = {"dpdk-devargs": bus, "n_rxq": "2"}
            members[f"dpdk{at}"] = {"kind": "dpdk", "mac": mac, "options": options}
            drawn.pci_text.append(f"== {bus} pci\ndriver: vfio-pci\n")
            nic = site.truth.thing("host_pnic", drawn.of(f"dpdk{at}"), mac_address=mac)
            site.truth.link("vedge-host_pnic", drawn.name, nic)
        switch.bond("br-ex", "dpdkbond", members)
        site.carries(drawn, members, blue, green)
    _vhost_user(site, site.instance("web", site.hosts["compute-1"]), blue)
    _vhost_user(site, site.instance("both", site.hosts["compute-2"]), blue, green)
    return site


def _vhost_user(site: Site, instance: Instance, *networks: Network) -> None:
    text = ""
    drawn = site.hosts[instance.host.name]
    for network in networks:
        details = {"port_filter": False, "vhostuser_mode": "server", "datapath_type": "netdev"}
        port = guest_port(site, instance, network, Binding("vhostuser", details=details))
        name = f"vhu{port.short}"
        socket = f"/var/lib/vhost_sockets/{name}"
        details |= {"vhostuser_socket": socket, "vhostuser_ovs_plug": True}
        source = f"      <source type='unix' path='{socket}' mode='server'/>\n"
        text += interface_xml("vhostuser", port, source)
        options = {"vhost-server-path": socket}
        switch_port(
            drawn, port, name, mac="00:00:00:00:00:00", kind="dpdkvhostuserclient", options=options
        )
        site.truth.link("vnic-vedge", vnic_of(instance, port), drawn.name, [network.name])
    run(site, instance, text)


def sriov(seed: int) -> Site:
    """Two NICs with virtual functions carry physnet2; a guest has a function of the second, another
    a whole NIC (direct-physical), a third an ordinary port of Open vSwitch."""
    site = Site(seed, mechanism=["OVS", "SRIOV"], type_drivers="vlan")
    blue = site.network("blue", "vlan", 100)
    fast = site.network("fast", "vlan", 500, physical="physnet2")
    drawn = site.host("compute-1", "controller", "compute")
    site.ovs_agent(drawn, {"physnet1": "br-ex"})
    mappings = {"device_mappings": {"physnet2": ["ens1f0", "ens1f1", "ens3f0"]}}
    site.agent(drawn, "NIC Switch agent", "neutron-sriov-nic-agent", mappings)
    drawn.nic("eno1", port="leaf-1/1", ip=drawn.host.address)
    drawn.nic("eno2", port="leaf-2/1")
    drawn.ovs()
    drawn.ovs_bridge("br-ex", up=True)
    drawn.to_ovs("br-ex", "eno2")
    site.truth.link("vedge-host_pnic", drawn.name, drawn.of("eno2"), ["blue"])
    site.carries(drawn, ["eno2"], blue)
    plug_ovs(site, site.instance("plain", drawn), blue)
    port = _function(site, site.instance("quick", drawn), fast, "0000:3b:0a.1")
    _physical(drawn, "ens1f0", 0, "i40e", [None, None])
    _physical(drawn, "ens1f1", 1, "i40e", [None, port])
    _pass_on(site, port, "ens1f1")
    whole = _whole_nic(site, site.instance("whole", drawn), fast, "0000:d8:00.0")
    drawn.pci_text.append("== 0000:d8:00.0 pci\ndriver: vfio-pci\n")
    site.truth.thing("host_pnic", drawn.of("0000:d8:00.0"), state="unknown")
    _pass_on(site, whole, "0000:d8:00.0")
    return site


def _pass_on(site: Site, port: Port, nic: str) -> None:
    """The guest's vNIC leads to this NIC and no other."""
    instance = next(item for item in site.plan.instances if port in item.ports)
    drawn = site.hosts[instance.host.name]
    vnic = vnic_of(instance, port)
    site.truth.link("vnic-host_pnic", vnic, drawn.of(nic), [port.network.name], state="")
    site.own_nics[port] = [nic]


def _physical(
    drawn: DrawnHost, name: str, number: int, driver: str, guests: list[Port | None]
) -> None:
    """A NIC and its virtual functions; those that guests have are gone from the host's devices."""
    functions = [
        {
            "vf": at,
            "mac": guest.mac if guest else "00:00:00:00:00:00",
            "vlan_list": [{"vlan": guest.network.segment}] if guest else [],
            "spoofchk": True,
            "link_state": "auto",
            "trust": False,
        }
        for at, guest in enumerate(guests)
    ]
    bus = f"0000:3b:00.{number}"
    more = {"vfinfo_list": functions}
    drawn.nic(name, bus=bus, port=f"leaf-{3 + number}/1", driver=driver, more=more)
    drawn.pci_text[-1] += "".join(
        f"virtfn: {at} 0000:3b:{2 + 8 * number:02x}.{at}\n" for at in range(len(guests))
    )
    for at, guest in enumerate(guests):
        address = f"0000:3b:{2 + 8 * number:02x}.{at}"
        device = f"{name}v{at}"
        if guest:
            drawn.pci_text.append(f"== {address} pci\ndriver: vfio-pci\n")
            continue
        mac = drawn.names.local_mac("vf", drawn.of(device))
        extra = {"parentbus": "pci", "parentdev": address}
        drawn.root.add(device, mac, flags=("BROADCAST", "MULTICAST"), state="DOWN", more=extra)
        drawn.nics_text[device] = f"== {device} device\nSettings for {device}:\ndriver: iavf\n"
        drawn.nics_text[device] += f"bus-info: {address}\n"
        drawn.pci_text.append(f"== {address} pci\ndriver: iavf\nnet: {device}\n")


def pci_xml(bus: str) -> str:
    """The address element of libvirt for `0000:3b:0a.1`."""
    domain, rest, function = bus[:4], bus[5:].partition(".")[0], bus[-1]
    where, slot = rest.split(":")
    return f"domain='0x{domain}' bus='0x{where}' slot='0x{slot}' function='0x{function}'"


def _function(site: Site, instance: Instance, network: Network, bus: str) -> Port:
    """A guest with one virtual function, with its VLAN."""
    profile = {
        "pci_slot": bus,
        "physical_network": network.physical,
        "pci_vendor_info": "8086:154c",
    }
    details = {"port_filter": False, "vlan": str(network.segment)}
    port = guest_port(site, instance, network, Binding("hw_veb", "direct", details, profile))
    inner = f"      <source><address type='pci' {pci_xml(bus)}/></source>\n"
    inner += f"      <vlan><tag id='{network.segment}'/></vlan>\n"
    run(site, instance, interface_xml("hostdev' managed='yes", port, inner))
    return port


def _whole_nic(site: Site, instance: Instance, network: Network, bus: str) -> Port:
    """A guest that has a NIC itself: libvirt knows of no interface."""
    profile = {
        "pci_slot": bus,
        "physical_network": network.physical,
        "pci_vendor_info": "8086:1583",
    }
    binding = Binding("hostdev_physical", "direct-physical", {"port_filter": False}, profile)
    port = guest_port(site, instance, network, binding)
    run(
        site,
        instance,
        "    <hostdev mode='subsystem' type='pci' managed='yes'>\n      <source>\n"
        f"        <address {pci_xml(bus)}/>\n      </source>\n    </hostdev>\n",
    )
    return port


def switchdev(seed: int) -> Site:
    """Hardware offload: the guest has a virtual function, br-int its representor; the NIC itself is
    the uplink of br-ex. Representors look like NICs under /sys/class/net."""
    return offload(seed)


def offload(seed: int, *, vdpa: bool = False) -> Site:
    """A host with a representor in br-int; `vdpa`: the guest has a vhost-vdpa device instead of the
    function itself."""
    site = Site(seed, type_drivers="vlan")
    blue = site.network("blue", "vlan", 100)
    drawn = site.host("compute-1", "controller", "compute")
    site.ovs_agent(drawn, {"physnet1": "br-ex"})
    drawn.nic("eno1", port="leaf-1/1", ip=drawn.host.address)
    switch_id = "b8cef6030037fa10"
    own = {"phys_port_name": "p0", "phys_switch_id": switch_id}
    bus = "0000:03:00.0"
    drawn.nic("enp3s0f0np0", bus=bus, port="leaf-2/1", driver="mlx5_core", more=own)
    drawn.ovs()
    drawn.ovs_bridge("br-ex", up=True)
    drawn.to_ovs("br-ex", "enp3s0f0np0")
    site.truth.link("vedge-host_pnic", drawn.name, drawn.of("enp3s0f0np0"), ["blue"])
    site.carries(drawn, ["enp3s0f0np0"], blue)
    instance = site.instance("quick", drawn)
    profile = {"pci_slot": "0000:03:00.2", "capabilities": ["switchdev"]}
    binding = Binding("ovs", "vdpa" if vdpa else "direct", {}, profile)
    port = guest_port(site, instance, blue, binding)
    for at in (0, 1):
        name, mac = f"enp3s0f0npf0vf{at}", drawn.names.local_mac("rep", drawn.of(str(at)))
        up = {} if at == 0 else {"flags": ("BROADCAST", "MULTICAST"), "state": "DOWN"}
        more = {"phys_port_name": f"pf0vf{at}", "phys_switch_id": switch_id}
        drawn.root.add(name, mac, more=more | {"parentbus": "pci", "parentdev": bus}, **up)
        told = f"== {name} device\nSettings for {name}:\ndriver: mlx5e_rep\nbus-info: {bus}\n"
        drawn.nics_text[name] = told
    drawn.owned("enp3s0f0npf0vf0")
    switch_port(drawn, port, "enp3s0f0npf0vf0", mac=drawn.device("enp3s0f0npf0vf0")["address"])
    drawn.pci_text[-1] += "virtfn: 0 0000:03:00.2\nvirtfn: 1 0000:03:00.3\n"
    inner = f"      <source><address type='pci' {pci_xml('0000:03:00.2')}/></source>\n"
    kind = "hostdev' managed='yes"
    if vdpa:
        kind, inner = "vdpa", "      <source dev='/dev/vhost-vdpa-0'/>\n"
    run(site, instance, interface_xml(kind, port, inner))
    site.truth.link("vnic-vedge", vnic_of(instance, port), drawn.name, [blue.name])
    return site
