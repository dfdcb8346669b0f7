"""Asks the hosts over ssh for what is really there, and reads the answers.

Part of the truth comparison: it takes other commands than the product where there are any
(`ovs-vsctl show`, `virsh domiflist`, `/sys`, `lldpctl -f keyvalue`), so that a wrong
understanding of one output cannot agree with itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

QUESTIONS = {
    "links": "ip -d -j addr show",
    "netns": "ip netns list",
    "netns_links": (
        "for n in $(ip netns list | cut -d' ' -f1); do"
        ' echo "@ $n"; ip -n "$n" -d -j addr show; done'
    ),
    "devices": (
        "cd /sys/class/net && for d in *; do test -e $d/ifindex || continue;"
        ' echo "$d $(cat $d/address) $(cat $d/mtu) $(cat $d/operstate)'
        ' $(cat $d/carrier 2>/dev/null || echo -) $(test -e $d/device && echo hardware || echo -)"'
        "; done"
    ),
    "bridges": (
        "cd /sys/class/net && for b in */bridge; do test -e $b || continue; b=${b%/bridge};"
        ' echo "$b $(ls $b/brif | tr "\\n" " ")"; done'
    ),
    "bonds": "cat /sys/class/net/bonding_masters 2>/dev/null || true",
    "ovs": "if ovs-vsctl --timeout=10 list-br >/dev/null 2>&1; then ovs-vsctl show; fi",
    "ofports": (
        "if ovs-vsctl --timeout=10 list-br >/dev/null 2>&1; then"
        " ovs-vsctl --bare --format=csv --no-heading --columns=name,ofport list Interface; fi"
    ),
    "guests": (
        "if virsh version >/dev/null 2>&1; then for u in $(virsh list --uuid); do"
        ' echo "@ $u $(virsh domname $u | head -1)"; virsh domiflist $u; done; fi'
    ),
    "lldp": "if command -v lldpctl >/dev/null; then lldpctl -f keyvalue; fi",
}


@dataclass
class HostFacts:
    """One host: what its own tools say about it."""

    name: str
    links: list[Row] = field(default_factory=list)
    namespaces: dict[str, list[Row]] = field(default_factory=dict)
    namespace_ids: set[int] = field(default_factory=set)
    devices: dict[str, Row] = field(default_factory=dict)
    bridges: dict[str, list[str]] = field(default_factory=dict)
    bonds: list[str] = field(default_factory=list)
    ovs: dict[str, dict[str, Row]] = field(default_factory=dict)
    ofports: dict[str, int] = field(default_factory=dict)
    guests: dict[str, Row] = field(default_factory=dict)
    lldp: dict[str, Row] = field(default_factory=dict)

    @property
    def by_name(self) -> dict[str, Row]:
        return {link["ifname"]: link for link in self.links}

    def up(self, device: str | None) -> bool:
        """Whether the kernel says that this device has a carrier."""
        return self.devices.get(device or "", {}).get("carrier") == "1"

    def ovs_bridge_of(self, device: str) -> str | None:
        """The Open vSwitch bridge that has this device as a port."""
        for bridge, ports in self.ovs.items():
            if device in ports:
                return bridge
        return None

    def bridge_of(self, device: str) -> str | None:
        """The Linux bridge that has this device as a member."""
        for bridge, members in self.bridges.items():
            if device in members:
                return bridge
        return None

    def nics(self) -> list[str]:
        """What reaches out of the host.

        Hardware, bonds, and a veth whose peer is in a namespace that is none of this host's own
        named ones (a host that is itself a container); what the host's own virtual switches
        plugged into Open vSwitch hybrids or namespaces has its peer at home.
        """
        found = []
        for link in self.links:
            name = link["ifname"]
            kind = link.get("linkinfo", {}).get("info_kind")
            outside = kind == "veth" and link.get("link_netnsid", -1) >= 0
            if outside and link["link_netnsid"] in self.namespace_ids:
                outside = False
            if self.devices.get(name, {}).get("hardware") or name in self.bonds or outside:
                found.append(name)
        return found

    def nics_below(self, device: str) -> list[str]:
        """The NICs through which frames of this device leave the host."""
        nics = self.nics()
        if device in nics:
            return [device]
        ovs = self.ovs_bridge_of(device)
        if ovs:
            return [port for port in self.ovs[ovs] if port in nics]
        lower = self.bridges.get(device) or []
        link = self.by_name.get(device, {}).get("link")
        lower = lower or ([link] if link else [])
        return [nic for part in lower for nic in self.nics_below(part)]

    def owner_of(self, address: str) -> str | None:
        """The device that has this IP address."""
        for link in self.links:
            if any(a.get("local") == address for a in link.get("addr_info", [])):
                return str(link["ifname"])
        return None


def read_sections(text: str) -> list[tuple[str, str]]:
    """Parts of an answer that begin with `@ title` lines."""
    parts = re.split(r"^@ (.*)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def read_ovs(text: str) -> dict[str, dict[str, Row]]:
    """Bridges, ports, tags and interfaces of `ovs-vsctl show`."""
    bridges: dict[str, dict[str, Row]] = {}
    port: Row = {}
    ports: dict[str, Row] = {}
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        value = rest.strip().strip('"')
        if word == "Bridge":
            ports = bridges.setdefault(value, {})
        elif word == "Port":
            port = ports.setdefault(value, {"tag": None, "type": "", "options": {}})
        elif word == "tag:":
            port["tag"] = int(value)
        elif word == "type:":
            port["type"] = value
        elif word == "options:":
            pairs = re.findall(r'(\w+)=("[^"]*"|[^,}]*)', rest)
            port["options"] = {key: text.strip('"') for key, text in pairs}
    return bridges


def read_guests(text: str) -> dict[str, Row]:
    """Interfaces of every running domain, from `virsh domiflist`."""
    guests: dict[str, Row] = {}
    for title, table in read_sections(text):
        uuid, _, name = title.partition(" ")
        rows = [line.split() for line in table.strip().splitlines()[2:]]
        keys = ("dev", "type", "source", "model", "mac")
        interfaces = [dict(zip(keys, row, strict=False)) for row in rows]
        guests[uuid] = {"name": name.strip(), "interfaces": interfaces}
    return guests


def read_lldp(text: str) -> dict[str, Row]:
    """Switch and port seen on each NIC."""
    seen: dict[str, Row] = {}
    for line in text.splitlines():
        match = re.match(r"lldp\.([^.]+(?:\.\d+)?)\.(chassis|port)\.([\w-]+)=(.*)", line)
        if match:
            nic, part, key, value = match.groups()
            seen.setdefault(nic, {})[f"{part}.{key}"] = value
    return seen


def read_devices(text: str) -> dict[str, Row]:
    """MAC, MTU and state of each device, from /sys/class/net."""
    found = {}
    for line in text.splitlines():
        name, mac, mtu, state, carrier, hardware = line.split()
        found[name] = {
            "mac": mac,
            "mtu": int(mtu),
            "state": state,
            "carrier": carrier,
            "hardware": hardware == "hardware",
        }
    return found


def ask(host: str, ssh_config: str, address: str | None) -> HostFacts:
    """All answers of one host. Raises when it does not answer."""
    said: dict[str, str] = {}
    base = ["ssh", "-F", ssh_config, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
    base += ["-o", f"HostName={address}"] if address else []
    for name, command in QUESTIONS.items():
        done = subprocess.run(
            [*base, host, command], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{host}: {name}: exit {done.returncode}: {done.stderr.strip()}")
        said[name] = done.stdout
    return HostFacts(
        name=host,
        links=[link for link in json.loads(said["links"]) if link.get("ifname")],
        namespaces={n: json.loads(t or "[]") for n, t in read_sections(said["netns_links"])},
        namespace_ids={int(i) for i in re.findall(r"\(id: (\d+)\)", said["netns"])},
        devices=read_devices(said["devices"]),
        bridges={row[0]: row[1:] for row in map(str.split, said["bridges"].splitlines())},
        bonds=said["bonds"].split(),
        ovs=read_ovs(said["ovs"]),
        ofports={
            row[0].strip('"'): int(row[1])
            for row in (line.split(",") for line in said["ofports"].splitlines())
            if len(row) == 2 and row[1].lstrip("-").isdigit()
        },
        guests=read_guests(said["guests"]),
        lldp=read_lldp(said["lldp"]),
    )


def ask_all(hosts: dict[str, str | None], ssh_config: str) -> dict[str, HostFacts]:
    """All hosts, a few at a time."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        jobs = {name: pool.submit(ask, name, ssh_config, addr) for name, addr in hosts.items()}
        return {name: job.result() for name, job in jobs.items()}
