"""IP addresses moved into documentation ranges, subnets and host parts kept.

Each network that is not inside another known one gets a block of its size, in order: the
documentation ranges of RFC 5737, the benchmark range of RFC 2544, then private ones; IPv6
networks move into 2001:db8::/32. What lies inside a network keeps its place in it: gateways,
broadcast addresses and nested subnets stay what they were.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from calipso.errors import ConfigError
from calipso.recording.anonymise.digits import DigitMap

V4 = re.compile(
    r"(?<![0-9A-Za-z.])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?"
    r"(?![0-9A-Za-z+~]|\.\d|-(?!\d+\.\d+\.\d+\.))"
)
V6 = re.compile(
    r"(?<![0-9A-Za-z:.])((?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]{0,4}))"
    r"(/\d{1,3})?(?![0-9A-Za-z:])"
)
#: vxlan-0a4e0015: a tunnel port of Open vSwitch, named after the peer's address.
TUNNEL = re.compile(r"(?<![0-9A-Za-z])((?:vxlan|gre|geneve|stt)-)([0-9a-f]{8})(?![0-9a-f])")
#: host-10-0-0-5: a name made of an address.
DASHED = re.compile(r"(?<![0-9A-Za-z])((?:host|ip)-)(\d{1,3}(?:-\d{1,3}){3})(?!-?\d)")
#: As `ip -j addr` writes an address.
LOCAL = re.compile(r'"local":\s*"([0-9a-fA-F:.]+)",\s*"prefixlen":\s*(\d+)')

POOLS_4 = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")
POOLS_4_LARGE = ("10.0.0.0/8", "172.16.0.0/12")
POOL_6 = "2001:db8::/32"

#: Shorter prefixes are no subnet of a cloud and stay unchanged.
SHORTEST = {4: 16, 6: 33}
#: An address in no known network counts as one of a network of this size.
USUAL = {4: 24, 6: 64}

_KEPT_4 = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
KEPT = tuple(ipaddress.ip_network(text) for text in (*_KEPT_4, "::/127", "ff00::/8"))
_LINKLOCAL = ipaddress.ip_network("fe80::/10")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressMap:
    """Learns networks first, then replaces addresses."""

    def __init__(self, digits: DigitMap) -> None:
        self._digits = digits
        self._known: dict[tuple[int, int], dict[int, Network]] = {}
        self._moved: dict[Network, Network] = {}
        self._next: dict[Any, int] = {}

    # -- learning ----------------------------------------------------------------------

    def learn(self, text: str) -> None:
        """Note the networks a text names."""
        found = [(m[1], m[2][1:]) for rule in (V4, V6) for m in rule.finditer(text) if m[2]]
        for address, length in found + LOCAL.findall(text):
            try:
                network = ipaddress.ip_network(f"{address}/{length}", strict=False)
            except ValueError:
                continue
            usable = SHORTEST[network.version] <= network.prefixlen < network.max_prefixlen - 1
            if usable and not _stays(network.network_address):
                self._note(network)

    def settle(self) -> None:
        """Give every known network its place, in order of address: the same each time."""
        networks = [n for known in self._known.values() for n in known.values()]
        for network in sorted(networks, key=lambda n: (n.version, n.network_address, n.prefixlen)):
            if self._around(network.network_address, network.prefixlen) is None:
                self._move(network)

    def _note(self, network: Network) -> None:
        known = self._known.setdefault((network.version, network.prefixlen), {})
        known[int(network.network_address)] = network

    # -- replacing ---------------------------------------------------------------------

    def text(self, text: str) -> str:
        """The text with its addresses replaced."""
        text = V4.sub(lambda found: self._word(found[0], found[1], found[2] or ""), text)
        text = V6.sub(lambda found: self._word(found[0], found[1], found[2] or ""), text)
        text = TUNNEL.sub(lambda found: found[1] + self._hex(found[2]), text)
        return DASHED.sub(lambda found: found[1] + self._dashed(found[2]), text)

    def address(self, address: Address) -> Address:
        """Where an address moved."""
        if _stays(address):
            return address
        if isinstance(address, ipaddress.IPv6Address):
            address = self._interface(address)
            if address in _LINKLOCAL:
                return address
        network = self._around(address, address.max_prefixlen)
        if network is None:
            network = ipaddress.ip_network(f"{address}/{USUAL[address.version]}", strict=False)
            self._note(network)
        target = self._moved.get(network) or self._move(network)
        inside = int(address) - int(network.network_address)
        return ipaddress.ip_address(type(address)(int(target.network_address) + inside))

    def _word(self, whole: str, text: str, length: str) -> str:
        try:
            address = ipaddress.ip_address(text)
            prefix = int(length[1:]) if length else address.max_prefixlen
            network = ipaddress.ip_network(f"{text}/{prefix}", strict=False)
        except ValueError:
            return whole
        if prefix < SHORTEST[address.version] and network.network_address == address:
            return whole
        return f"{self.address(address)}{length}"

    def _hex(self, text: str) -> str:
        """Replace it only inside a known network, because a VNI may look like an address."""
        address = ipaddress.ip_address(int(text, 16))
        known = self._around(address, 32) is not None
        return f"{int(self.address(address)):08x}" if known else text

    def _dashed(self, text: str) -> str:
        try:
            return str(self.address(ipaddress.ip_address(text.replace("-", ".")))).replace(".", "-")
        except ValueError:
            return text

    def _interface(self, address: ipaddress.IPv6Address) -> ipaddress.IPv6Address:
        """An address made of a MAC address, made of the replaced one."""
        packed = bytearray(address.packed)
        if packed[11:13] != b"\xff\xfe":
            return address
        packed[13:16] = bytes.fromhex(self._digits.nic(packed[13:16].hex()))
        return ipaddress.IPv6Address(bytes(packed))

    def _around(self, address: Address, shorter_than: int) -> Network | None:
        """The largest known network around an address."""
        for version, length in sorted(self._known):
            if version == address.version and length < shorter_than:
                mask = ((1 << length) - 1) << (address.max_prefixlen - length)
                found = self._known[version, length].get(int(address) & mask)
                if found is not None:
                    return found
        return None

    def _move(self, network: Network) -> Network:
        pools = (POOL_6,) if network.version == 6 else POOLS_4 + POOLS_4_LARGE
        size = 1 << (network.max_prefixlen - network.prefixlen)
        step = max(size, 1 << 80) if network.version == 6 else size  # a /48 each
        for name in pools:
            pool = ipaddress.ip_network(name)
            start = max(self._next.get(name, 0), int(pool.network_address))
            start += -start % step
            if start + size - 1 <= int(pool.broadcast_address):
                self._next[name] = start + step
                moved = ipaddress.ip_network((start, network.prefixlen))
                self._moved[network] = moved
                return moved
        raise ConfigError(f"too many networks to anonymise: no place for one like {network}")


def _stays(address: Address) -> bool:
    return any(address.version == kept.version and address in kept for kept in KEPT)
