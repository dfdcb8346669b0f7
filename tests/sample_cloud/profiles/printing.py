"""What a drawn host prints: the output of each command, in the form of the real tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..cloud import Answer
from ..generate.answers import NO_DATABASES, NO_LIBVIRT, NO_SWITCH, OS_RELEASE
from ..generate.domains import domain_xml
from ..generate.links import compact

if TYPE_CHECKING:
    from .drawing import DrawnHost


def answer(host: DrawnHost, name: str, command: str) -> Answer:
    """What the command of this name prints; its text says in which form."""
    if name == "ovn_databases":
        return Answer(host.databases().encode()) if host.databases else NO_DATABASES
    if name in ("ovs", "ovn_chassis"):
        return Answer(host.switch.text(command).encode()) if host.switch else NO_SWITCH
    if name == "domains" and "compute" not in host.host.roles:
        return NO_LIBVIRT
    return Answer(PRINTED[name](host, command).encode())


def _namespace_links(host: DrawnHost, command: str) -> str:
    with_ids = "${rest:+" in command
    parts = []
    for at, (space, devices) in enumerate(host.spaces.items()):
        number = f" (id: {at})" if with_ids else ""
        parts.append(f"netns: {space}{number}\n{compact(devices.items)}\n\nexit: 0\n")
    return "".join(parts)


def _domains(host: DrawnHost, command: str) -> str:
    uuids = "".join(f"{instance.id}\n" for instance, _ in host.guests)
    return uuids + "".join(
        domain_xml(instance, at, host.names, interfaces) + "\n"
        for at, (instance, interfaces) in enumerate(host.guests, start=1)
    )


def _nics(host: DrawnHost, command: str) -> str:
    nics = "".join(host.nics_text[nic] for nic in sorted(host.nics_text))
    return nics + ("".join(host.pci_text) if "/sys/bus/pci" in command else "")


def _routes(host: DrawnHost, command: str) -> str:
    """Routes of the kernel: one for each address."""
    found: list[dict[str, Any]] = []
    for device in host.root.items:
        for item in device["addr_info"]:
            if item["family"] == "inet" and item["scope"] == "global":
                net = item["local"].rpartition(".")[0] + ".0/24"
                row = {"dst": net, "dev": device["ifname"], "protocol": "kernel"}
                found.append(row | {"scope": "link", "prefsrc": item["local"], "flags": []})
    return f"{compact(found)}\n\n[]\n\n"


PRINTED: dict[str, Callable[[DrawnHost, str], str]] = {
    "os_release": lambda host, _: OS_RELEASE.format(name=host.name),
    "links": lambda host, _: compact(host.root.items) + "\n",
    "namespaces": lambda host, _: "".join(
        f"{space} (id: {at})\n" for at, space in enumerate(host.spaces)
    ),
    "namespace_links": _namespace_links,
    "domains": _domains,
    "nics": _nics,
    "bonds": lambda host, _: host.bonds_text,
    "lldp": lambda host, _: json.dumps({"lldp": [{"interface": host.neighbours}]}) + "\n",
    "routes": _routes,
    "fdb": lambda host, _: "".join(
        f"== {device}\n{compact(rows)}\n\n" for device, rows in host.fdb.items()
    ),
}


def bond_file(name: str, members: list[str], mac: str) -> str:
    """/proc/net/bonding of one bond."""
    head = f"""== {name}
Ethernet Channel Bonding Driver: v6.1.0-28-amd64

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer3+4 (1)
MII Status: up
MII Polling Interval (ms): 100

802.3ad info
LACP active: on
LACP rate: fast
Aggregator selection policy (ad_select): stable
System MAC address: {mac}
Active Aggregator Info:
\tAggregator ID: 1
\tNumber of ports: {len(members)}
"""
    return head + "".join(
        f"\nSlave Interface: {each}\nMII Status: up\nSpeed: 10000 Mbps\nDuplex: full\n"
        "Link Failure Count: 0\nSlave queue ID: 0\nAggregator ID: 1\n"
        for each in members
    )
