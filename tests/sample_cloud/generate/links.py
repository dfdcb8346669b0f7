"""`ip -d -j addr show` of a generated host and of its namespaces, and `bridge fdb`."""

from __future__ import annotations

import json
from typing import Any

from tests.sample_cloud.generate.devices import (
    DOWN,
    OVS_DEVICE,
    OVS_PORT,
    PROMISC,
    VETH,
    Devices,
    address,
    bridge,
    bridge_port,
    linklocal,
    tap,
    vlan,
    vxlan,
)
from tests.sample_cloud.generate.hardware import add_nics, nic_mac
from tests.sample_cloud.generate.names import Names
from tests.sample_cloud.generate.plan import Host, Network, Port


def tap_mac(port: Port) -> str:
    """The host's end of an instance NIC: libvirt changes the first byte to fe."""
    return "fe" + port.mac[2:]


def brq(network: Network) -> str:
    """The bridge the Linux bridge agent makes for a network."""
    return f"brq{network.id[:11]}"


def is_instance_port(port: Port) -> bool:
    return port.owner.startswith("compute:")


def namespace_device(port: Port, host: Host) -> str:
    """Name of a port's device inside its namespace."""
    if port.owner == "network:dhcp":
        return ("tap" if host.driver == "ovs" else "ns-") + port.short
    return ("qg-" if port.owner == "network:router_gateway" else "qr-") + port.short


class HostLinks:
    """Network devices of one host."""

    def __init__(self, host: Host, names: Names) -> None:
        self.host = host
        self.names = names

    def text(self) -> str:
        """`ip -d -j addr show`."""
        return compact(self.devices().items) + "\n"

    def devices(self) -> Devices:
        devices = Devices()
        add_nics(devices, self.host)
        if self.host.driver == "ovs":
            self._ovs(devices)
        elif self.host.driver == "lxb":
            self._lxb(devices)
        return devices

    # -- Open vSwitch --------------------------------------------------------------------

    def _ovs(self, devices: Devices) -> None:
        host = self.host
        mac = self.names.local_mac("ovs-system", host.name)
        devices.add("ovs-system", mac, flags=DOWN, state="DOWN", qdisc="noop", kind=OVS_DEVICE)
        for name in ("br-ex", "br-int", "br-tun"):
            if name == "br-tun" and not host.tunnel_ip:
                continue
            self._ovs_bridge(devices, name)
        if host.tunnel_ip:
            tunnel = {"info_kind": "vxlan", "info_data": {"external": True, "port": 4789}}
            mac = self.names.local_mac("vxlan_sys", host.name)
            devices.add(
                "vxlan_sys_4789",
                mac,
                mtu=65000,
                state="UNKNOWN",
                kind=tunnel | OVS_PORT,
                master="ovs-system",
            )
        for port in host.ports:
            if is_instance_port(port) and port.trouble != "no_domain":
                self._ovs_instance_port(devices, port)

    def _ovs_bridge(self, devices: Devices, name: str) -> None:
        external = name == "br-ex"
        mac = nic_mac(self.host, 2) if external else self.names.local_mac(name, self.host.name)
        devices.add(
            name,
            mac,
            flags=PROMISC if external else DOWN,
            state="UNKNOWN" if external else "DOWN",
            qdisc="noqueue" if external else "noop",
            kind=OVS_DEVICE,
            addresses=[linklocal(mac)] if external else [],
        )

    def _ovs_instance_port(self, devices: Devices, port: Port) -> None:
        mtu = port.network.mtu
        mac = tap_mac(port)
        tap_mtu = 1400 if port.trouble == "mtu_changed" else mtu
        if not self.host.hybrid:
            if port.trouble == "tap_missing":
                return
            devices.add(
                f"tap{port.short}",
                mac,
                mtu=tap_mtu,
                state="UNKNOWN",
                kind=tap() | OVS_PORT,
                master="ovs-system",
                addresses=[linklocal(mac)],
            )
            return
        qbr, qvb, qvo = (f"{prefix}{port.short}" for prefix in ("qbr", "qvb", "qvo"))
        bridge_mac = self.names.local_mac("qvb", port.id)
        outer_mac = self.names.local_mac("qvo", port.id)
        devices.add(qbr, bridge_mac, mtu=mtu, kind=bridge(bridge_mac, ageing=0))
        devices.add(
            qvo,
            outer_mac,
            mtu=mtu,
            flags=PROMISC,
            kind=VETH | OVS_PORT,
            master="ovs-system",
            peer=qvb,
            addresses=[linklocal(outer_mac)],
        )
        self._bridge_port(devices, qvb, bridge_mac, VETH, qbr, 1, mtu, peer=qvo)
        if port.trouble != "tap_missing":
            self._bridge_port(devices, f"tap{port.short}", mac, tap(), qbr, 2, tap_mtu)

    def _bridge_port(
        self,
        devices: Devices,
        name: str,
        mac: str,
        kind: dict[str, Any],
        master: str,
        number: int,
        mtu: int,
        *,
        peer: str = "",
    ) -> None:
        devices.add(
            name,
            mac,
            mtu=mtu,
            state="UP" if peer else "UNKNOWN",
            kind=kind | bridge_port(number, mac),
            master=master,
            peer=peer,
            addresses=[] if kind.get("info_kind") == "vxlan" else [linklocal(mac)],
        )

    # -- Linux bridge --------------------------------------------------------------------

    def _lxb(self, devices: Devices) -> None:
        by_network: dict[Network, list[Port]] = {}
        for port in self.host.ports:
            if port.trouble != "no_domain":
                by_network.setdefault(port.network, []).append(port)
        for network, ports in by_network.items():
            self._lxb_bridge(devices, network, ports)

    def _lxb_bridge(self, devices: Devices, network: Network, ports: list[Port]) -> None:
        name = brq(network)
        mac = self.names.local_mac("brq", f"{self.host.name}/{network.id}")
        devices.add(name, mac, mtu=network.mtu, kind=bridge(mac))
        for number, port in enumerate(ports, start=1):
            if is_instance_port(port):
                self._bridge_port(
                    devices, f"tap{port.short}", tap_mac(port), tap(), name, number, network.mtu
                )
            else:
                outer = self.names.local_mac("veth", port.id)
                self._bridge_port(
                    devices, f"tap{port.short}", outer, VETH, name, number, network.mtu
                )
                devices.items[-1] |= {"link_index": 2, "link_netnsid": 0, "operstate": "UP"}
        self._lxb_uplink(devices, network, name, mac, len(ports) + 1)

    def _lxb_uplink(
        self, devices: Devices, network: Network, name: str, mac: str, number: int
    ) -> None:
        host = self.host
        if network.kind == "vxlan":
            kind = vxlan(network.segment or 0, host.tunnel_ip, host.tunnel_device)
            device = f"vxlan-{network.segment}"
            self._bridge_port(devices, device, mac, kind, name, number, network.mtu)
        elif network.kind == "vlan":
            device = f"{host.provider_device}.{network.segment}"
            kind = vlan(network.segment or 0)
            uplink = nic_mac(host, 2)
            self._bridge_port(
                devices, device, uplink, kind, name, number, network.mtu, peer=host.provider_device
            )
        else:
            nic = next(d for d in devices.items if d["ifname"] == host.provider_device)
            nic["linkinfo"] = bridge_port(number, nic["address"])
            nic["master"] = name

    # -- namespaces ----------------------------------------------------------------------

    def namespaces(self) -> list[tuple[str, list[Port]]]:
        """Name and ports of each network namespace, routers first."""
        found = []
        for router in self.host.routers:
            gateway = [router.gateway] if router.gateway else []
            found.append((f"qrouter-{router.id}", [*router.interfaces, *gateway]))
        found += [(f"qdhcp-{port.network.id}", [port]) for port in self.host.dhcp]
        return [*found, *((name, []) for name in self.host.orphans)]

    def namespace_devices(self, ports: list[Port], first_index: int) -> Devices:
        devices = Devices(first_index)
        for port in ports:
            name = namespace_device(port, self.host)
            ovs = self.host.driver == "ovs"
            device = devices.add(
                name,
                port.mac,
                mtu=port.network.mtu,
                state="UNKNOWN" if ovs else "UP",
                kind=OVS_DEVICE if ovs else VETH,
                addresses=[*self._port_addresses(port, name), linklocal(port.mac)],
            )
            if not ovs:
                device |= {"link_index": 9, "link_netnsid": 0}
        return devices

    def _port_addresses(self, port: Port, label: str) -> list[dict[str, Any]]:
        found = []
        if port.owner == "network:dhcp":
            found.append(address("169.254.169.254", 32, label, broadcast="169.254.169.254"))
        for subnet, local in port.fixed:
            broadcast = str(subnet.cidr[-1]) if subnet.cidr.version == 4 else ""
            found.append(address(local, subnet.cidr.prefixlen, label, broadcast=broadcast))
        if port.owner == "network:router_gateway":
            router = next(item for item in self.host.routers if item.id == port.device_id)
            for floating in router.floating:
                local = floating.address
                found.append(address(local, 32, label, broadcast=local))
        return found

    def namespace_links_text(self) -> str:
        """What the command `namespace_links` prints."""
        parts = []
        index = 100
        for name, ports in self.namespaces():
            devices = self.namespace_devices(ports, index)
            index = devices.next_index
            parts.append(f"netns: {name}\n{compact(devices.items)}\n\nexit: 0\n")
        return "".join(parts)

    def fdb_text(self) -> str:
        """What the command `fdb` prints: the VXLAN devices and where their peers are."""
        host = self.host
        if host.driver == "ovs":
            return "== vxlan_sys_4789\n[]\n\n" if host.tunnel_ip else ""
        parts = []
        networks = {port.network for port in host.ports if port.network.kind == "vxlan"}
        for network in sorted(networks, key=lambda network: f"vxlan-{network.segment}"):
            mac = self.names.local_mac("brq", f"{host.name}/{network.id}")
            own = {"mac": mac, "flags": [], "master": brq(network), "state": "permanent"}
            entries = compact([own, *self._remote_entries(network)])
            parts.append(f"== vxlan-{network.segment}\n{entries}\n\n")
        return "".join(parts)

    def _remote_entries(self, network: Network) -> list[dict[str, Any]]:
        entries = [
            _remote(port.mac, port.host)
            for port in network.ports
            if port.host and port.host is not self.host
        ]
        others = [host for host in self.host.mesh or network.hosts if host is not self.host]
        return entries + [_remote("00:00:00:00:00:00", host) for host in others]


def _remote(mac: str, host: Host) -> dict[str, Any]:
    return {"mac": mac, "dst": host.tunnel_ip, "flags": ["self"], "state": "permanent"}


def compact(value: object) -> str:
    """JSON without blanks, as iproute2 and ovs-vsctl print it."""
    return json.dumps(value, separators=(",", ":"))
