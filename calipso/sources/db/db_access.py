"""DbAccess: the OpenStack databases as fetchers see them: rows of one table, read only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from calipso.errors import CellsAway, DbAccessError, ErrorKind
from calipso.model.environment import MysqlSection
from calipso.model.scan import Problem
from calipso.settings import settings
from calipso.sources.db.cells import CELL_AT, Cell, cells_elsewhere, unreadable_cells
from calipso.sources.db.db_pool import DbPool
from calipso.sources.db.db_schemas import TABLES, choose, find_schemas
from calipso.sources.fetcher import Fetcher

Row = dict[str, Any]

#: Most values in one IN (...); longer lists are asked in portions.
PORTION = 1000

_IDENTIFIER = re.compile(r"^[A-Za-z0-9_$-]{1,64}$")


class DbAccess(Fetcher):
    """Base of the DB fetchers, and the `db` source itself."""

    source_name: ClassVar[str] = "db"

    @property
    def pool(self) -> DbPool:
        """The connections all DB fetchers of this scan share in this process."""
        section = self.context.environment.section(MysqlSection)
        return self.context.shared(
            "db:pool", lambda: DbPool(section, settings(), self.context.count, self.context.bounds)
        )

    def schemas(self) -> dict[str, list[str]]:
        """Schemas of each kind (nova: one per cell) that the account can see; asked once."""
        return self.context.shared("db:schemas", self._find_schemas)

    def schemas_of(self, kind: str) -> list[str]:
        """Schemas to read for a kind. Raises DbAccessError when there is none, or a choice."""
        return choose(self.schemas(), kind, self.pool.server)

    def select(
        self,
        schema_kind: str,
        table: str,
        columns: Sequence[str],
        where: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """Rows of a table as JSON values; `where` maps a column to a value, or a list of some.

        Kind `nova` reads each cell and adds `_cell`, the schema's name. Times are UTC. Raises
        DbAccessError; CellsAway when some cells cannot be read, with the rows of the others.
        """
        rows: list[Row] = []
        errors: list[DbAccessError] = []
        for place, pool, schema in self.places(schema_kind):
            found: list[Row] = []
            try:
                for condition in _portions(where or {}):
                    sql, values = statement(schema, table, columns, condition)
                    answers = pool.query(sql, values, schema)
                    found += [dict(zip(columns, map(plain, row), strict=True)) for row in answers]
            except DbAccessError as error:
                errors.append(error)
                continue
            if self.context.recorder is not None:
                self.context.recorder.db(place, table, found)
            rows += [row | {"_cell": place} for row in found] if schema_kind == "nova" else found
        if errors:
            raise CellsAway(errors, rows) if rows else errors[0]
        return rows

    def places(self, kind: str) -> list[tuple[str, DbPool, str]]:
        """What to read for a kind: a name for it, the server's connections, the schema.

        Cells on servers of their own are named `<cell> at <server>`. Raises DbAccessError.
        """
        places = [(schema, self.pool, schema) for schema in self.schemas_of(kind)]
        if kind == "nova":
            places += self.context.shared("db:cells", self._cells_elsewhere)
        return places

    def _cells_elsewhere(self) -> list[tuple[str, DbPool, str]]:
        """Connections to the servers of cells that the main one does not have."""
        section = self.context.environment.section(MysqlSection)
        here = self.schemas_of("nova")
        found = []
        for schema in self.schemas().get("nova_api", [])[:1]:
            columns = ["name", "uuid", "database_connection"]
            sql, values = statement(schema, "cell_mappings", columns, {})
            try:
                rows = self.pool.query(sql, values, schema)
            except DbAccessError as error:
                self._no_mappings(error)
                break
            mappings = [dict(zip(columns, row, strict=True)) for row in rows]
            for name in unreadable_cells(mappings, section):
                self._no_address(name)
            for cell in cells_elsewhere(mappings, section, here):
                pool = self._pool_of(cell)
                found.append((f"{cell.name}{CELL_AT}{pool.server}", pool, cell.schema))
        return found

    def _pool_of(self, cell: Cell) -> DbPool:
        def make() -> DbPool:
            return DbPool(cell.section, settings(), self.context.count, self.context.bounds)

        # nothing keeps two cells of Nova from having one name
        place = f"{cell.section.host}:{cell.section.port}"
        return self.context.shared(f"db:pool:{cell.name}:{place}", make)

    def _no_mappings(self, error: DbAccessError) -> None:
        self.context.problem(
            Problem(
                kind=error.kind,
                message=f"{error.message}; cells on servers of their own are not read",
                hint="GRANT SELECT ON the table cell_mappings of nova_api to the account.",
                source="db",
                warning=True,
            )
        )

    def _no_address(self, name: str) -> None:
        self.context.problem(
            Problem(
                kind=str(ErrorKind.UNEXPECTED_OUTPUT),
                message=f"cell {name}: its address in cell_mappings of nova_api cannot be read; "
                "if its database is on a server of its own, it is not read",
                hint=f"Compare `nova-manage cell_v2 list_cells`, or set cells.{name} of the mysql "
                "section.",
                source="db",
                warning=True,
            )
        )

    def _find_schemas(self) -> dict[str, list[str]]:
        columns = ["table_schema", "table_name"]
        sql, values = statement("information_schema", "tables", columns, {"table_name": TABLES})
        tables: dict[str, set[str]] = {}
        for schema, table in self.pool.query(sql, values, "information_schema"):
            tables.setdefault(str(schema), set()).add(str(table))
        if self.context.recorder is not None:
            for schema in tables:
                for table in sorted(tables[schema]):
                    self.context.recorder.db(schema, table, [])
        section = self.context.environment.section(MysqlSection)
        return find_schemas(tables, section.schema_, self.pool.server)


def statement(
    schema: str, table: str, columns: Sequence[str], where: Mapping[str, Any]
) -> tuple[str, list[Any]]:
    """A SELECT and its values. Names are checked and quoted, values are never in the text."""
    names = ", ".join(_quoted(column) for column in columns)
    text = f"SELECT {names} FROM {_quoted(schema)}.{_quoted(table)}"  # noqa: S608 - names checked
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in where.items():
        if value is None:
            conditions.append(f"{_quoted(column)} IS NULL")
        elif isinstance(value, list | tuple | set):
            conditions.append(f"{_quoted(column)} IN ({', '.join(['%s'] * len(value))})")
            values += list(value)
        else:
            conditions.append(f"{_quoted(column)} = %s")
            values.append(value)
    return text + (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values


def _quoted(name: str) -> str:
    if not _IDENTIFIER.match(name):
        raise ValueError(f"not a name of a schema, table or column: {name!r}")
    return f"`{name}`"


def _portions(where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The condition, with the longest list cut into portions; none when a list is empty."""
    lists = {key: list(value) for key, value in where.items() if isinstance(value, list | set)}
    if not lists:
        yield dict(where)
        return
    longest = max(lists, key=lambda key: len(lists[key]))
    if all(lists.values()):
        for start in range(0, len(lists[longest]), PORTION):
            yield {**where, longest: lists[longest][start : start + PORTION]}


def plain(value: Any) -> Any:
    """A column's value as JSON has it: times as ISO 8601 in UTC, bytes as text."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
