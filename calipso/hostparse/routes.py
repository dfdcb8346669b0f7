"""Routes of a host, from `ip -j route show`, a JSON list a line; and the one an address takes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_list

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_WHAT = "ip -j route show"
#: Types of route that lead to no device.
_NOWHERE = frozenset({"unreachable", "blackhole", "prohibit", "throw", "local", "broadcast"})


@dataclass(frozen=True)
class Route:
    """A route: the networks it is for, the devices it leads out by, its metric."""

    network: _Network
    devices: tuple[str, ...]
    metric: int


def parse_routes(text: str) -> list[Route]:
    """Routes in the kernel's order. Raises ParseError when a line is no JSON list."""
    return [
        route
        for line in text.splitlines()
        if line.strip()
        for entry in json_list(line, _WHAT)
        for route in _route(entry)
    ]


def devices_to(routes: Iterable[Route], address: str) -> list[str]:
    """Devices the kernel sends to this address by: of the longest prefix, the least metric."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return []
    fitting = [r for r in routes if r.network.version == wanted.version and wanted in r.network]
    if not fitting:
        return []
    best = min((-r.network.prefixlen, r.metric) for r in fitting)
    found = (r for r in fitting if (-r.network.prefixlen, r.metric) == best)
    return sorted({device for route in found for device in route.devices})


def _route(entry: dict[str, Any]) -> Iterator[Route]:
    hops = [] if entry.get("type") in _NOWHERE else entry.get("nexthops") or [entry]
    try:
        devices = tuple(str(hop["dev"]) for hop in hops if hop.get("dev"))
        yield Route(_network(entry), devices, int(entry.get("metric") or 0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(f"{_WHAT}: unexpected route: {error!r}", sample=str(entry)) from None


def _network(entry: dict[str, Any]) -> _Network:
    """`default` says nothing of its IP version; its gateway or its flags do."""
    text = str(entry["dst"])
    if text != "default":
        return ipaddress.ip_network(text, strict=False)
    hops = entry.get("nexthops") or [entry]
    gateways = [str(hop.get("gateway") or "") for hop in hops if isinstance(hop, dict)]
    six = any(":" in gateway for gateway in gateways) or "pref" in entry
    return ipaddress.ip_network("::/0" if six else "0.0.0.0/0")
