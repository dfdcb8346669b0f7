"""One drawn host: its devices, namespaces, switch and guests; `printing` says what it prints.

Each method draws one thing and says to the truth what that thing is. How things lead to the wire is
not derived from the drawing: the profile says it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..generate import hardware
from ..generate.devices import (
    OVS_DEVICE,
    OVS_PORT,
    UP,
    VETH,
    Devices,
    address,
    bridge,
    bridge_port,
    linklocal,
    vlan,
)
from ..generate.names import Names
from ..generate.plan import Host, Instance
from .ovs import DrawnSwitch
from .printing import bond_file
from .truth import Truth

Device = dict[str, Any]
BONDED = ("BROADCAST", "MULTICAST", "SLAVE", "UP", "LOWER_UP")
MASTER = ("BROADCAST", "MULTICAST", "MASTER", "UP", "LOWER_UP")


class DrawnHost:
    """Draws a host."""

    def __init__(self, host: Host, names: Names, truth: Truth) -> None:
        self.host = host
        self.names = names
        self.truth = truth
        self.root: Devices = Devices()
        self.spaces: dict[str, Devices] = {}
        self.switch: DrawnSwitch | None = None
        self.guests: list[tuple[Instance, str]] = []
        self.nics_text: dict[str, str] = {}
        self.pci_text: list[str] = []
        self.bonds_text: str = ""
        self.neighbours: list[Device] = []
        self.fdb: dict[str, list[Device]] = {}
        self.databases: Callable[[], str] | None = None  # of OVN, where they are here
        self.unreachable = False  # nobody logs in there
        self.members: dict[str, list[str]] = {}  # of bonds and teams
        self.switch_port: dict[str, str] = {}  # NIC -> the switch port it is plugged into
        self.number = 0
        truth.thing("host", host.name)

    @property
    def name(self) -> str:
        return self.host.name

    def of(self, device: str) -> str:
        """The name of a thing of this host."""
        return f"{self.name}/{device}"

    def mac(self) -> str:
        """The burnt-in address of the next NIC."""
        self.number += 1
        return hardware.nic_mac(self.host, self.number)

    def device(self, name: str, netns: str = "") -> Device:
        space = self.spaces[netns] if netns else self.root
        return next(item for item in space.items if item["ifname"] == name)

    # -- hardware ------------------------------------------------------------------------

    def nic(
        self,
        name: str,
        *,
        bus: str = "",
        port: str = "",
        ip: str = "",
        driver: str = "ixgbe",
        more: Device | None = None,
    ) -> Device:
        """A NIC, `port` is its neighbour: `leaf-1/Ethernet1`."""
        mac = self.mac()
        bus = bus or f"0000:{0x18 + self.number:02x}:00.0"
        made = self.root.add(
            name,
            mac,
            qdisc="mq",
            addresses=[*([address(ip, 24, name)] if ip else []), linklocal(mac)],
            more={"parentbus": "pci", "parentdev": bus, **(more or {})},
        )
        self.nics_text[name] = hardware.nic_text(name, "device", 10000, driver, bus)
        self.pci_text.append(f"== {bus} pci\ndriver: {driver}\nnet: {name}\n")
        self.truth.thing("host_pnic", self.of(name), mac_address=mac, state="up")
        if port:
            self._neighbour(name, port)
        return made

    def _neighbour(self, nic: str, port: str) -> None:
        switch, _, name = port.partition("/")
        self.switch_port[nic] = port
        capabilities = [("Bridge", True), ("Router", True), ("Station", False)]
        chassis = {
            "id": [{"type": "mac", "value": self.names.local_mac("switch", switch)}],
            "name": [{"value": switch}],
            "descr": [{"value": "Sample switch, 48 ports"}],
            "mgmt-ip": [{"value": "192.0.2.250"}],
            "capability": [{"type": kind, "enabled": on} for kind, on in capabilities],
        }
        described = [{"value": f"{self.name} {nic}"}]
        about = {"id": [{"type": "ifname", "value": name}], "descr": described}
        self.neighbours.append(
            {"name": nic, "via": "LLDP", "rid": "1", "chassis": [chassis], "port": [about]}
        )
        self.truth.thing("switch", switch)
        self.truth.thing("switch_pnic", port)
        # LLDP tells which switch a port is of; whether the port works there, nobody says.
        self.truth.link("switch-switch_pnic", switch, port, state="unknown")
        self.truth.link("host_pnic-switch_pnic", self.of(nic), port)

    def bond(self, name: str, members: list[str], *, ip: str = "", team: bool = False) -> Device:
        """A bond or a team of NICs."""
        kind = "team" if team else "bond"
        first = self.device(members[0])
        for each in members:
            member = self.device(each)
            permanent = member["address"]
            member |= {"master": name, "address": first["address"], "flags": list(BONDED)}
            member["linkinfo"] = {"info_slave_kind": kind}
            member["addr_info"] = []
            if not team:
                member["permaddr"] = permanent
                member["linkinfo"]["info_slave_data"] = {
                    "state": "ACTIVE", "mii_status": "UP", "link_failure_count": 0,
                    "perm_hwaddr": permanent, "queue_id": 0,
                }  # fmt: skip
            more = {"EtherChannel Master": self.of(name)}
            self.truth.thing("host_pnic", self.of(each), mac_address=first["address"], **more)
        data: Device = {} if team else {"mode": "802.3ad", "miimon": 100}
        made = self.root.add(
            name,
            first["address"],
            flags=UP if team else MASTER,
            kind={"info_kind": kind, **({"info_data": data} if data else {})},
            addresses=[*([address(ip, 24, name)] if ip else []), linklocal(first["address"])],
        )
        if not team:
            self.nics_text[name] = hardware.nic_text(name, "bonding", 20000, "bonding", "")
            self.bonds_text += bond_file(name, members, first["address"])
        self.members[name] = members
        self.truth.thing("host_pnic", self.of(name), mac_address=first["address"], state="up")
        return made

    # -- devices of software -------------------------------------------------------------

    def vlan(self, name: str, parent: str, number: int, *, ip: str = "") -> Device:
        """A VLAN device on another device."""
        mac = self.device(parent)["address"]
        addresses = [*([address(ip, 24, name)] if ip else []), linklocal(mac)]
        return self.root.add(name, mac, kind=vlan(number), peer=parent, addresses=addresses)

    def bridge(self, name: str, members: list[str], *, ip: str = "", mtu: int = 1500) -> str:
        """A Linux bridge with members that are there already; its name in the truth."""
        mac = self.names.local_mac("bridge", self.of(name))
        addresses = [*([address(ip, 24, name)] if ip else []), linklocal(mac)]
        self.root.add(name, mac, mtu=mtu, kind=bridge(mac), addresses=addresses)
        for each in members:
            self.enslave(each, name)
        return self.truth.thing("vconnector", self.of(name))

    def enslave(self, member: str, master: str) -> None:
        """Make a device a member of a Linux bridge."""
        device = self.device(member)
        number = 1 + sum(item.get("master") == master for item in self.root.items)
        device["master"] = master
        mac = self.device(master)["address"]
        device["linkinfo"] = {**device.get("linkinfo", {}), **bridge_port(number, mac)}
        device["addr_info"] = [item for item in device["addr_info"] if item["scope"] == "link"]

    def veth(
        self, one: str, other: str, *, netns: str = "", inside: str = ""
    ) -> tuple[Device, Device]:
        """A veth pair of the host, or one whose other end is in a namespace, called `inside`."""
        mac = self.names.local_mac("veth", self.of(one))
        peer_mac = self.names.local_mac("veth", self.of(f"{netns}/{other}"))
        here = self.root.add(one, mac, kind=dict(VETH), addresses=[linklocal(mac)])
        space = self.spaces[netns] if netns else self.root
        there = space.add(inside or other, peer_mac, kind=dict(VETH))
        if netns:
            number = list(self.spaces).index(netns)
            here |= {"link_index": there["ifindex"], "link_netnsid": number, "link_netns": netns}
            there |= {"link_index": here["ifindex"], "link_netnsid": 0}
        else:
            here["link"], there["link"] = other, one
        return here, there

    def foreign_veth(self, name: str, master: str = "") -> Device:
        """A veth whose other end is in a container that has no named namespace."""
        mac = self.names.local_mac("veth", self.of(name))
        made = self.root.add(name, mac, kind=dict(VETH), addresses=[linklocal(mac)])
        made |= {"link_index": 2, "link_netnsid": 40 + len(self.root.items)}
        if master:
            self.enslave(name, master)
        return made

    def namespace(self, name: str) -> str:
        """A network namespace, its name in the truth."""
        self.spaces[name] = Devices(first_index=2)
        return self.of(name)

    # -- Open vSwitch --------------------------------------------------------------------

    def ovs(self, datapath: str = "system") -> DrawnSwitch:
        """Open vSwitch with br-int."""
        self.switch = DrawnSwitch(self.name, self.names)
        self.switch.datapath = datapath
        mac = self.names.local_mac("ovs-system", self.name)
        down = ("BROADCAST", "MULTICAST")
        if datapath == "system":
            self.root.add("ovs-system", mac, flags=down, state="DOWN", kind=dict(OVS_DEVICE))
        self.truth.thing("vedge", self.name)
        self.ovs_bridge("br-int")
        return self.switch

    def ovs_bridge(self, name: str, *, ip: str = "", up: bool = False) -> None:
        """A bridge and its device; any but br-int is patched to br-int as the agent does."""
        assert self.switch
        mac = self.names.local_mac("ovs", self.of(name))
        self.switch.bridge(name, mac, up=up or bool(ip))
        self.internal_device(name, mac, ip=ip, up=up or bool(ip))
        if name not in ("br-int", "br-tun"):
            self.switch.patch("br-int", name, (f"int-{name}", f"phy-{name}"))

    def internal_device(self, name: str, mac: str, *, ip: str = "", up: bool = True) -> Device:
        """The device of an internal port, as the datapath makes it."""
        assert self.switch
        user = self.switch.datapath == "netdev"  # a tap device of ovs-vswitchd
        kind = {"info_kind": "tun", "info_data": {"type": "tap"}} if user else dict(OVS_DEVICE)
        return self.root.add(
            name,
            mac,
            flags=UP if up else ("BROADCAST", "MULTICAST"),
            state="UNKNOWN" if up else "DOWN",
            kind=kind,
            addresses=[*([address(ip, 24, name)] if ip else []), linklocal(mac)] if up else [],
        )

    def internal_port(
        self, bridge: str, name: str, *, tag: int | None = None, ip: str = ""
    ) -> None:
        """An internal port with a device of the host, such as `vlan20` with an address."""
        assert self.switch
        mac = self.names.local_mac("ovs", self.of(name))
        self.switch.port(bridge, name, kind="internal", mac=mac, tag=tag)
        self.internal_device(name, mac, ip=ip)

    def to_ovs(self, bridge: str, device: str) -> None:
        """Make a device of the host a port of a bridge of Open vSwitch."""
        assert self.switch
        self.switch.port(bridge, device, mac=self.device(device)["address"])
        self.owned(device)

    def owned(self, device: str) -> None:
        """What the kernel says of a device that Open vSwitch has taken."""
        found = self.device(device)
        found["master"] = "ovs-system"
        found["linkinfo"] = {**found.get("linkinfo", {}), **OVS_PORT}
        found["addr_info"] = [item for item in found["addr_info"] if item["scope"] == "link"]

    def tunnels(self, local: str, peers: list[str]) -> str:
        """br-tun with a VXLAN port for each peer; the endpoint's name in the truth."""
        assert self.switch
        self.ovs_bridge("br-tun")
        self.switch.patch("br-int", "br-tun", ("patch-tun", "patch-int"))
        for peer in peers:
            name = "vxlan-" + "".join(f"{int(part):02x}" for part in peer.split("."))
            options = {"in_key": "flow", "local_ip": local, "out_key": "flow", "remote_ip": peer}
            self.switch.port("br-tun", name, kind="vxlan", options=options)
        if self.switch.datapath == "system":
            kind = {"info_kind": "vxlan", "info_data": {"external": True, "port": 4789}} | OVS_PORT
            mac = self.names.local_mac("vxlan_sys", self.name)
            self.root.add("vxlan_sys_4789", mac, kind=kind, master="ovs-system", state="UNKNOWN")
        otep = self.truth.thing("otep", self.of(local), ip_address=local)
        self.truth.link("vedge-otep", self.name, otep)
        return otep
