"""NICs of a generated host: names, addresses, bonds, ethtool and LLDP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .devices import OVS_PORT, PROMISC, UP, Devices, address, linklocal
from .names import Names
from .plan import Host

GIGABIT = 1000


@dataclass(frozen=True)
class Nic:
    """A physical NIC."""

    name: str
    role: str  # management, tunnel, provider
    speed: int  # Mbit/s
    driver: str
    bus: str
    number: int
    bond: str = ""


def nics(host: Host) -> list[Nic]:
    """The NICs of a host: one for management, one or a bonded pair for tunnels, one provider."""
    bond = "bond0" if host.bonded else ""
    found = [
        Nic("eno1", "management", GIGABIT, "igb", "0000:01:00.0", 0),
        Nic("ens1f0", "tunnel", 10 * GIGABIT, "ixgbe", "0000:3b:00.0", 1, bond),
        Nic("ens1f1", "provider", 10 * GIGABIT, "ixgbe", "0000:3b:00.1", 2),
    ]
    if bond:
        found.append(Nic("ens2f0", "tunnel", 10 * GIGABIT, "ixgbe", "0000:5e:00.0", 3, bond))
    return found


def nic_mac(host: Host, number: int) -> str:
    """The burnt-in address of a NIC."""
    return f"52:54:00:{host.number >> 8 & 255:02x}:{host.number & 255:02x}:{number:02x}"


def bond_mac(host: Host) -> str:
    """A bond takes the address of its first member."""
    return nic_mac(host, 1)


def add_nics(devices: Devices, host: Host) -> None:
    """NICs and bond among the devices of `ip addr`."""
    for nic in nics(host):
        mac = bond_mac(host) if nic.bond else nic_mac(host, nic.number)
        enslaved = nic.role == "provider" and host.driver == "ovs"
        more: dict[str, Any] = {"parentbus": "pci", "parentdev": nic.bus}
        kind = None
        down = nic.name in host.down
        if nic.bond:
            kind = {"info_slave_kind": "bond", "info_slave_data": _member(host, nic)}
            more = {"permaddr": nic_mac(host, nic.number), **more}
        elif enslaved:
            kind = OVS_PORT
        addresses = [] if nic.bond or enslaved else [*_addresses(host, nic.name), linklocal(mac)]
        devices.add(
            nic.name,
            mac,
            flags=_flags(nic, enslaved=enslaved, down=down),
            state="DOWN" if down else "UP",
            qdisc="mq",
            kind=kind,
            master="ovs-system" if enslaved else nic.bond,
            addresses=addresses,
            more=more,
        )
    if host.bonded:
        dead = bond_is_down(host)
        devices.add(
            "bond0",
            bond_mac(host),
            flags=(
                *(("NO-CARRIER",) if dead else ()),
                *("BROADCAST", "MULTICAST", "MASTER", "UP"),
                *(() if dead else ("LOWER_UP",)),
            ),
            state="DOWN" if dead else "UP",
            kind={"info_kind": "bond", "info_data": {"mode": "802.3ad", "miimon": 100}},
            addresses=[*_addresses(host, "bond0"), linklocal(bond_mac(host))],
        )


def bond_is_down(host: Host) -> bool:
    """True when every member of the bond has no link."""
    return all(nic.name in host.down for nic in nics(host) if nic.bond)


def _flags(nic: Nic, *, enslaved: bool, down: bool) -> tuple[str, ...]:
    flags = UP if not enslaved else PROMISC
    if nic.bond:
        flags = ("BROADCAST", "MULTICAST", "SLAVE", "UP", "LOWER_UP")
    return ("NO-CARRIER", *(flag for flag in flags if flag != "LOWER_UP")) if down else flags


def _member(host: Host, nic: Nic) -> dict[str, Any]:
    down = nic.name in host.down
    return {
        "state": "BACKUP" if down else "ACTIVE",
        "mii_status": "DOWN" if down else "UP",
        "link_failure_count": int(down),
        "perm_hwaddr": nic_mac(host, nic.number),
        "queue_id": 0,
    }


def _addresses(host: Host, device: str) -> list[dict[str, Any]]:
    if device == "eno1":
        return [address(host.address, 16, device)]
    if device == host.tunnel_device and host.tunnel_ip:
        return [address(host.tunnel_ip, 16, device)]
    return []


# -- ethtool, bonding, lldp --------------------------------------------------------------


def nics_text(host: Host) -> str:
    """What the command `nics` prints: devices in the order of the file system."""
    blocks = {
        nic.name: nic_text(
            nic.name, "device", nic.speed, nic.driver, nic.bus, link=nic.name not in host.down
        )
        for nic in nics(host)
    }
    if host.bonded:
        blocks["bond0"] = nic_text("bond0", "bonding", 20 * GIGABIT, "bonding", "")
    return "".join(blocks[name] for name in sorted(blocks))


def nic_text(name: str, kind: str, speed: int, driver: str, bus: str, *, link: bool = True) -> str:
    mode = f"{speed}baseT/Full"
    version = "6.1.0-28-amd64"
    return f"""== {name} {kind}
Settings for {name}:
\tSupported ports: [ TP ]
\tSupported link modes:   100baseT/Full
\t                        {mode}
\tSupported pause frame use: Symmetric
\tSupports auto-negotiation: Yes
\tSupported FEC modes: Not reported
\tAdvertised link modes:  100baseT/Full
\t                        {mode}
\tAdvertised pause frame use: Symmetric
\tAdvertised auto-negotiation: Yes
\tAdvertised FEC modes: Not reported
\tSpeed: {f"{speed}Mb/s" if link else "Unknown!"}
\tDuplex: {"Full" if link else "Unknown! (255)"}
\tAuto-negotiation: on
\tPort: Twisted Pair
\tPHYAD: 0
\tTransceiver: internal
\tMDI-X: Unknown
\tLink detected: {"yes" if link else "no"}
driver: {driver}
version: {version}
firmware-version: {"2" if kind == "bonding" else "0x800006da"}
expansion-rom-version:{" "}
bus-info: {bus}
supports-statistics: yes
supports-test: no
supports-eeprom-access: no
supports-register-dump: no
supports-priv-flags: no
"""


def bonds_text(host: Host) -> str:
    """/proc/net/bonding of the host."""
    if not host.bonded:
        return ""
    members = [nic for nic in nics(host) if nic.bond]
    head = f"""== bond0
Ethernet Channel Bonding Driver: v6.1.0-28-amd64

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer3+4 (1)
MII Status: {"down" if bond_is_down(host) else "up"}
MII Polling Interval (ms): 100
Up Delay (ms): 0
Down Delay (ms): 0
Peer Notification Delay (ms): 0

802.3ad info
LACP active: on
LACP rate: slow
Min links: 0
Aggregator selection policy (ad_select): stable
System priority: 65535
System MAC address: {bond_mac(host)}
Active Aggregator Info:
\tAggregator ID: 1
\tNumber of ports: {len(members)}
\tActor Key: 15
\tPartner Key: 32
\tPartner Mac Address: 00:1c:73:00:00:{host.rack & 255:02x}
"""
    return head + "".join(_member_text(host, nic) for nic in members)


def _member_text(host: Host, nic: Nic) -> str:
    down = nic.name in host.down
    return f"""
Slave Interface: {nic.name}
MII Status: {"down" if down else "up"}
Speed: {"Unknown" if down else f"{nic.speed} Mbps"}
Duplex: {"Unknown" if down else "full"}
Link Failure Count: {int(down)}
Permanent HW addr: {nic_mac(host, nic.number)}
Slave queue ID: 0
Aggregator ID: 1
Actor Churn State: none
Partner Churn State: none
Actor Churned Count: 0
Partner Churned Count: 0
details actor lacp pdu:
    system priority: 65535
    system mac address: {bond_mac(host)}
    port key: 15
    port priority: 255
    port number: {nic.number}
    port state: 61
details partner lacp pdu:
    system priority: 32768
    system mac address: 00:1c:73:00:00:{host.rack & 255:02x}
    oper key: 32
    port priority: 32768
    port number: {host.number * 4 + nic.number}
    port state: 61
"""


def lldp_text(host: Host, names: Names) -> str:
    """`lldpctl -f json0`: every NIC with a link sees a port of the switch of its rack."""
    seen = [_seen(host, nic, names) for nic in nics(host) if nic.name not in host.down]
    return json.dumps({"lldp": [{"interface": seen}]}) + "\n"


def _seen(host: Host, nic: Nic, names: Names) -> dict[str, Any]:
    side = "b" if nic.number == 3 else "a"
    switch = f"leaf-{host.rack}{side}"
    capabilities = [("Bridge", True), ("Router", True), ("Wlan", False), ("Station", False)]
    chassis = {
        "id": [{"type": "mac", "value": names.local_mac("switch", switch)}],
        "name": [{"value": switch}],
        "descr": [{"value": "Sample switch, 48 ports"}],
        "mgmt-ip": [{"value": f"10.77.250.{host.rack % 250 + 1}"}],
        "mgmt-iface": [{"value": "1"}],
        "capability": [{"type": kind, "enabled": on} for kind, on in capabilities],
    }
    port = {
        "id": [{"type": "ifname", "value": f"Ethernet{host.number % 16 * 4 + nic.number + 1}"}],
        "descr": [{"value": f"{host.name} {nic.name}"}],
        "ttl": [{"value": "120"}],
        "auto-negotiation": [
            {"supported": True, "enabled": True, "current": [{"value": f"{nic.speed}BaseTFD"}]}
        ],
    }
    return {
        "name": nic.name,
        "via": "LLDP",
        "rid": str(nic.number + 1),
        "age": "42 days, 03:07:10",
        "chassis": [chassis],
        "port": [port],
    }
