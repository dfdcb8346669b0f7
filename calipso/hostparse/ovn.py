"""The two databases of OVN: rows by table, and what their servers say of themselves.

`parse_databases` reads what the script of `calipso.sources.ovn` prints; `rows_of_query` reads the
answers of one transaction, by SSH and by TCP alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calipso.errors import ParseError
from calipso.hostparse.jsontext import json_value
from calipso.hostparse.ovsdb_notation import flag, plain, rows_of, text
from calipso.model.documents import Document
from calipso.model.ovn_tables import NB_TABLES, NORTHBOUND, SB_TABLES, SOUTHBOUND

Tables = dict[str, list[Document]]

DATABASES = {"nb": NORTHBOUND, "sb": SOUTHBOUND}
_WANTED = {
    "nb": {table: frozenset(("_uuid", *columns)) for table, columns in NB_TABLES.items()},
    "sb": {table: frozenset(("_uuid", *columns)) for table, columns in SB_TABLES.items()},
}


@dataclass(frozen=True)
class Server:
    """One database server: `model` is standalone, clustered or relay; "" for one that is too old
    to say it. `connected` is False on a member without a quorum: what it has may be old.
    """

    remote: str = ""
    model: str = ""
    connected: bool | None = None
    leader: bool | None = None
    version: str = ""

    @property
    def role(self) -> str:
        """In words: `standalone`, `leader`, `follower`, `relay`; `unknown`."""
        if self.model == "clustered":
            return "leader" if self.leader else "follower"
        return self.model or "unknown"


@dataclass
class Databases:
    """Both databases, as they were read: table -> rows, with the columns that the release has."""

    nb: Tables = field(default_factory=dict)
    sb: Tables = field(default_factory=dict)
    nb_server: Server = field(default_factory=Server)
    sb_server: Server = field(default_factory=Server)


def parse_databases(output: str) -> Databases:
    """Return both databases. Raises ParseError for an answer that is not whole."""
    found = Databases()
    seen: set[str] = set()
    for kind, words, lines in _sections(output):
        if kind == "server" and len(words) == 2 and words[0] in DATABASES:
            setattr(found, f"{words[0]}_server", _server(words[0], words[1], lines))
        elif kind in DATABASES and words:
            seen.add(kind)
            version, tables = words[0], words[1:]
            read = _dumped(lines) if kind == "nb" else _queried(tables, lines)
            setattr(found, kind, read)
            server: Server = getattr(found, f"{kind}_server")
            known = "" if version == "unknown" else version
            setattr(found, f"{kind}_server", _with_version(server, known))
    missing = [DATABASES[kind] for kind in DATABASES if kind not in seen]
    if missing:
        raise ParseError(f"OVN: the answer has no {' and no '.join(missing)}", sample=output)
    return found


def rows_of_query(database: str, tables: Iterable[str], results: Any) -> Tables:
    """Return the rows of each table from the results of one transaction of selects.

    Raises ParseError when a result is missing or is an error.
    """
    names = list(tables)
    if not isinstance(results, list) or len(results) < len(names):
        raise ParseError(f"{database}: expected {len(names)} results", sample=str(results)[:500])
    found: Tables = {}
    for name, result in zip(names, results, strict=False):
        rows = result.get("rows") if isinstance(result, Mapping) else None
        if not isinstance(rows, list):
            said = result if isinstance(result, Mapping) else {}
            why = text(said.get("details") or said.get("error")) if result else "no result"
            raise ParseError(f"{database}: {name}: {why or 'no rows'}", sample=str(result)[:500])
        try:
            found[name] = [{key: plain(cell) for key, cell in row.items()} for row in rows]
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ParseError(f"{database}: {name}: broken row: {error!r}") from None
    return found


def server_of(remote: str, database: str, rows: Iterable[Document], version: str = "") -> Server:
    """Return what the rows of `_Server.Database` say of one database."""
    for row in rows:
        if text(row.get("name")) == database:
            return Server(
                remote,
                text(row.get("model")),
                flag(row.get("connected")),
                flag(row.get("leader")),
                version,
            )
    return Server(remote, version=version)


def _sections(output: str) -> Iterable[tuple[str, list[str], list[str]]]:
    """Yield the kind of each section, the other words of its line `== ...`, and its lines."""
    head: list[str] = []
    lines: list[str] = []
    for line in output.splitlines():
        if line.startswith("== "):
            if head:
                yield head[0], head[1:], lines
            head, lines = line[3:].split(), []
        elif line.strip():
            lines.append(line)
    if head:
        yield head[0], head[1:], lines


def _server(kind: str, remote: str, lines: list[str]) -> Server:
    """A server that is too old has no such database: nothing is known of it."""
    try:
        rows = rows_of(json_value(lines[0], "_Server")) if lines else []
    except (ParseError, KeyError, TypeError, ValueError, RecursionError):
        rows = []
    return server_of(remote, DATABASES[kind], rows)


def _dumped(lines: list[str]) -> Tables:
    found: Tables = {}
    for line in lines:
        table = json_value(line, f"dump of {NORTHBOUND}")
        name = str(table.get("caption", "")).removesuffix(" table")
        if name not in _WANTED["nb"]:
            continue
        try:
            found[name] = rows_of(table, _WANTED["nb"][name])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ParseError(f"{NORTHBOUND}: {name}: broken table: {error!r}") from None
    if "Logical_Switch" not in found:
        raise ParseError(f"{NORTHBOUND}: the dump has no table Logical_Switch")
    return found


def _queried(tables: list[str], lines: list[str]) -> Tables:
    results = json_value("\n".join(lines), f"query of {SOUTHBOUND}")
    return rows_of_query(SOUTHBOUND, tables, results)


def _with_version(server: Server, version: str) -> Server:
    return Server(server.remote, server.model, server.connected, server.leader, version)
