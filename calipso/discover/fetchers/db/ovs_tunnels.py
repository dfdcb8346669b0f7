"""The tunnels of a host's Open vSwitch: one list of peers, and what differs between them.

Every host of a cloud may have a tunnel to every other one. So a tunnel is stored once, as an
address in the list of its endpoint. What the tunnels of a type have in common is stored once for
the type. Of a tunnel that is broken or unlike the others, its error and what differs are stored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from calipso.hostparse.ovsdb import Bridge, Interface
from calipso.model.documents import Document
from calipso.sources.api.addresses import normal_ip

#: Tunnel types that Neutron has endpoints for.
TYPES = ("vxlan", "gre", "geneve")
#: `remote_ip` of a tunnel that the flow table leads to any address.
_BY_FLOW = "flow"


def endpoint_of(configurations: Mapping[str, Any]) -> tuple[list[str], str]:
    """Tunnel types and tunnel address that an agent reports; without both it has no endpoint."""
    types = [name for name in configurations.get("tunnel_types") or () if name in TYPES]
    address = str(configurations.get("tunneling_ip") or "")
    return (types, address) if types and address else ([], "")


def to_peer(interface: Interface) -> bool:
    """True for a tunnel to one other host."""
    return interface.tunnel and interface.options.get("remote_ip", _BY_FLOW) != _BY_FLOW


def tunnel_fields(
    bridges: Mapping[str, Bridge], is_own: Callable[[Interface], bool] = lambda _: True
) -> Document:
    """Fields `remote_addresses`, `tunnels`, `odd_tunnels`, `tunnels_state` of the endpoint.

    `is_own`: which tunnels are those of the endpoint, where a host has several.
    """
    by_type: defaultdict[str, list[tuple[str, Interface]]] = defaultdict(list)
    for bridge in bridges.values():
        for _, interface in bridge.interfaces():
            if to_peer(interface) and is_own(interface):
                by_type[interface.type].append((bridge.name, interface))
    every = _addresses(item for found in by_type.values() for _, item in found)
    groups: list[Document] = []
    odd: list[Document] = []
    for kind, found in sorted(by_type.items()):
        facts = [_facts(bridge, interface) for bridge, interface in found]
        shared = _shared(facts)
        addresses = _addresses(interface for _, interface in found)
        options = {key[1]: value for key, value in shared.items() if key[0] == "options"}
        group: Document = {"type": kind, "options": options}
        group |= {key[0]: value for key, value in shared.items() if key[0] != "options"}
        groups.append(group if addresses == every else group | {"remote_addresses": addresses})
        odd += [
            described
            for (_, interface), own in zip(found, facts, strict=True)
            if (described := _odd(interface, own, shared))
        ]
    odd.sort(key=lambda item: str(item["name"]))
    interfaces = [interface for found in by_type.values() for _, interface in found]
    return {
        "remote_addresses": every,
        "tunnels": groups,
        "odd_tunnels": odd,
        **_state(interfaces),
    }


_Facts = dict[tuple[str, ...], str]


def _facts(bridge: str, interface: Interface) -> _Facts:
    """What tunnels of a type may have in common: by field, or by `options` and its key."""
    found: _Facts = {
        ("bridge",): bridge,
        ("state",): interface.state,
        ("admin_state",): interface.admin_state,
    }
    for key, value in interface.options.items():
        if key != "remote_ip":
            found["options", key] = value
    return found


def _shared(facts: list[_Facts]) -> _Facts:
    """What more than half of the tunnels say."""
    said = Counter(item for own in facts for item in own.items())
    return {key: value for (key, value), n in sorted(said.items()) if n * 2 > len(facts)}


def _odd(interface: Interface, own: _Facts, shared: _Facts) -> Document:
    """A tunnel with its error, and with what differs from the others; {} when nothing does.

    An option that only the others have is None.
    """
    differs = {key: own.get(key) for key in own.keys() | shared.keys()}
    differs = {key: value for key, value in differs.items() if value != shared.get(key)}
    if not differs and not interface.error:
        return {}
    options = {key[1]: value for key, value in sorted(differs.items()) if key[0] == "options"}
    found: Document = {
        "name": interface.name,
        "id": interface.ofport,
        "type": interface.type,
        "remote_ip": normal_ip(interface.options["remote_ip"]),
        **{key[0]: value for key, value in differs.items() if key[0] != "options"},
    }
    optional = {"options": options, "error": interface.error}
    return found | {key: value for key, value in optional.items() if value}


def _state(tunnels: list[Interface]) -> Document:
    """One tunnel that works is a way out."""
    if not tunnels:
        return {}
    return {"tunnels_state": "down" if all(item.error for item in tunnels) else "up"}


def _addresses(tunnels: Iterable[Interface]) -> list[str]:
    return sorted({normal_ip(item.options["remote_ip"]) for item in tunnels})
