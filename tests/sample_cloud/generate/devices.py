"""Building blocks of `ip -d -j addr show`: one dict per network device, as iproute2 6.1 prints."""

from __future__ import annotations

from typing import Any

from .names import link_local

FOREVER = 4294967295
UP = ("BROADCAST", "MULTICAST", "UP", "LOWER_UP")
PROMISC = ("BROADCAST", "MULTICAST", "PROMISC", "UP", "LOWER_UP")
DOWN = ("BROADCAST", "MULTICAST")

Device = dict[str, Any]


class Devices:
    """Collects the devices of one host or namespace and counts their indexes."""

    def __init__(self, first_index: int = 2) -> None:
        self.items: list[Device] = [loopback()]
        self.next_index = first_index

    def add(
        self,
        name: str,
        mac: str,
        *,
        mtu: int = 1500,
        flags: tuple[str, ...] = UP,
        state: str = "UP",
        qdisc: str = "noqueue",
        kind: Device | None = None,
        master: str = "",
        peer: str = "",
        addresses: list[Device] | None = None,
        more: Device | None = None,
    ) -> Device:
        """One device. `kind` is its linkinfo, `peer` the other end of a veth pair or its parent."""
        device: Device = {"ifindex": self.next_index}
        self.next_index += 1
        if peer:
            device["link"] = peer
        device |= {"ifname": name, "flags": list(flags), "mtu": mtu, "qdisc": qdisc}
        if master:
            device["master"] = master
        device |= {"operstate": state, **ETHERNET, "address": mac}
        device["promiscuity"] = int("PROMISC" in flags or bool(master))
        device["allmulti"] = int(bool(master))
        if kind:
            device["linkinfo"] = kind
        device |= {**QUEUES, **(more or {}), "addr_info": addresses or []}
        self.items.append(device)
        return device


#: What every Ethernet device says.
ETHERNET: Device = {
    "group": "default",
    "txqlen": 1000,
    "link_type": "ether",
    "broadcast": "ff:ff:ff:ff:ff:ff",
    "min_mtu": 68,
    "max_mtu": 65535,
}

#: What every device says about queues and offload.
QUEUES: Device = {
    "num_tx_queues": 1,
    "num_rx_queues": 1,
    "gso_max_size": 65536,
    "gso_max_segs": 65535,
    "tso_max_size": 65536,
    "tso_max_segs": 65535,
    "gro_max_size": 65536,
}


def loopback() -> Device:
    """The device `lo`."""
    return {
        "ifindex": 1,
        "ifname": "lo",
        "flags": ["LOOPBACK", "UP", "LOWER_UP"],
        "mtu": 65536,
        "qdisc": "noqueue",
        "operstate": "UNKNOWN",
        "group": "default",
        "txqlen": 1000,
        "link_type": "loopback",
        "address": "00:00:00:00:00:00",
        "broadcast": "00:00:00:00:00:00",
        "promiscuity": 0,
        "allmulti": 0,
        "min_mtu": 0,
        "max_mtu": 0,
        **QUEUES,
        "addr_info": [
            address("127.0.0.1", 8, "lo", scope="host"),
            address("::1", 128, "lo", scope="host"),
        ],
    }


def address(
    local: str, prefix: int, label: str, *, scope: str = "global", broadcast: str = ""
) -> Device:
    """One entry of addr_info."""
    six = ":" in local
    entry: Device = {"family": "inet6" if six else "inet", "local": local, "prefixlen": prefix}
    if broadcast:
        entry["broadcast"] = broadcast
    entry["scope"] = scope
    if not six:
        entry["label"] = label
    return entry | {"valid_life_time": FOREVER, "preferred_life_time": FOREVER}


def linklocal(mac: str) -> Device:
    """The link-local address of a device."""
    return address(link_local(mac), 64, "", scope="link")


#: What the kernel says of every bridge.
BRIDGE: Device = {
    "forward_delay": 0,
    "hello_time": 200,
    "max_age": 2000,
    "stp_state": 0,
    "priority": 32768,
    "vlan_filtering": 0,
    "root_port": 0,
    "root_path_cost": 0,
    "topology_change": 0,
    "topology_change_detected": 0,
    "hello_timer": 0.0,
    "tcn_timer": 0.0,
    "topology_change_timer": 0.0,
    "gc_timer": 0.0,
    "group_fwd_mask": "0",
    "group_addr": "01:80:c2:00:00:00",
    "mcast_snooping": 0,
    "no_linklocal_learn": 0,
    "mcast_vlan_snooping": 0,
    "mcast_router": 1,
    "mcast_query_use_ifaddr": 0,
    "mcast_querier": 0,
    "mcast_hash_elasticity": 16,
    "mcast_hash_max": 4096,
    "mcast_last_member_cnt": 2,
    "mcast_startup_query_cnt": 2,
    "mcast_last_member_intvl": 100,
    "mcast_membership_intvl": 26000,
    "mcast_querier_intvl": 25500,
    "mcast_query_intvl": 12500,
    "mcast_query_response_intvl": 1000,
    "mcast_startup_query_intvl": 3124,
    "mcast_stats_enabled": 0,
    "mcast_igmp_version": 2,
    "mcast_mld_version": 1,
    "nf_call_iptables": 0,
    "nf_call_ip6tables": 0,
    "nf_call_arptables": 0,
}


def bridge(mac: str, *, ageing: int = 30000) -> Device:
    """linkinfo of a Linux bridge."""
    ids = {"bridge_id": f"8000.{mac}", "root_id": f"8000.{mac}"}
    return {"info_kind": "bridge", "info_data": BRIDGE | ids | {"ageing_time": ageing}}


#: What the kernel says of every port of a bridge.
BRIDGE_PORT: Device = {
    "state": "forwarding",
    "priority": 32,
    "cost": 2,
    "hairpin": False,
    "guard": False,
    "root_block": False,
    "fastleave": False,
    "learning": True,
    "flood": True,
    "designated_cost": 0,
    "hold_timer": 0.0,
    "message_age_timer": 0.0,
    "forward_delay_timer": 0.0,
    "topology_change_ack": 0,
    "config_pending": 0,
    "proxy_arp": False,
    "proxy_arp_wifi": False,
    "multicast_router": 1,
    "mcast_flood": True,
    "bcast_flood": True,
    "mcast_to_unicast": False,
    "neigh_suppress": False,
    "group_fwd_mask": "0",
    "group_fwd_mask_str": "0x0",
    "vlan_tunnel": False,
    "isolated": False,
    "locked": False,
}


def bridge_port(number: int, mac: str) -> Device:
    """The part of linkinfo that says the device is port `number` of a bridge."""
    ids = {
        "id": f"0x{0x8000 + number:x}",
        "no": f"0x{number:x}",
        "designated_port": 32768 + number,
        "bridge_id": f"8000.{mac}",
        "root_id": f"8000.{mac}",
    }
    return {"info_slave_kind": "bridge", "info_slave_data": BRIDGE_PORT | ids}


def tap(*, persist: bool = False) -> Device:
    """linkinfo of a tap device."""
    return {
        "info_kind": "tun",
        "info_data": {
            "type": "tap",
            "pi": False,
            "vnet_hdr": not persist,
            "multi_queue": False,
            "persist": persist,
        },
    }


def vxlan(vni: int, local: str, parent: str) -> Device:
    """linkinfo of a tunnel device of the Linux bridge agent."""
    return {
        "info_kind": "vxlan",
        "info_data": {
            "id": vni,
            "local": local,
            "link": parent,
            "port_range": {"low": 0, "high": 0},
            "port": 4789,
            "learning": True,
            "ttl": 0,
            "df": "unset",
            "ageing": 300,
            "udp_csum": True,
            "udp_zero_csum6_tx": False,
            "udp_zero_csum6_rx": False,
        },
    }


def vlan(number: int) -> Device:
    """linkinfo of a VLAN device."""
    data = {"protocol": "802.1Q", "id": number, "flags": ["REORDER_HDR"]}
    return {"info_kind": "vlan", "info_data": data}


VETH: Device = {"info_kind": "veth"}
OVS_DEVICE: Device = {"info_kind": "openvswitch"}
OVS_PORT: Device = {"info_slave_kind": "openvswitch"}
