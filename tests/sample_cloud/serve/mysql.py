"""The MySQL server: the real wire protocol in front of `Database`."""

# The package has no types.
# mypy: disable-error-code="import-untyped,misc"

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any, cast

from mysql_mimic import IdentityProvider, MysqlServer, NativePasswordAuthPlugin, Session, User
from mysql_mimic.errors import ErrorCode, MysqlError
from mysql_mimic.results import ResultColumn, ResultSet
from mysql_mimic.stream import ConnectionClosed
from mysql_mimic.types import ColumnType
from sqlglot.errors import SqlglotError

from .database import Database
from .faults import seconds
from .stage import Stage

READS_TABLES = re.compile(r"^\s*(\(?\s*select|with)\b.*\bfrom\b", re.IGNORECASE | re.DOTALL)
SHOW_DATABASES = re.compile(r"^\s*show\s+(databases|schemas)\s*;?\s*$", re.IGNORECASE)
VARIABLES = {
    "version": "10.11.6-MariaDB-sample",
    "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
}
KINDS = {
    "datetime": ColumnType.DATETIME,
    "timestamp": ColumnType.TIMESTAMP,
    "tinyint": ColumnType.TINY,
    "int": ColumnType.LONG,
    "bigint": ColumnType.LONGLONG,
    "float": ColumnType.DOUBLE,
    "double": ColumnType.DOUBLE,
}


def text(_column: ResultColumn, value: Any) -> bytes:
    """Every value as its text: the wire's form for text results."""
    return value if isinstance(value, bytes) else str(value).encode()


# The package encodes each type by a function of its own and wants Python dates; the rows here
# hold times as text already.
def result_columns(
    names: Sequence[str], types: dict[str, str], rows: Sequence[Sequence[Any]]
) -> list[ResultColumn]:
    """Column descriptions: the table's type where known, else what the first value looks like."""
    columns = []
    for at, name in enumerate(names):
        kind = KINDS.get(types.get(name, "").partition("(")[0])
        if kind is None:
            sample = next((row[at] for row in rows if row[at] is not None), "")
            kind = ColumnType.LONGLONG if isinstance(sample, int) else ColumnType.VARCHAR
            if isinstance(sample, float):
                kind = ColumnType.DOUBLE
        columns.append(ResultColumn(name, kind, text_encoder=text))
    return columns


class SampleSession(Session):
    """One client connection."""

    def __init__(self, stage: Stage, database: Database) -> None:
        super().__init__()
        self.stage = stage
        self.data = database
        for name, value in VARIABLES.items():
            self.variables.set(name, value, force=True)

    async def handle_query(self, sql: str, attrs: dict[str, str]) -> Any:
        if self.username is None:
            raise MysqlError("Access denied", code=ErrorCode.ACCESS_DENIED_ERROR)
        if SHOW_DATABASES.match(sql):
            sql = "SELECT SCHEMA_NAME AS `Database` FROM information_schema.schemata"
        if not READS_TABLES.match(sql):
            return await super().handle_query(sql, attrs)
        return await self._read(sql)

    async def schema(self) -> dict[str, Any]:
        return {name: dict(tables) for name, tables in self.stage.cloud.schemas().items()}

    async def _read(self, sql: str) -> ResultSet:
        loop = asyncio.get_running_loop()
        default = (self.database or "").lower()
        try:
            plan = self.data.plan(sql, default)
        except SqlglotError as error:
            raise MysqlError(str(error), code=ErrorCode.PARSE_ERROR) from error
        names = sorted({f"{schema}.{table}" for schema, table in plan.tables})
        self.stage.counts.sql_query(", ".join(names))
        await self._misbehave(names)
        if self.stage.latency:
            await asyncio.sleep(self.stage.latency)
        try:
            found = await loop.run_in_executor(None, self.data.run, sql, default)
        except sqlite3.Error as error:
            raise mysql_error(error) from error
        rows, columns, query = found
        if self.stage.faults.at("mysql-twice", *_targets(names)):
            rows = [row for row in rows for _ in range(2)]
        return ResultSet(rows, result_columns(columns, query.columns, rows))

    async def _misbehave(self, names: list[str]) -> None:
        targets = _targets(names)
        slow = self.stage.faults.at("mysql-slow", *targets)
        if slow:
            await asyncio.sleep(seconds(slow))
        if self.stage.faults.at("mysql-drop", *targets):
            self.connection.stream.writer.transport.abort()
            raise ConnectionClosed


def _targets(names: list[str]) -> list[str]:
    """Tables as a fault may name them: with and without their schema."""
    return [*names, *(name.partition(".")[2] for name in names)]


def mysql_error(error: sqlite3.Error) -> MysqlError:
    """What MySQL would say."""
    message = str(error)
    if "no such table" in message:
        return MysqlError(f"Table doesn't exist: {message}", code=cast(ErrorCode, 1146))
    if "unknown database" in message:
        return MysqlError(f"Unknown database: {message}", code=cast(ErrorCode, 1049))
    if "no such column" in message:
        return MysqlError(f"Unknown column: {message}", code=cast(ErrorCode, 1054))
    return MysqlError(message, code=ErrorCode.PARSE_ERROR)


class Accounts(IdentityProvider):
    """The one account, checked by password."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def get_plugins(self) -> list[NativePasswordAuthPlugin]:
        return [NativePasswordAuthPlugin()]

    async def get_user(self, username: str) -> User | None:
        account = self.stage.db
        password = account.password
        if username != account.user or self.stage.faults.at("wrong-password", "db"):
            password = secrets.token_hex()
        return User(
            name=username,
            auth_string=NativePasswordAuthPlugin.create_auth_string(password),
            auth_plugin=NativePasswordAuthPlugin.name,
        )


class DatabaseServer:
    """Runs the server in a thread with an event loop of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        logging.getLogger("mysql_mimic").setLevel(logging.CRITICAL)

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="mysql").start()
        if not self._ready.wait(10):
            raise RuntimeError("the MySQL server of the sample cloud did not start in 10 s")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        database = Database(self.stage)
        server = MysqlServer(
            session_factory=lambda: SampleSession(self.stage, database),
            identity_provider=Accounts(self.stage),
        )
        await server.start_server(host="127.0.0.1", port=0)
        self.port = server.sockets()[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()
