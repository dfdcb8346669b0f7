"""Bonds of a host, from the kernel's `/proc/net/bonding/<bond>` files.

A file has paragraphs of `Key: value` lines: first the bond, then one paragraph per slave. 802.3ad
bonds have indented or titled groups (`802.3ad info`, `details actor lacp pdu:`) inside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calipso.hostparse.jsontext import sections

_SLAVE = "Slave Interface"


@dataclass(frozen=True)
class Slave:
    """A member of a bond: its own MAC and every line of its paragraph."""

    name: str
    mac: str
    state: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Bond:
    """A bond: lines of its file, and its slaves by name."""

    name: str
    mode: str
    state: str
    attributes: dict[str, Any] = field(default_factory=dict)
    slaves: dict[str, Slave] = field(default_factory=dict)


def parse_bonds(text: str) -> dict[str, Bond]:
    """Return bonds by name, from sections `== <bond>` of the kernel's files. Raises ParseError."""
    return {name: _bond(name, body) for name, body in sections(text).items()}


def _bond(name: str, body: str) -> Bond:
    own: dict[str, Any] = {}
    slaves: dict[str, Slave] = {}
    for lines in _blocks(body):
        attributes = _attributes(lines)
        slave = attributes.pop(_SLAVE, "")
        if slave:
            slaves[slave] = Slave(
                name=slave,
                mac=str(attributes.get("Permanent HW addr", "")).lower(),
                state=_state(attributes),
                attributes=attributes,
            )
        else:
            own |= attributes
    return Bond(name, str(own.get("Bonding Mode", "")), _state(own), own, slaves)


def _blocks(body: str) -> list[list[str]]:
    """Return the lines of the bond, then those of each slave.

    A line `Slave Interface:` begins a block.
    """
    blocks: list[list[str]] = [[]]
    for line in body.splitlines():
        if line.startswith(f"{_SLAVE}:"):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _attributes(lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    group: dict[str, Any] | None = None
    for line in lines:
        key, colon, value = line.strip().partition(":")
        if not key:
            group = None
        elif (not colon and key.endswith("info")) or (colon and not value.strip()):
            group = found.setdefault(key, {})
        elif colon:
            inside = group is not None and (line[0].isspace() or "802.3ad info" in found)
            target = group if inside and group is not None else found
            target[key] = value.strip()
    return found


def _state(attributes: dict[str, Any]) -> str:
    text = str(attributes.get("MII Status", ""))
    return {"up": "up", "down": "down"}.get(text, "unknown")
