"""The wiring of a host, made from its answers: one graph, kept while the host is worked on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from calipso.errors import AccessError, CalipsoError, ParseError
from calipso.hostparse.ethtool import Nic, parse_nics
from calipso.hostparse.iplink import Device
from calipso.hostparse.netns import Namespaces, parse_namespaces
from calipso.hostparse.ovsdb import parse_ovs
from calipso.hostparse.pci import parse_functions
from calipso.hostparse.routes import Route, parse_routes
from calipso.sources.cli.commands import NAMESPACE_LINKS, NICS, OVS, ROUTES, Command
from calipso.topology.wiring import HostFacts, Wiring, build

T = TypeVar("T")


class Asks(Protocol):
    """The part of CliAccess that a wiring needs."""

    def parsed(self, command: Command, host: str, parser: Callable[[str], T]) -> T:
        """The result of a parser."""
        ...

    def devices(self, host: str) -> dict[str, Device]:
        """Devices of the host's own namespace."""
        ...


def read_wiring(access: Asks, host: str, *, switch: bool) -> Wiring:
    """The graph of a host. Without its own devices there is none: raises CliAccessError or
    ParseError. A part that cannot be read is empty, and `unread` has the error.

    Of a host without hardware the devices of its namespaces are asked for, since a veth into a
    namespace of its own is no NIC. `switch`: ask for Open vSwitch.
    """
    devices = access.devices(host)
    unread: dict[str, CalipsoError] = {}
    nics: dict[str, Nic] = _part(unread, NICS, {}, access, host, parse_nics)
    others = Namespaces()
    if all(nic.kind != "device" for nic in nics.values()):
        others = _part(unread, NAMESPACE_LINKS, others, access, host, parse_namespaces)
    return build(
        HostFacts(
            devices=devices,
            namespaces={name: found for name, found in others.items() if found is not None},
            netns_ids=others.ids,
            bridges=_part(unread, OVS, {}, access, host, parse_ovs) if switch else {},
            nics=nics,
            functions=_part(unread, NICS, {}, access, host, parse_functions),
            unread=unread,
        )
    )


def read_routes(access: Asks, host: str) -> list[Route]:
    """Routes of the main table. Raises CliAccessError or ParseError."""
    return access.parsed(ROUTES, host, parse_routes)


def _part(
    unread: dict[str, CalipsoError],
    command: Command,
    empty: T,
    access: Asks,
    host: str,
    parser: Callable[[str], T],
) -> T:
    try:
        return access.parsed(command, host, parser)
    except (AccessError, ParseError) as error:
        unread[command.name] = error
        return empty
