"""Reads what the hosts of the truth comparison answered. Pure."""

from __future__ import annotations

import re
from typing import Any

Row = dict[str, Any]


def read_sections(text: str) -> list[tuple[str, str]]:
    """Parts of an answer that begin with `@ title` lines."""
    parts = re.split(r"^@ (.*)$", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def read_ovs(text: str) -> dict[str, dict[str, Row]]:
    """Bridges and their interfaces, of `ovs-vsctl show`; the tag is that of the port.

    A bond is a port of several interfaces.
    """
    bridges: dict[str, dict[str, Row]] = {}
    port: Row = {}
    here: Row = {}
    ports: dict[str, Row] = {}
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        value = rest.strip().strip('"')
        if word == "Bridge":
            ports = bridges.setdefault(value, {})
        elif word == "Port":
            port = {"port": value, "tag": None}
        elif word == "Interface":
            here = ports.setdefault(value, {**port, "type": "", "options": {}, "error": ""})
        elif word == "tag:":
            port["tag"] = int(value)
        elif word in ("type:", "error:"):
            here[word[:-1]] = value
        elif word == "options:":
            pairs = re.findall(r'(\w+)=("[^"]*"|[^,}]*)', rest)
            here["options"] = {key: text.strip('"') for key, text in pairs}
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


def read_members(text: str) -> dict[str, dict[str, str]]:
    """Bond or team -> member -> what the bond says of it (`-`: nothing)."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        master, member, state = line.split()
        found.setdefault(master, {})[member] = state
    return found


def read_namespace_ids(text: str) -> dict[str, dict[int, str]]:
    """Namespace -> id -> name, as `ip netns list-id` prints it there; `.` is the host's own."""
    return {
        name.strip(): {
            int(number): named
            for number, named in re.findall(r"nsid (\d+) (?:\(iproute2 netns name: (.+)\))?", said)
        }
        for name, said in read_sections(text)
    }
