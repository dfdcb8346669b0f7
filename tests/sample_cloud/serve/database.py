"""The databases of a cloud in SQLite: tables are filled when a query first names them."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from .stage import Stage

#: Columns the scans and their tests select by.
INDEXED = ("id", "uuid", "host", "instance_uuid", "network_id", "port_id", "deleted", "agent_type")
PLANS = 500  # translated queries remembered
INFORMATION_SCHEMA = "information_schema"

AFFINITY = ((re.compile(r"int|bool"), "INTEGER"), (re.compile(r"float|double|decimal"), "REAL"))


@dataclass(frozen=True)
class Query:
    """A translated query: the text for SQLite and the tables it reads."""

    sql: str
    tables: tuple[tuple[str, str], ...]
    columns: dict[str, str]  # result column -> MySQL type, where it is a column of a table


class Database:
    """One in-memory SQLite database with the schemas of the cloud attached."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._lock = threading.RLock()
        self._plans: OrderedDict[tuple[str, str], Query] = OrderedDict()
        self._revision = -1
        self._filled: set[tuple[str, str]] = set()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        for schema in self.schemas:
            self._connection.execute(f"ATTACH ':memory:' AS \"{schema}\"")
        self._information_schema()

    @property
    def schemas(self) -> list[str]:
        return [*self.stage.cloud.schemas(), INFORMATION_SCHEMA]

    def run(self, sql: str, default_schema: str) -> tuple[list[tuple[Any, ...]], list[str], Query]:
        """Rows and column names of a SELECT. Raises sqlite3.Error and sqlglot errors."""
        with self._lock:
            query = self.plan(sql, default_schema)
            if self._revision != self.stage.cloud.revision:
                self._forget()
            for schema, table in query.tables:
                self._fill(schema, table)
            cursor = self._connection.execute(query.sql)
            names = [column[0] for column in cursor.description or ()]
            return cursor.fetchall(), names, query

    # -- translation ---------------------------------------------------------------------

    def plan(self, sql: str, default_schema: str) -> Query:
        """The query in SQLite's words, from memory when it came before."""
        key = (sql, default_schema)
        with self._lock:
            if key not in self._plans:
                self._plans[key] = self._translate(sql, default_schema)
                if len(self._plans) > PLANS:
                    self._plans.popitem(last=False)
            self._plans.move_to_end(key)
            return self._plans[key]

    def _translate(self, sql: str, default_schema: str) -> Query:
        tree = sqlglot.parse_one(sql, dialect="mysql")
        tables = []
        for table in tree.find_all(exp.Table):
            if not table.db and default_schema:
                table.set("db", exp.to_identifier(default_schema))
            tables.append((table.db.lower(), table.name.lower()))
        return Query(tree.sql(dialect="sqlite"), tuple(tables), self._types(tree, tables))

    def _types(self, tree: Any, tables: list[tuple[str, str]]) -> dict[str, str]:
        known: dict[str, str] = {}
        for schema, table in tables:
            known.update(self.stage.cloud.schemas().get(schema, {}).get(table, {}))
        types = {}
        for projection in getattr(tree, "selects", []):
            column = projection.this if isinstance(projection, exp.Alias) else projection
            if isinstance(column, exp.Star):
                types.update(known)
            elif isinstance(column, exp.Column) and column.name in known:
                types[projection.alias_or_name] = known[column.name]
        return types

    # -- tables --------------------------------------------------------------------------

    def _forget(self) -> None:
        for schema, table in self._filled:
            self._connection.execute(f'DROP TABLE "{schema}"."{table}"')
        self._filled.clear()
        self._revision = self.stage.cloud.revision

    def _fill(self, schema: str, table: str) -> None:
        columns = self.stage.cloud.schemas().get(schema, {}).get(table)
        if columns is None or (schema, table) in self._filled:
            return
        typed = ", ".join(f'"{name}" {affinity(kind)}' for name, kind in columns.items())
        self._connection.execute(f'CREATE TABLE "{schema}"."{table}" ({typed})')
        names = list(columns)
        marks = ", ".join("?" * len(names))
        self._connection.executemany(
            f'INSERT INTO "{schema}"."{table}" VALUES ({marks})',
            (
                tuple(row.get(name) for name in names)
                for row in self.stage.cloud.rows(schema, table)
            ),
        )
        for name in INDEXED:
            if name in columns:
                index = f'"{schema}"."{table}_{name}"'
                self._connection.execute(f'CREATE INDEX {index} ON "{table}" ("{name}")')
        self._filled.add((schema, table))

    def _information_schema(self) -> None:
        run = self._connection.execute
        prefix = f"{INFORMATION_SCHEMA}."
        run(f"CREATE TABLE {prefix}schemata (CATALOG_NAME, SCHEMA_NAME)")
        run(f"CREATE TABLE {prefix}tables (TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE)")
        run(
            f"CREATE TABLE {prefix}columns (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME,"
            " ORDINAL_POSITION INTEGER, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE)"
        )
        for schema in self.schemas:
            run(f"INSERT INTO {prefix}schemata VALUES ('def', ?)", (schema,))
        for schema, tables in self.stage.cloud.schemas().items():
            for table, columns in tables.items():
                kind = ("BASE TABLE", "InnoDB")
                run(f"INSERT INTO {prefix}tables VALUES (?, ?, ?, ?)", (schema, table, *kind))
                for at, (name, type_) in enumerate(columns.items(), start=1):
                    row = (schema, table, name, at, type_, type_.partition("(")[0], "YES")
                    run(f"INSERT INTO {prefix}columns VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def affinity(kind: str) -> str:
    """SQLite's word for a MySQL type."""
    return next((name for pattern, name in AFFINITY if pattern.search(kind)), "TEXT")
