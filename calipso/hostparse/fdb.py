"""Remote endpoints of VXLAN devices, from `bridge -j fdb show dev <device>`."""

from __future__ import annotations

import ipaddress

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_list, sections


def parse_fdb(text: str) -> dict[str, list[str]]:
    """Return the addresses of the other endpoints by device, sorted and unique.

    A device for which `bridge` printed nothing is left out: no output is not an empty list. Only
    permanent entries count, which the agent sets; learned entries come and go with the traffic.
    Raises ParseError.
    """
    if text.strip() and not text.lstrip().startswith("== "):
        raise ParseError("bridge fdb: no device in the answer", sample=text)
    return {name: _remotes(name, body) for name, body in sections(text).items() if body.strip()}


def _remotes(name: str, body: str) -> list[str]:
    remotes = set()
    for entry in json_list(body, f"bridge fdb show dev {name}"):
        if entry.get("dst") and entry.get("state") == "permanent":
            try:
                remotes.add(ipaddress.ip_address(str(entry["dst"])))
            except ValueError:
                raise ParseError(
                    f"bridge fdb of {name}: {entry['dst']!r} is not an address", sample=body
                ) from None
    return [str(ip) for ip in sorted(remotes, key=lambda ip: (ip.version, int(ip)))]
