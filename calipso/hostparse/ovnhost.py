"""What a host's own Open vSwitch says of OVN: its identity, its bridges and the watch of tunnels.

The answer holds three JSON tables, one a line: Open_vSwitch, Port, Interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_value
from calipso.hostparse.ovsdb_notation import mapping, rows_of, text

_WHAT = "ovs-vsctl list"


@dataclass(frozen=True)
class OvnHost:
    """Settings of ovn-controller by key without `ovn-`; empty where it was never set up.

    `peers`: tunnel port -> `<chassis>@<address>` of the peer. `bfd`: tunnel interface -> what BFD
    says of it; only where gateways watch each other.
    """

    system_id: str = ""
    hostname: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    localnets: Mapping[str, str] = field(default_factory=dict)
    bfd: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def runs_ovn(self) -> bool:
        """True for a host that was given the address of a southbound database."""
        return bool(self.system_id and self.settings.get("remote"))

    @property
    def bridge(self) -> str:
        """Its integration bridge."""
        return self.settings.get("bridge") or "br-int"

    def encap_ips(self) -> list[str]:
        """Its tunnel addresses; the default one first."""
        listed = [ip.strip() for ip in self.settings.get("encap-ip", "").split(",") if ip.strip()]
        first = self.settings.get("encap-ip-default", "")
        return sorted(listed, key=lambda ip: ip != first) if first in listed else listed


def parse_ovn_host(output: str) -> OvnHost:
    """Return what the tables say. Raises ParseError."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if len(lines) != 3:
        raise ParseError(f"{_WHAT}: expected 3 tables, got {len(lines)}", sample=output)
    try:
        root, ports, interfaces = (rows_of(json_value(line, _WHAT)) for line in lines)
        ids = mapping(root[0].get("external_ids")) if root else {}
        of_ports = {text(row["name"]): mapping(row.get("external_ids")) for row in ports}
        bfd = {text(row["name"]): mapping(row.get("bfd_status")) for row in interfaces}
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(f"{_WHAT}: unexpected row: {error!r}", sample=output) from None
    own = f"-{ids.get('system-id', '')}"
    settings = {
        key.removeprefix("ovn-"): value
        for key, value in ids.items()
        if key.startswith("ovn-") and not key.endswith(own)
    }
    # several ovn-controllers may share one Open vSwitch: a key with the chassis' name is its own
    settings |= {
        key.removeprefix("ovn-").removesuffix(own): value
        for key, value in ids.items()
        if key.startswith("ovn-") and own != "-" and key.endswith(own)
    }
    return OvnHost(
        system_id=ids.get("system-id", ""),
        hostname=ids.get("hostname", ""),
        settings=settings,
        peers=_of(of_ports, "ovn-chassis-id"),
        localnets=_of(of_ports, "ovn-localnet-port"),
        bfd={name: status for name, status in bfd.items() if status},
    )


def _of(ports: Mapping[str, Mapping[str, str]], key: str) -> dict[str, str]:
    return {name: ids[key] for name, ids in ports.items() if ids.get(key)}
