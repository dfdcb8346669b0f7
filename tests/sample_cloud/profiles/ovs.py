"""A drawn Open vSwitch: bridges, ports and interfaces, printed as ovs-vsctl prints its tables."""

from __future__ import annotations

import re
from typing import Any

from ..generate.links import compact
from ..generate.names import Names

Row = dict[str, Any]
EMPTY: list[Any] = ["set", []]
LOCAL = 65534  # OpenFlow number of a bridge's own port
LIST = re.compile(r"--columns=(\S+) list (\w+)")


def ovs_map(values: dict[str, str] | None) -> list[Any]:
    return ["map", [list(item) for item in (values or {}).items()]]


class DrawnSwitch:
    """The database of one host."""

    def __init__(self, host: str, names: Names) -> None:
        self.host = host
        self.names = names
        self.datapath = "system"
        self.bridges: dict[str, list[list[str]]] = {}
        self.ports: list[Row] = []
        self.interfaces: list[Row] = []
        #: external_ids of the whole: what ovn-controller was told
        self.settings: dict[str, str] = {}
        #: network name -> local VLAN of br-int
        self.tags: dict[str, int] = {}

    def tag_of(self, network: str) -> int:
        """The local VLAN the agent gives to a network."""
        return self.tags.setdefault(network, len(self.tags) + 1)

    def bridge(self, name: str, mac: str, *, up: bool = False) -> None:
        """A bridge with its own port."""
        self.bridges[name] = []
        state = "up" if up else "down"
        self.port(name, name, kind="internal", mac=mac, ofport=LOCAL, state=state)

    def port(
        self,
        bridge: str,
        name: str,
        *,
        kind: str = "",
        mac: str = "",
        tag: int | None = None,
        options: dict[str, str] | None = None,
        ids: dict[str, str] | None = None,
        noted: dict[str, str] | None = None,
        state: str = "up",
        ofport: int | None = None,
        more: Row | None = None,
    ) -> None:
        """A port of one interface; `more` are other columns of the port."""
        interface = self._interface(name, kind, mac, options, ids, state, ofport)
        self._add(bridge, name, [interface], tag, noted, more)

    def bond(
        self, bridge: str, name: str, members: dict[str, Row], mode: str = "balance-tcp"
    ) -> None:
        """A bond; members by name, with `kind`, `mac`, `options` of each."""
        interfaces = [
            self._interface(
                each, row.get("kind", ""), row.get("mac", ""), row.get("options"), None, "up", None
            )
            for each, row in members.items()
        ]
        self._add(bridge, name, interfaces, None, None, {"bond_mode": mode, "lacp": "active"})

    def patch(self, one: str, other: str, names: tuple[str, str]) -> None:
        """A pair of patch ports between two bridges."""
        self.port(one, names[0], kind="patch", options={"peer": names[1]})
        self.port(other, names[1], kind="patch", options={"peer": names[0]})

    def move(self, port: str, bridge: str, mac: str) -> None:
        """Move a port of br-int to a new bridge, where it has no tag."""
        self.bridge(bridge, mac)
        row = next(each for each in self.ports if each["name"] == port)
        row |= {"tag": EMPTY, "other_config": ovs_map(None)}
        self.bridges["br-int"].remove(row["_uuid"])
        self.bridges[bridge].append(row["_uuid"])

    def text(self, command: str) -> str:
        """What the command prints: a JSON a table it asks for."""
        tables = {
            "Bridge": [
                {
                    "_uuid": self._uuid("bridge", name),
                    "name": name,
                    "ports": ports[0] if len(ports) == 1 else ["set", ports],
                    "datapath_type": self.datapath,
                    "fail_mode": "secure",
                }
                for name, ports in self.bridges.items()
            ],
            "Port": self.ports,
            "Interface": self.interfaces,
            "Open_vSwitch": [{"external_ids": ovs_map(self.settings)}],
        }
        lines = []
        for columns, table in LIST.findall(command):
            headings = columns.split(",")
            data = [[row.get(name, EMPTY) for name in headings] for row in tables[table]]
            lines.append(compact({"data": data, "headings": headings}) + "\n")
        return "".join(lines)

    def _add(
        self,
        bridge: str,
        name: str,
        interfaces: list[list[str]],
        tag: int | None,
        noted: dict[str, str] | None,
        more: Row | None,
    ) -> None:
        identity = self._uuid("port", name)
        self.ports.append(
            {
                "_uuid": identity,
                "name": name,
                "tag": EMPTY if tag is None else tag,
                "other_config": ovs_map(noted),
                "interfaces": interfaces[0] if len(interfaces) == 1 else ["set", interfaces],
                **(more or {}),
            }
        )
        self.bridges[bridge].append(identity)

    def _interface(
        self,
        name: str,
        kind: str,
        mac: str,
        options: dict[str, str] | None,
        ids: dict[str, str] | None,
        state: str,
        ofport: int | None,
    ) -> list[str]:
        identity = self._uuid("interface", name)
        self.interfaces.append(
            {
                "_uuid": identity,
                "name": name,
                "type": kind,
                "options": ovs_map(options),
                "ofport": ofport or len(self.interfaces) + 1,
                "mac_in_use": mac or self.names.local_mac("ovs", f"{self.host}/{name}"),
                "link_state": state,
                "admin_state": state,
                "external_ids": ovs_map(ids),
                "mtu": 1500,
            }
        )
        return identity

    def _uuid(self, kind: str, name: str) -> list[str]:
        return ["uuid", self.names.uuid(f"ovs-{kind}", f"{self.host}/{name}")]
