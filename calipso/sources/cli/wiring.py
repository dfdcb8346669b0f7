"""The wiring of a host, of what it answered: one graph a host, kept while the host is worked on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from calipso.errors import AccessError, ParseError
from calipso.hostparse.ethtool import parse_nics
from calipso.hostparse.iplink import Device
from calipso.hostparse.libvirt import Domain, parse_domains
from calipso.hostparse.netns import Namespaces, parse_namespaces
from calipso.hostparse.ovsdb import parse_ovs
from calipso.hostparse.pci import parse_functions
from calipso.hostparse.routes import Route, parse_routes
from calipso.sources.cli.commands import DOMAINS, NAMESPACE_LINKS, NICS, OVS, ROUTES, Command
from calipso.topology.wiring import HostFacts, Wiring, build

T = TypeVar("T")


class Asks(Protocol):
    """What of CliAccess a wiring needs."""

    def parsed(self, command: Command, host: str, parser: Callable[[str], T]) -> T:
        """What a parser makes of an answer."""
        ...

    def devices(self, host: str) -> dict[str, Device]:
        """Devices of the host's own namespace."""
        ...


def read_wiring(access: Asks, host: str, *, switch: bool, guests: bool) -> Wiring:
    """The graph of a host. Without its own devices there is none: raises CliAccessError or
    ParseError. A part that cannot be read is empty, and `unread` says why.

    `switch`: ask for Open vSwitch; `guests`: ask for the guests' interfaces.
    """
    devices = access.devices(host)
    unread: dict[str, str] = {}
    namespaces = _part(unread, NAMESPACE_LINKS, Namespaces(), access, host, parse_namespaces)
    domains: dict[str, Domain | ParseError] = {}
    if guests:
        domains = _part(unread, DOMAINS, domains, access, host, parse_domains)
    return build(
        HostFacts(
            devices=devices,
            namespaces={name: found for name, found in namespaces.items() if found is not None},
            netns_ids=namespaces.ids,
            bridges=_part(unread, OVS, {}, access, host, parse_ovs) if switch else {},
            nics=_part(unread, NICS, {}, access, host, parse_nics),
            functions=_part(unread, NICS, {}, access, host, parse_functions),
            domains={uuid: d for uuid, d in domains.items() if isinstance(d, Domain)},
            unread=unread,
        )
    )


def read_routes(access: Asks, host: str) -> list[Route]:
    """Routes of the main table; none when they cannot be read."""
    return _part({}, ROUTES, [], access, host, parse_routes)


def _part(
    unread: dict[str, str],
    command: Command,
    empty: T,
    access: Asks,
    host: str,
    parser: Callable[[str], T],
) -> T:
    try:
        return access.parsed(command, host, parser)
    except (AccessError, ParseError) as error:
        unread[command.name] = error.message
        return empty
