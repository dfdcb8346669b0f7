"""PCI functions of a host that are for networks, from sections `== <address> pci`.

Sections lie among those of the devices (`ethtool`); their lines are `driver: <name>`,
`net: <device>` (none while a driver of user space has it) and `virtfn: <number> <address>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from calipso.hostparse.jsontext import sections

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.IGNORECASE)


@dataclass(frozen=True)
class Function:
    """A function of a card: its driver, its devices, its virtual functions by number."""

    address: str
    driver: str = ""
    devices: tuple[str, ...] = ()
    virtual: dict[int, str] = field(default_factory=dict)


def parse_functions(text: str) -> dict[str, Function]:
    """Functions by address. Lines that are not understood are left out."""
    found = {}
    for head, body in sections(text).items():
        address, _, kind = head.rpartition(" ")
        if kind == "pci" and _ADDRESS.fullmatch(address):
            found[address.lower()] = _function(address.lower(), body)
    return found


def _function(address: str, body: str) -> Function:
    driver, devices, virtual = "", [], {}
    for line in body.splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "driver":
            driver = value
        elif key == "net":
            devices.append(value)
        elif key == "virtfn":
            number, _, other = value.partition(" ")
            if number.isdecimal() and _ADDRESS.fullmatch(other):
                virtual[int(number)] = other.lower()
    return Function(address, driver, tuple(devices), virtual)
