"""Cells of Nova whose databases are on servers of their own.

`nova_api.cell_mappings` has the address of each cell's database, with Nova's own account in it. Of
that only server, port and schema are used; user and password are those of the mysql section.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from calipso.model.sections import MysqlSection

#: Words of the URL that Nova fills in from its own configuration: the server of `nova_api` then.
_TEMPLATE = "{"

#: Between the name of a cell elsewhere and its server, where both name a place.
CELL_AT = " at "


class Cell(NamedTuple):
    """A cell with a database server of its own: the section to connect with, and its schema."""

    name: str
    section: MysqlSection
    schema: str


def cells_elsewhere(
    mappings: Iterable[Mapping[str, Any]], section: MysqlSection, here: Iterable[str]
) -> list[Cell]:
    """Cells that the main server does not have; `here` are the Nova schemas it has.

    The schemas of two cells may have one name. Then the schema of the main server belongs to the
    one whose address is the main server's, and the others are elsewhere.
    """
    rows = list(mappings)  # a disabled cell gets no new instances; it has its old ones
    places = [_place(row) for row in rows]
    number = Counter(schema for _, _, schema in places)
    found = []
    for row, (host, port, schema) in zip(rows, places, strict=True):
        name = _name(row) or host
        own = section.cells.get(name)
        if own is None:
            local = schema in set(here) and number[schema] == 1
            if not host or not schema or local or same_server(host, port, section):
                continue
        wanted = {"host": host, "port": port, "user": section.user, "pwd": section.pwd}
        if own is not None:
            given = own.model_dump(exclude_unset=True, by_alias=True)
            schema = given.pop("schema", "") or schema
            wanted |= {key: value for key, value in given.items() if value}
        if wanted["host"] and schema:
            found.append(Cell(name, section.model_copy(update=wanted | {"cells": {}}), schema))
    return sorted(found, key=lambda cell: cell.name)


def unreadable_cells(mappings: Iterable[Mapping[str, Any]], section: MysqlSection) -> list[str]:
    """Names of cells whose address cannot be read, and for which the section has none either."""
    return sorted(
        _name(row)
        for row in mappings
        if _name(row) not in section.cells and not _is_address(row.get("database_connection"))
    )


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("uuid") or "")


def _is_address(url: Any) -> bool:
    """False for a text that is no URL, or whose port is no number."""
    with suppress(ValueError):
        parts = urlsplit(str(url or ""))
        return _TEMPLATE in parts.netloc or parts.port is None or parts.port > 0
    return False


def _place(row: Mapping[str, Any]) -> tuple[str, int, str]:
    """Server, port and schema of a cell; an empty server means that of `nova_api`."""
    text = str(row.get("database_connection") or "")
    host, port, path = "", 3306, ""
    with suppress(ValueError):
        parts = urlsplit(text)
        path = unquote(parts.path.strip("/"))
        if _TEMPLATE not in (place := parts.netloc.rpartition("@")[2]):
            host, port = parts.hostname or "", parts.port or 3306
            if not place:
                host = ""
    return host, port, "" if _TEMPLATE in path else path


def same_server(host: str, port: int, section: MysqlSection) -> bool:
    """True when an address is that of the mysql section, by its text or by its resolution."""
    if port != section.port:
        return False
    if host.lower() == section.host.lower():
        return True
    return bool(_addresses(host) & _addresses(section.host))


def _addresses(host: str) -> set[str]:
    with suppress(OSError):
        return {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    return set()
