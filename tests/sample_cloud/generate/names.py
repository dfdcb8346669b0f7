"""Ids, MAC addresses and times of a generated cloud: made from the seed, never from chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha1, sha224
from uuid import NAMESPACE_DNS, uuid5

BASE_TIME = datetime(2026, 1, 15, 8, 0, 0, tzinfo=UTC)
#: Odd, so that numbers below 2**24 map to distinct addresses that do not look counted.
MAC_STEP = 0x5DEECF


class Names:
    """Makes the same id for the same (seed, kind, number) every time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def hex(self, kind: str, number: object) -> str:
        """32 hexadecimal digits: the form of project and user ids."""
        key = f"{self.seed}/{kind}/{number}".encode()
        return blake2b(key, digest_size=16).hexdigest()

    def uuid(self, kind: str, number: object) -> str:
        """A version 4 UUID."""
        text = self.hex(kind, number)
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def mac(self, number: int, prefix: str = "fa:16:3e") -> str:
        """The MAC address of a port."""
        low = (number * MAC_STEP + self.seed) & 0xFFFFFF
        return f"{prefix}:{low >> 16:02x}:{low >> 8 & 255:02x}:{low & 255:02x}"

    def local_mac(self, kind: str, number: object) -> str:
        """A locally administered MAC address, as the kernel makes for bridges and veth pairs."""
        text = self.hex(kind, number)
        first = (int(text[:2], 16) & 0xFC) | 0x02
        return ":".join([f"{first:02x}", *(text[at : at + 2] for at in range(2, 12, 2))])


def host_id(project_id: str, host: str) -> str:
    """Nova's `hostId`: the host as a project may see it."""
    return sha224((project_id + host).encode()).hexdigest()


def dhcp_device_id(host: str, network_id: str) -> str:
    """The device id Neutron gives to the DHCP port of a network on a host."""
    return f"dhcp{uuid5(NAMESPACE_DNS, host)}-{network_id}"


def short_hash(text: str) -> str:
    """40 hexadecimal digits that look like the name of a cached image."""
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def moment(seconds: int) -> datetime:
    """A time this many seconds after the cloud was built."""
    return BASE_TIME + timedelta(seconds=seconds)


def iso(seconds: int) -> str:
    """That time as Neutron and Nova write it."""
    return f"{moment(seconds):%Y-%m-%dT%H:%M:%SZ}"


def sql_time(seconds: int) -> str:
    """That time as MySQL writes it."""
    return f"{moment(seconds):%Y-%m-%d %H:%M:%S}"


def link_local(mac: str) -> str:
    """The IPv6 link-local address that follows from a MAC address."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    groups = (
        parts[0] << 8 | parts[1],
        parts[2] << 8 | 0xFF,
        0xFE << 8 | parts[3],
        parts[4] << 8 | parts[5],
    )
    return "fe80::" + ":".join(f"{group:x}" for group in groups)
