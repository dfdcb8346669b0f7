"""Open vSwitch of a host: bridges, their ports and interfaces, from `ovs-vsctl --format=json`.

The answer holds three JSON tables, one a line: Bridge, Port, Interface (RFC 7047 notation:
`["set", [...]]`, `["map", [[key, value], ...]]`, `["uuid", "..."]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_value
from calipso.hostparse.ovsdb_notation import many, mapping, number, rows_of, text

_WHAT = "ovs-vsctl list"
_PCI = re.compile(r"[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]")
TUNNELS = frozenset({"vxlan", "gre", "geneve", "stt", "lisp", "gtpu", "ip6gre", "erspan"})


@dataclass(frozen=True)
class Interface:
    """An interface of a port. `type` is system, internal, patch, vxlan, gre, geneve, dpdk, ...

    `port_id` is the Neutron port id (external_ids iface-id), `attached_mac` is the MAC from
    Neutron, `mac` is the device's own. `ofport` is None if OVS could not open the interface
    (`error`). `index` is the kernel's index of its device, if OVS reports it.
    """

    name: str
    type: str
    mac: str
    ofport: int | None
    state: str
    admin_state: str
    port_id: str
    attached_mac: str
    error: str
    mtu: int | None
    options: dict[str, str] = field(default_factory=dict)
    index: int | None = None
    status: dict[str, str] = field(default_factory=dict)

    @property
    def internal(self) -> bool:
        """True for interfaces that OVS itself makes."""
        return self.type == "internal"

    @property
    def tunnel(self) -> bool:
        """True for tunnel endpoints; `options` then has local_ip and remote_ip."""
        return self.type in TUNNELS

    @property
    def pci(self) -> str:
        """PCI address of the NIC behind a DPDK interface; "" when OVS names the NIC in
        another way.
        """
        found = _PCI.match(self.options.get("dpdk-devargs", "")) if self.type == "dpdk" else None
        return found[0].lower() if found else ""

    @property
    def representor(self) -> bool:
        """True for a DPDK interface that stands for a virtual function, not for a NIC."""
        return "representor=" in self.options.get("dpdk-devargs", "")

    @property
    def socket(self) -> str:
        """Path of a vhost-user socket, by the option, otherwise by the status; "" for
        other types.
        """
        if not self.type.startswith("dpdkvhostuser"):
            return ""
        return self.options.get("vhost-server-path") or self.status.get("socket", "")

    @property
    def peer(self) -> str:
        """Name of the other end of a patch interface; empty for other interfaces."""
        return self.options.get("peer", "") if self.type == "patch" else ""


@dataclass(frozen=True)
class Port:
    """A port of a bridge: usually one interface of the same name; a bond has several.

    `vlan_mode` is access, trunk, native-tagged, native-untagged or dot1q-tunnel. If it is empty,
    `tag` and `trunks` decide. In `other_config` Neutron's agent notes the port's network
    (`net_uuid`), its local VLAN (`tag`) and its `segmentation_id`. It is empty if the answer has no
    such column.
    """

    name: str
    tag: int | None
    trunks: tuple[int, ...]
    bond_mode: str
    interfaces: tuple[Interface, ...]
    vlan_mode: str = ""
    other_config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bridge:
    """A bridge with its ports, by name."""

    name: str
    datapath_type: str
    fail_mode: str
    ports: dict[str, Port]

    def interfaces(self) -> Iterator[tuple[Port, Interface]]:
        """Yield each interface with its port."""
        for port in self.ports.values():
            for interface in port.interfaces:
                yield port, interface


def parse_ovs(output: str) -> dict[str, Bridge]:
    """Return bridges by name, sorted by name. Lines that are not a table are ignored.

    Raises ParseError.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    tables = [_table(line) for line in ([x for x in lines if x.startswith("{")] or lines)]
    if len(tables) != 3:
        raise ParseError(f"{_WHAT}: expected 3 tables, got {len(tables)}", sample=output)
    try:
        interfaces = {row["_uuid"]: _interface(row) for row in tables[2]}
        ports = {row["_uuid"]: _port(row, interfaces) for row in tables[1]}
        bridges = [_bridge(row, ports) for row in tables[0]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"{_WHAT}: unexpected row: {error!r}", sample=output) from None
    return {bridge.name: bridge for bridge in sorted(bridges, key=lambda bridge: bridge.name)}


def bridge_of_patch(bridges: dict[str, Bridge], patch: str) -> str:
    """Return the name of the bridge that has an interface; "" when no bridge has it."""
    for bridge in bridges.values():
        if any(interface.name == patch for _, interface in bridge.interfaces()):
            return bridge.name
    return ""


def _table(line: str) -> list[dict[str, Any]]:
    table = json_value(line, _WHAT)
    if not isinstance(table, dict) or not isinstance(table.get("data"), list):
        raise ParseError(f"{_WHAT}: expected a table", sample=line)
    try:
        return rows_of(table)
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(f"{_WHAT}: broken table: {error!r}", sample=line) from None


def _interface(row: dict[str, Any]) -> Interface:
    ids = row["external_ids"]
    ofport = number(row["ofport"])
    return Interface(
        name=str(row["name"]),
        type=str(row["type"]) or "system",
        mac=text(row["mac_in_use"]).lower(),
        ofport=ofport if ofport is not None and ofport >= 0 else None,
        state=text(row["link_state"]) or "unknown",
        admin_state=text(row["admin_state"]) or "unknown",
        port_id=str(ids.get("iface-id", "")),
        attached_mac=str(ids.get("attached-mac", "")).lower(),
        error=text(row["error"]),
        mtu=number(row["mtu"]),
        options={str(key): str(value) for key, value in sorted(row["options"].items())},
        index=number(row.get("ifindex", [])) or None,
        status=mapping(row.get("status")),
    )


def _port(row: dict[str, Any], interfaces: dict[str, Interface]) -> Port:
    members = [interfaces[uuid] for uuid in many(row["interfaces"])]
    return Port(
        name=str(row["name"]),
        tag=number(row["tag"]),
        trunks=tuple(sorted(int(vlan) for vlan in many(row["trunks"]))),
        bond_mode=text(row["bond_mode"]),
        interfaces=tuple(sorted(members, key=lambda interface: interface.name)),
        vlan_mode=text(row.get("vlan_mode", [])),
        other_config={
            str(key): str(value) for key, value in sorted(row.get("other_config", {}).items())
        },
    )


def _bridge(row: dict[str, Any], ports: dict[str, Port]) -> Bridge:
    own = [ports[uuid] for uuid in many(row["ports"])]
    return Bridge(
        name=str(row["name"]),
        datapath_type=str(row["datapath_type"]) or "system",
        fail_mode=text(row["fail_mode"]),
        ports={port.name: port for port in sorted(own, key=lambda port: port.name)},
    )
