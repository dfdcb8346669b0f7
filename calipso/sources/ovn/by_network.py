"""OVN's databases by TCP or SSL: each server of a list is tried until one has fresh data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calipso.errors import ErrorKind, OvnAccessError, ParseError
from calipso.hostparse.ovn import Databases, Server, Tables, rows_of_query, server_of
from calipso.limits.calls import Bounds
from calipso.model.ovn_section import OvnSection, Remote, remotes
from calipso.model.ovn_tables import NB_TABLES, NORTHBOUND, SB_TABLES, SERVER_COLUMNS, SOUTHBOUND
from calipso.sources.ovn.jsonrpc import OvsdbClient


def read_by_network(
    section: OvnSection, count: Callable[[str], None], bounds: Bounds | None = None
) -> Databases:
    """Return both databases. Raises OvnAccessError when no server of one of them has them.

    `bounds`: those of the scan or test that asks.
    """
    bounds = bounds or Bounds()
    nb, nb_server = _first(section, section.nb_connection, NORTHBOUND, NB_TABLES, count, bounds)
    sb, sb_server = _first(section, section.sb_connection, SOUTHBOUND, SB_TABLES, count, bounds)
    return Databases(nb, sb, nb_server, sb_server)


def _first(
    section: OvnSection,
    addresses: str,
    database: str,
    tables: dict[str, tuple[str, ...]],
    count: Callable[[str], None],
    bounds: Bounds,
) -> tuple[Tables, Server]:
    errors: list[OvnAccessError] = []
    for remote in remotes(addresses):
        count("ovn_requests")
        try:
            return _read(remote, section, database, tables, bounds)
        except OvnAccessError as error:
            errors.append(error)
    first = errors[0]
    message = "; ".join(error.message for error in errors)
    raise OvnAccessError(message, kind=first.kind, hint=first.hint, server=first.server)


def _read(
    remote: Remote,
    section: OvnSection,
    database: str,
    tables: dict[str, tuple[str, ...]],
    bounds: Bounds,
) -> tuple[Tables, Server]:
    with OvsdbClient(remote, section, bounds) as client:
        version, there = client.columns(database)
        server = server_of(str(remote), database, _says_of_itself(client), version)
        check_connected(server, database)
        asked = {
            name: ["_uuid", *(column for column in columns if column in there[name])]
            for name, columns in tables.items()
            if name in there
        }
        try:
            return rows_of_query(database, asked, client.select(database, asked)), server
        except ParseError as error:
            raise OvnAccessError(
                f"OVN {remote}: {error.message}",
                kind=ErrorKind.UNEXPECTED_OUTPUT,
                hint="Look at the log of ovsdb-server there.",
                server=str(remote),
            ) from None


def _says_of_itself(client: OvsdbClient) -> list[dict[str, Any]]:
    """Rows of `_Server`; none of a server that is older than this database."""
    try:
        found = client.select("_Server", {"Database": list(SERVER_COLUMNS)})
        return rows_of_query("_Server", ["Database"], found)["Database"]
    except ParseError:
        return []
    except OvnAccessError as error:
        if error.kind in (ErrorKind.NOT_FOUND, ErrorKind.SERVER_ERROR):
            return []
        raise


def check_connected(server: Server, database: str) -> None:
    """Raise OvnAccessError for a member of a cluster that has lost the others."""
    if server.connected is False:
        raise OvnAccessError(
            f"OVN {server.remote}: {database}: this member has no contact to its cluster; what it "
            "has may be old",
            kind=ErrorKind.UNREACHABLE,
            hint="`ovs-appctl -t <its control socket> cluster/status` there shows the members.",
            server=server.remote,
        )
