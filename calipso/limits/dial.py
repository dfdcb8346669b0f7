"""Connecting: to the networks that workers may reach, within the time of the call.

Who may edit an environment chooses the addresses that workers connect to. So each address is looked
at after its name was resolved, and the connection is made to that very address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from calipso.errors import AccessError, ConfigError, ErrorKind
from calipso.limits.calls import Call
from calipso.settings import Settings, settings
from calipso.utils.store_addresses import broker_url, mongo_url, redis_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Ports of a store whose URL names none.
_PORTS = {"mongodb": 27017, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


class AddressRefused(AccessError):
    """Workers may not connect to this address."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"{place}: workers do not connect there: {why}",
            kind=ErrorKind.FORBIDDEN,
            hint="The setting CALIPSO_SOURCE_NETWORKS names the networks that are allowed.",
        )


def dial(host: str, port: int, timeout: float, call: Call | None = None) -> socket.socket:
    """A TCP connection to the first address of a host that answers; `call` watches it.

    `timeout`: seconds for each address, and not longer than the call. Raises OSError
    (socket.gaierror for a name), and AddressRefused.
    """
    failed: OSError | None = None
    for family, where, refused in _addresses(host, port):
        if refused:
            raise AddressRefused(_place(host, port), refused)
        if call is not None:
            call.check()
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(timeout, call.left) if call is not None else timeout)
            if call is not None:
                call.watch_socket(sock)
            sock.connect(where)
            _check_peer(sock, host, port)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.settimeout(timeout)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed or OSError(f"{host} has no address")


def check_address(host: str, port: int) -> None:
    """Raises AddressRefused. For libraries that connect by themselves; OSError: an unknown name."""
    for _, _, refused in _addresses(host, port):
        if refused:
            raise AddressRefused(_place(host, port), refused)


def _addresses(host: str, port: int) -> Iterator[tuple[int, tuple[object, ...], str]]:
    """Family, address for `connect`, and why it is refused."""
    for family, _, _, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = _plain(str(where[0]))
        yield family, where, _refused(address, port)


def _check_peer(sock: socket.socket, host: str, port: int) -> None:
    """This machine under another of its addresses is still where the stores are."""
    mine, peer = sock.getsockname()[0], sock.getpeername()[0]
    if mine == peer and (ipaddress.ip_address("127.0.0.1"), port) in own_stores(settings()):
        raise AddressRefused(_place(host, port), _STORE)


_STORE = "a store of this installation listens there"


def _refused(address: Address, port: int) -> str:
    config = settings()
    if (address, port) in own_stores(config):
        return _STORE
    allowed = networks(config.source_networks)
    if allowed:
        inside = any(address in network for network in allowed)
        return "" if inside else f"{address} is in none of the networks that are allowed"
    return f"{address} is a link-local address" if address.is_link_local else ""


def _plain(text: str) -> Address:
    """An address in the one form in which it is compared: all of the loopback are one."""
    found = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    local = found.is_loopback or found.is_unspecified
    return ipaddress.ip_address("127.0.0.1") if local else found


@lru_cache(maxsize=8)
def networks(text: str) -> tuple[Network, ...]:
    """The networks of the setting. Raises ConfigError for a word that is none."""
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            raise ConfigError(
                f"source_networks: {word} is not a network",
                hint="Such as 192.0.2.0/24, 2001:db8::/32.",
            ) from None
    return tuple(found)


def own_stores(config: Settings) -> frozenset[tuple[Address, int]]:
    """Addresses and ports of MongoDB, Redis and the broker."""
    urls = []
    for url_of in (mongo_url, redis_url, broker_url):
        try:
            urls.append(url_of(config))
        except ConfigError:
            continue  # this process has no such store
    return frozenset().union(*(_places_of(url) for url in urls))


@lru_cache(maxsize=16)
def _places_of(url: str) -> frozenset[tuple[Address, int]]:
    parts = urlsplit(url)
    found = set()
    for member in unquote(parts.netloc.rpartition("@")[2]).split(","):
        try:
            one = urlsplit(f"//{member}")
            port = one.port or _PORTS.get(parts.scheme, 0)
            if one.hostname and port:
                places = socket.getaddrinfo(one.hostname, port, type=socket.SOCK_STREAM)
                found |= {(_plain(str(place[4][0])), port) for place in places}
        except (OSError, ValueError):
            continue  # a name that resolves nowhere leads nowhere
    return frozenset(found)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
