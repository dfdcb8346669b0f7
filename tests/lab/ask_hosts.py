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

from read_answers import (
    read_devices,
    read_guests,
    read_lldp,
    read_members,
    read_namespace_ids,
    read_ovs,
    read_sections,
)

Row = dict[str, Any]

#: The tag that Neutron's agent gives to ports it has not wired: its flows drop their frames.
DEAD_TAG = 4095

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
    "members": (
        "cd /sys/class/net && for m in */master; do test -e $m || continue; d=${m%/master};"
        ' echo "$(basename $(readlink -f $m)) $d'
        ' $(cat $d/bonding_slave/mii_status 2>/dev/null || echo -)"; done'
    ),
    "netns_ids": (
        "echo '@ .'; ip netns list-id; for n in $(ip netns list | cut -d' ' -f1); do"
        ' echo "@ $n"; ip -n "$n" netns list-id; done'
    ),
    "ovs": "if ovs-vsctl --timeout=10 list-br >/dev/null 2>&1; then ovs-vsctl show; fi",
    "ofports": (
        "if ovs-vsctl --timeout=10 list-br >/dev/null 2>&1; then"
        " ovs-vsctl --bare --format=csv --no-heading --columns=name,ofport list Interface; fi"
    ),
    "guests": (
        "if virsh version >/dev/null 2>&1; then for u in $(virsh list --uuid); do"
        ' echo "@ $u $(virsh domname $u | head -1)"; virsh domiflist $u; done; fi'
    ),
    "guest_links": (
        "if virsh version >/dev/null 2>&1; then for u in $(virsh list --uuid); do"
        " for d in $(virsh domiflist $u | awk 'NR>2 && NF {print $1}'); do"
        " virsh domif-getlink $u $d; done; done; fi"
    ),
    "lldp": "if command -v lldpctl >/dev/null; then lldpctl -f keyvalue; fi",
}


@dataclass
class HostFacts:
    """One host: what its own tools say about it."""

    name: str
    switch: str = "OVS"  # end of the id of its virtual switch
    #: told by OVN: networks that are here, its tunnel address, physical network -> bridge
    networks: set[str] = field(default_factory=set)
    tunnel_ip: str = ""
    mappings: dict[str, str] = field(default_factory=dict)
    links: list[Row] = field(default_factory=list)
    namespaces: dict[str, list[Row]] = field(default_factory=dict)
    namespace_ids: set[int] = field(default_factory=set)
    devices: dict[str, Row] = field(default_factory=dict)
    bridges: dict[str, list[str]] = field(default_factory=dict)
    bonds: list[str] = field(default_factory=list)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    known_as: dict[str, dict[int, str]] = field(default_factory=dict)
    unplugged: set[str] = field(default_factory=set)
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

    def port_of(self, device: str) -> Row:
        """The port of Open vSwitch that this device is an interface of."""
        return next((ports[device] for ports in self.ovs.values() if device in ports), {})

    def passes(self, device: str) -> bool:
        """Whether frames of this device get through the port of Open vSwitch that it is."""
        port = self.port_of(device)
        return self.up(device) and port.get("tag") != DEAD_TAG and not port.get("error")

    def peer_of(self, namespace: str, device: Row) -> tuple[str, str] | None:
        """(namespace, device) of the other end of a veth pair; the host's own is "".

        The kernel gives the index of the other end, and an id that the namespace itself has for
        the one that it is in. Both ends must name each other.
        """
        found = self._beyond(namespace, device)
        back = found and self._beyond(found[0], found[1])
        if not found or not back or back != (namespace, device):
            return None
        return found[0], str(found[1]["ifname"])

    def _beyond(self, namespace: str, device: Row) -> tuple[str, Row] | None:
        if device.get("linkinfo", {}).get("info_kind") != "veth":
            return None
        links = {**self.namespaces, "": self.links}
        if "link" in device:
            same = (one for one in links[namespace] if one.get("ifname") == device["link"])
            return next(((namespace, one) for one in same), None)
        where = device.get("link_netns") or ""
        if not where and "link_netnsid" in device:
            where = self.known_as.get(namespace or ".", {}).get(device["link_netnsid"], "")
        for one in links.get(where, ()):
            if one.get("ifindex") == device.get("link_index"):
                return where, one
        return None

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
            if self.devices.get(name, {}).get("hardware") or outside:
                found.append(name)
        return found + [name for name in self.aggregates() if set(found) & set(self.members[name])]

    def aggregates(self) -> list[str]:
        """Bonds and teams of the kernel that have members."""
        teams = [
            link["ifname"]
            for link in self.links
            if link.get("linkinfo", {}).get("info_kind") == "team"
        ]
        return [name for name in (*self.bonds, *teams) if self.members.get(name)]

    def nics_below(self, device: str) -> list[str]:
        """The NICs through which frames of this device leave the host."""
        nics = self.nics()
        if device in nics:
            return [device]
        ovs = self.ovs_bridge_of(device)
        if ovs:
            return self.nics_of_switch(ovs)
        lower = self.bridges.get(device) or []
        link = self.by_name.get(device, {}).get("link")
        lower = lower or ([link] if link else [])
        return [nic for part in lower for nic in self.nics_below(part)]

    def nics_of_switch(self, bridge: str) -> list[str]:
        """The NICs by which a bridge of Open vSwitch leads out: its ports, and those of the Linux
        bridges to which a veth pair joins it."""
        nics, found = self.nics(), []
        for port in self.ovs[bridge]:
            if port in nics:
                found.append(port)
            for member in self.bridge_beyond(port):
                found += [nic for nic in self.nics_below(member) if member in nics]
        return found

    def bridge_beyond(self, device: str) -> list[str]:
        """The other members of the Linux bridge that has the other end of this veth."""
        end = self.by_name.get(device, {}).get("link")
        bridge = self.bridge_of(end) if end else None
        return [one for one in self.bridges[bridge] if one != end] if bridge else []

    def owner_of(self, address: str) -> str | None:
        """The device that has this IP address."""
        for link in self.links:
            if any(a.get("local") == address for a in link.get("addr_info", [])):
                return str(link["ifname"])
        return None


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
        members=read_members(said["members"]),
        known_as=read_namespace_ids(said["netns_ids"]),
        unplugged=set(re.findall(r"^(\S+) down$", said["guest_links"], flags=re.MULTILINE)),
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
