"""Asks OVN's own tools, over ssh on the host that has its databases.

Part of the truth comparison: `ovn-sbctl show` and `ovn-nbctl lr-nat-list` instead of the dump and
the query of the product.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

from read_answers import read_sections

QUESTIONS = {
    "chassis": "ovn-sbctl --timeout=10 show",
    "keys": (
        "ovn-sbctl --timeout=10 --bare --format=csv --no-heading"
        " --columns=tunnel_key,external_ids list Datapath_Binding"
    ),
    "nat": (
        "for r in $(ovn-nbctl --timeout=10 --bare --columns=name list Logical_Router); do"
        ' echo "@ $r"; ovn-nbctl --timeout=10 lr-nat-list "$r"; done'
    ),
}
#: Of a host: the tunnel address and the mappings that its ovn-controller was told.
SETTINGS = (
    "for k in system-id ovn-encap-ip ovn-bridge-mappings ovn-cms-options; do"
    ' echo "$k $(ovs-vsctl --if-exists get Open_vSwitch . external_ids:$k)"; done'
)


@dataclass
class OvnFacts:
    """What OVN says: chassis, where ports are, numbers on the wire, translations."""

    #: host -> name of its chassis
    chassis: dict[str, str] = field(default_factory=dict)
    #: host -> (tunnel type, address) of its chassis
    encaps: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    #: logical port -> host that has it
    places: dict[str, str] = field(default_factory=dict)
    #: network or router -> number on the wire
    keys: dict[str, int] = field(default_factory=dict)
    #: router -> (type, external, logical, external MAC, port)
    nat: dict[str, set[tuple[str, str, str, str, str]]] = field(default_factory=dict)
    #: host -> what its ovn-controller was told
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def tunnel_ip(self, host: str) -> str:
        return self.settings.get(host, {}).get("ovn-encap-ip", "")

    def mappings(self, host: str) -> dict[str, str]:
        """Physical network -> bridge."""
        text = self.settings.get(host, {}).get("ovn-bridge-mappings", "")
        return dict(pair.split(":", 1) for pair in text.split(",") if ":" in pair)


def read_chassis(text: str) -> OvnFacts:
    """`ovn-sbctl show`: a block for each chassis."""
    facts, name, host, kind = OvnFacts(), "", "", ""
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        value = rest.strip().strip('"')
        if word == "Chassis":
            name = value
        elif word == "hostname:":
            host = value
            facts.chassis[host] = name
        elif word == "Encap":
            kind = value
        elif word == "ip:":
            facts.encaps.setdefault(host, set()).add((kind, value))
        elif word == "Port_Binding":
            facts.places[value] = host
    return facts


def read_nat(text: str) -> dict[str, set[tuple[str, str, str, str, str]]]:
    """`ovn-nbctl lr-nat-list` of each router, by the places of its columns."""
    found: dict[str, set[tuple[str, str, str, str, str]]] = {}
    for title, table in read_sections(text):
        lines = [line for line in table.strip("\n").splitlines() if line.strip()]
        own = found.setdefault(title.removeprefix("neutron-"), set())
        if not lines:
            continue
        names = ("TYPE", "EXTERNAL_IP", "LOGICAL_IP", "EXTERNAL_MAC", "LOGICAL_PORT")
        starts = {name: lines[0].index(name) for name in names}
        for line in lines[1:]:
            cells = [(line[starts[name] :].split(" ") or [""])[0].strip() for name in names]
            own.add((cells[0], cells[1], cells[2], cells[3].lower(), cells[4]))
    return found


def run(host: str, ssh_config: str, command: str, address: str | None = None) -> str:
    """What a command prints on a host."""
    base = ["ssh", "-F", ssh_config, "-o", "BatchMode=yes"]
    base += ["-o", f"HostName={address}"] if address else []
    done = subprocess.run(
        [*base, host, command], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{host}: {command[:40]}: {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def ask_ovn(
    databases: str, hosts: dict[str, str | None], ssh_config: str, on: set[str]
) -> OvnFacts:
    """Ask the host of the databases, and each host with ovn-controller (`on`)."""
    said = {
        name: run(databases, ssh_config, command, hosts.get(databases))
        for name, command in QUESTIONS.items()
    }
    facts = read_chassis(said["chassis"])
    facts.nat = read_nat(said["nat"])
    for line in said["keys"].splitlines():
        key, _, ids = line.partition(",")
        named = [word for word in ids.strip('"').split() if word.startswith("name=neutron-")]
        for word in named:
            facts.keys[word.removeprefix("name=neutron-")] = int(key)
    for host in sorted(on):
        lines = run(host, ssh_config, SETTINGS, hosts.get(host)).splitlines()
        rows = (line.partition(" ") for line in lines)
        facts.settings[host] = {key: value.strip().strip('"') for key, _, value in rows}
    return facts
