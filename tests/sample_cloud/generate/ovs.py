"""Open vSwitch of a generated host: the tables Bridge, Port and Interface as ovs-vsctl prints."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Any

from tests.sample_cloud.generate.hardware import nic_mac
from tests.sample_cloud.generate.links import compact, is_instance_port, namespace_device, tap_mac
from tests.sample_cloud.generate.names import Names
from tests.sample_cloud.generate.plan import Host, Network, Port

EMPTY: list[Any] = ["set", []]
LOCAL = 65534  # OpenFlow number of a bridge's own port
#: A part of the ovs-vsctl command that asks for columns of a table.
LIST = re.compile(r"--columns=(\S+) list (\w+)")

Row = dict[str, Any]


def noted(network: Network, tag: int) -> list[list[str]]:
    """What the agent notes of a port that it has wired; an OVSDB map."""
    found = {
        "net_uuid": network.id,
        "network_type": network.kind,
        "physical_network": str(network.physical_network),
    }
    if network.segment is not None:
        found["segmentation_id"] = str(network.segment)
    return [list(item) for item in (found | {"tag": str(tag)}).items()]


def driver() -> list[Any]:
    """What Open vSwitch says of the driver of a device; an OVSDB map."""
    said = {"driver_name": "ixgbe", "driver_version": "5.1.0", "firmware_version": ""}
    return ["map", [list(item) for item in said.items()]]


def egress(host: Host) -> list[Any]:
    """What Open vSwitch says of the way its tunnels take; an OVSDB map."""
    said = {"tunnel_egress_iface": host.tunnel_device, "tunnel_egress_iface_carrier": "up"}
    return ["map", [list(item) for item in said.items()]]


class Switch:
    """One Open vSwitch database."""

    def __init__(self, host: Host, names: Names) -> None:
        self.host = host
        self.names = names
        self.tables: dict[str, list[Row]] = {"Bridge": [], "Port": [], "Interface": []}
        self.tags: dict[Network, int] = {}
        self._fill()

    def text(self, command: str) -> str:
        """What `ovs-vsctl --format=json -- --columns=... list ...` prints: a JSON a table."""
        lines = []
        for columns, table in LIST.findall(command):
            headings = columns.split(",")
            rows = [[row.get(name, EMPTY) for name in headings] for row in self.tables[table]]
            lines.append(compact({"data": rows, "headings": headings}) + "\n")
        return "".join(lines)

    def _fill(self) -> None:
        host = self.host
        here = [port for port in host.ports if port.trouble != "no_domain"]
        ports = [self._instance_port(port, at) for at, port in enumerate(here, start=3)]
        integration = [self._local("br-int"), self._patch("int-br-ex", "phy-br-ex", 1), *ports]
        if host.tunnel_ip:
            integration.append(self._patch("patch-tun", "patch-int", 2))
            tunnels = [self._tunnel(peer, at) for at, peer in enumerate(self.peers(), start=2)]
            self._bridge(
                "br-tun",
                [self._local("br-tun"), self._patch("patch-int", "patch-tun", 1), *tunnels],
            )
        uplink = {
            "name": host.provider_device,
            "type": "",
            "ofport": 1,
            "mac_in_use": nic_mac(host, 2),
            "mtu": 1500,
            "status": driver(),
            "link_state": "down" if host.provider_device in host.down else "up",
        }
        self._bridge(
            "br-ex",
            [self._local("br-ex"), uplink, self._patch("phy-br-ex", "int-br-ex", 2)],
        )
        self._bridge("br-int", integration)

    def peers(self) -> list[Host]:
        """The hosts tunnels lead to: all in a full mesh, else those L2 population builds them to,
        which share a tunnelled network."""
        if self.host.mesh:
            return [peer for peer in self.host.mesh if peer is not self.host]
        networks = {port.network for port in self.host.ports if port.network.kind == "vxlan"}
        peers = {peer for network in networks for peer in network.hosts if peer.tunnel_ip}
        return sorted(peers - {self.host}, key=lambda peer: peer.number)

    def _bridge(self, name: str, interfaces: list[Row]) -> None:
        members = [self._port(interface) for interface in interfaces]
        self.tables["Bridge"].append(
            {
                "_uuid": self._uuid("bridge", name),
                "name": name,
                "ports": ["set", members],
                "datapath_type": "system",
                "fail_mode": "secure",
            }
        )

    def _port(self, interface: Row) -> list[str]:
        name = interface["name"]
        identity = self._uuid("port", name)
        self.tables["Port"].append(
            {
                "_uuid": identity,
                "name": name,
                "tag": interface.pop("tag", EMPTY),
                "other_config": ["map", interface.pop("other_config", [])],
                "interfaces": self._uuid("interface", name),
            }
        )
        row = {
            "_uuid": self._uuid("interface", name),
            "options": ["map", []],
            "link_state": "up",
            "admin_state": "up",
            "external_ids": ["map", []],
            "ifindex": 0,
            "status": ["map", []],
        }
        self.tables["Interface"].append(row | interface)
        return identity

    def _uuid(self, kind: str, name: str) -> list[str]:
        return ["uuid", self.names.uuid(f"ovs-{kind}", f"{self.host.name}/{name}")]

    def _local(self, name: str) -> Row:
        up = name == "br-ex"
        mac = nic_mac(self.host, 2) if up else self.names.local_mac(name, self.host.name)
        state = "up" if up else "down"
        return {
            "name": name,
            "type": "internal",
            "ofport": LOCAL,
            "mac_in_use": mac,
            "link_state": state,
            "admin_state": state,
            "mtu": 1500,
        }

    def _patch(self, name: str, peer: str, ofport: int) -> Row:
        return {
            "name": name,
            "type": "patch",
            "options": ["map", [["peer", peer]]],
            "other_config": [
                ["mcast-snooping-flood", "False"],
                ["mcast-snooping-flood-reports", "False"],
            ],
            "ofport": ofport,
            "mac_in_use": self.names.local_mac(name, self.host.name),
        }

    def _tunnel(self, peer: Host, ofport: int) -> Row:
        name = f"vxlan-{int(IPv4Address(peer.tunnel_ip)):08x}"
        options = {
            "df_default": "true",
            "egress_pkt_mark": "0",
            "in_key": "flow",
            "local_ip": self.host.tunnel_ip,
            "out_key": "flow",
            "remote_ip": peer.tunnel_ip,
        }
        return {
            "name": name,
            "type": "vxlan",
            "options": ["map", [list(item) for item in options.items()]],
            "ofport": ofport,
            "mac_in_use": self.names.local_mac(name, self.host.name),
            "status": egress(self.host),
        }

    def _instance_port(self, port: Port, ofport: int) -> Row:
        ids = [["attached-mac", port.mac], ["iface-id", port.id], ["iface-status", "active"]]
        tag = self.tags.setdefault(port.network, len(self.tags) + 1)
        row: Row = {"tag": tag, "other_config": noted(port.network, tag), "ofport": ofport}
        row |= _trouble(port, tag)
        if not is_instance_port(port):
            name = namespace_device(port, self.host)
            states = {"link_state": "down", "admin_state": "down", "mac_in_use": EMPTY}
            return (
                row
                | states
                | {
                    "name": name,
                    "type": "internal",
                    "external_ids": ["map", ids],
                }
            )
        ids.append(["vm-uuid", port.device_id])
        hybrid = self.host.hybrid
        return {
            "name": ("qvo" if hybrid else "tap") + port.short,
            "type": "",
            "mac_in_use": self.names.local_mac("qvo", port.id) if hybrid else tap_mac(port),
            "external_ids": ["map", ids],
            "mtu": 1400 if port.trouble == "mtu_changed" and not hybrid else port.network.mtu,
            **row,
            **(_no_device(port) if port.trouble == "tap_missing" and not hybrid else {}),
        }


def _trouble(port: Port, tag: int) -> Row:
    """What is other than it should be in the row of a port."""
    if port.trouble == "dead_vlan":  # the agent's word for ports it has not wired, and no notes
        return {"tag": 4095, "other_config": []}
    return {"tag": tag + 1} if port.trouble == "wrong_vlan" else {}


def _no_device(port: Port) -> Row:
    """What Open vSwitch says of a port whose device is gone."""
    error = f"could not open network device tap{port.short} (No such device)"
    states = {"link_state": EMPTY, "admin_state": EMPTY, "mac_in_use": EMPTY, "mtu": EMPTY}
    return {"error": error, "ofport": -1, **states}
