"""Network devices of a host or namespace, from `ip -d -j addr show`.

A device that `ip` does not describe in valid JSON costs that device only: iproute2 5.9 to 5.11
prints a key without a value for ERSPAN. `Devices.broken` has its name and the cause.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_list, json_value

_STATES = {
    "UP": "up",
    "DOWN": "down",
    "LOWERLAYERDOWN": "down",
    "NOTPRESENT": "down",
    "DORMANT": "down",
    "TESTING": "down",
}
_NO_MAC = "00:00:00:00:00:00"
#: How `ip` begins each device of its list; nothing inside a device begins so.
_OBJECT = re.compile(r'\{\s*"ifindex"\s*:')
_WORDS = (
    re.compile(r'"ifname"\s*:\s*"([^"]*)"'),
    re.compile(r'"ifindex"\s*:\s*(\d+)'),
    re.compile(r'"info_kind"\s*:\s*"([^"]*)"'),
)


@dataclass(frozen=True)
class Address:
    """An address of a device: `ip` in normal form, `prefix` length in bits, `scope` as `ip` names
    it.
    """

    ip: str
    prefix: int
    scope: str

    @property
    def version(self) -> int:
        """IP version: 4 or 6."""
        return 6 if ":" in self.ip else 4

    @property
    def cidr(self) -> str:
        """The address with its prefix length: `10.0.0.5/24`."""
        return f"{self.ip}/{self.prefix}"

    @property
    def network(self) -> str:
        """The subnet of the address: `10.0.0.0/24`."""
        return str(ipaddress.ip_interface(self.cidr).network)


@dataclass(frozen=True)
class Vf:
    """A virtual function as its physical function's device lists it; `mac` is "" when unset."""

    number: int
    mac: str
    vlan: int | None
    state: str


@dataclass(frozen=True)
class Device:
    """A network device.

    `kind` is the kernel's kind: veth, bridge, bond, vxlan, tun, ... (empty: hardware). `info` has
    the data of the kind (for vxlan: id, local, port, link). `state` is up or down as read (unknown:
    the driver does not report it); `admin_state` is what somebody asked for. `master` is the bridge
    or bond of which the device is a member. If the other end is in another namespace, `peer_netns`
    is not None, and `peer_netns_name` is the name of that namespace, if it has one. `lower_index`
    is the kernel's index of that other end, or of a lower device in another namespace.

    For a port of a NIC's own switch, `phys_port` and `phys_switch` are the driver's values
    phys_port_name and phys_switch_id. `altnames` are further names that the kernel knows it by.
    `bus_address` is the PCI address, `vfs` are the virtual functions.
    """

    name: str
    index: int
    mac: str
    permanent_mac: str
    link_type: str
    kind: str
    state: str
    admin_state: str
    mtu: int
    master: str
    lower: str
    peer_netns: int | None
    peer_netns_name: str
    addresses: tuple[Address, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    lower_index: int | None = None
    phys_port: str = ""
    phys_switch: str = ""
    bus_address: str = ""
    altnames: tuple[str, ...] = ()
    vfs: tuple[Vf, ...] = ()

    def first(self, version: int) -> Address | None:
        """Return the first address of an IP version, wider scopes first; None when there
        is none.
        """
        found = [address for address in self.addresses if address.version == version]
        return min(found, key=lambda address: _is_local(address.ip), default=None)


class Broken(NamedTuple):
    """A device that could not be read: its name ("" if the text does not show it), and a sentence
    with the cause.
    """

    name: str
    why: str


class Devices(dict[str, Device]):
    """Devices by name; `broken` has the devices that could not be read."""

    def __init__(self, found: Iterable[Device] = (), broken: Iterable[Broken] = ()) -> None:
        super().__init__((device.name, device) for device in found)
        self.broken = tuple(broken)

    def may_have(self, name: str) -> bool:
        """True if a device that could not be read has, or may have, this name."""
        return name not in self and any(broken.name in ("", name) for broken in self.broken)


def parse_devices(text: str, what: str = "ip -d -j addr show") -> Devices:
    """Return devices by name, in the kernel's order.

    Raises ParseError when no device can be read.
    """
    try:
        return Devices(_device(entry, what) for entry in json_list(text, what))
    except ParseError as error:
        return _one_by_one(text, what, error)


def _one_by_one(text: str, what: str, error: ParseError) -> Devices:
    """Return the devices that can be read from a broken list.

    A list without its end raises the error.
    """
    found, broken = [], []
    starts = [match.start() for match in _OBJECT.finditer(text)]
    if not starts or not text.rstrip().endswith("]"):
        raise error
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = text[start:end].rstrip(" \t\r\n,]")
        try:
            found.append(_device(_entry(part, what), what))
        except ParseError as why:
            name, shown = _name_in(part)
            broken.append(Broken(name, f"{what}: device {shown} cannot be read: {why.message}"))
    if not found:
        raise error
    return Devices(found, broken)


def _entry(part: str, what: str) -> dict[str, Any]:
    entry = json_value(part, what)
    if not isinstance(entry, dict):
        raise ParseError(f"{what}: expected a device", sample=part)
    return entry


def _name_in(part: str) -> tuple[str, str]:
    """Return the name of a device with broken JSON, and a text with its name, index and kind, as
    far as they can be seen.
    """
    name, index, kind = (match[1] if (match := p.search(part)) else "" for p in _WORDS)
    return name, f"{name or '?'} (index {index or '?'}{f', {kind}' if kind else ''})"


def device_with(devices: Iterable[Device], ip: str) -> Device | None:
    """Return the device that has an address; None when no device has it."""
    try:
        wanted = _normal(ip)
    except ValueError:
        return None
    return next((d for d in devices if any(a.ip == wanted for a in d.addresses)), None)


def _device(entry: dict[str, Any], what: str) -> Device:
    try:
        info = entry.get("linkinfo") or {}
        flags = {str(flag) for flag in entry.get("flags") or ()}
        netns = entry.get("link_netnsid")
        return Device(
            name=str(entry["ifname"]),
            index=int(entry["ifindex"]),
            mac=_mac(entry.get("address")),
            permanent_mac=_mac(entry.get("permaddr")),
            link_type=str(entry.get("link_type", "")),
            kind=str(info.get("info_kind", "")),
            state=_state(str(entry.get("operstate", "")), flags),
            admin_state="up" if "UP" in flags else "down",
            mtu=int(entry.get("mtu") or 0),
            master=str(entry.get("master", "")),
            lower=str(entry.get("link") or ""),
            peer_netns=None if netns is None else int(netns),
            peer_netns_name=str(entry.get("link_netns", "")),
            addresses=tuple(_addresses(entry.get("addr_info") or ())),
            info=dict(info.get("info_data") or {}),
            lower_index=_number(entry.get("link_index")),
            phys_port=str(entry.get("phys_port_name") or ""),
            phys_switch=str(entry.get("phys_switch_id") or ""),
            bus_address=str(entry.get("parentdev") or "").lower(),
            altnames=tuple(str(name) for name in entry.get("altnames") or ()),
            vfs=tuple(_vf(vf) for vf in entry.get("vfinfo_list") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"{what}: unexpected device: {error!r}", sample=str(entry)) from None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _vf(entry: dict[str, Any]) -> Vf:
    vlans = [vlan.get("vlan") for vlan in entry.get("vlan_list") or ()] or [entry.get("vlan")]
    return Vf(
        number=int(entry["vf"]),
        mac=_mac(entry.get("mac") or entry.get("address")),
        vlan=_number(vlans[0]) or None,
        state=str(entry.get("link_state") or "auto"),
    )


def _addresses(entries: Iterable[dict[str, Any]]) -> Iterator[Address]:
    for entry in entries:
        if entry.get("local"):
            ip = _normal(str(entry["local"]))
            yield Address(ip, int(entry.get("prefixlen", 0)), str(entry.get("scope", "")))


def _state(operstate: str, flags: set[str]) -> str:
    """Return `up`, `down` or `unknown`.

    Tap and tun devices report UNKNOWN and work if they have a carrier (RFC 2863).
    """
    known = _STATES.get(operstate)
    if known:
        return known
    if "LOWER_UP" in flags:
        return "up"
    return "unknown" if "UP" in flags else "down"


def _mac(value: Any) -> str:
    text = str(value or "").lower()
    return "" if text == _NO_MAC else text


def _normal(ip: str) -> str:
    """Return an address in its normal form.

    Raises ValueError. The cache helps large hosts, which have thousands of addresses.
    """
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, ip))
    except OSError:
        return str(ipaddress.ip_address(ip))  # has a zone, or raises


def _is_local(ip: str) -> bool:
    """True for link-local and loopback addresses, in normal form."""
    if ":" not in ip:
        return ip.startswith(("127.", "169.254."))
    first = ip.partition(":")[0]
    return ip == "::1" or (len(first) == 4 and first.startswith(("fe8", "fe9", "fea", "feb")))
