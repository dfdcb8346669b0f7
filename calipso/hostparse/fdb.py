"""Where VXLAN devices send to, from `bridge -j fdb show dev <device>`."""

from __future__ import annotations

import ipaddress

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_list, sections


def parse_fdb(text: str) -> dict[str, list[str]]:
    """Addresses of the other endpoints by device, sorted, each once. Raises ParseError.

    A device for which `bridge` printed nothing at all is left out: that is no empty list.
    Only permanent entries count (set by the agent): learned ones come and go with the traffic.
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
                    f"bridge fdb of {name}: {entry['dst']!r} is no address", sample=body
                ) from None
    return [str(ip) for ip in sorted(remotes, key=lambda ip: (ip.version, int(ip)))]
