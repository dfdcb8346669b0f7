"""Connections to the MySQL server of a cloud: read only, shared by the threads of a scan."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR
from pymysql.cursors import SSCursor

from calipso.limits.calls import Bounds
from calipso.limits.dial import dial
from calipso.limits.memory import MemoryOver, Share
from calipso.model.environment import MysqlSection
from calipso.settings import Settings
from calipso.sources.db.db_connection import ROW, VALUE, BoundedConnection
from calipso.sources.db.db_failures import Failures
from calipso.sources.db.db_problems import FAILURES, db_problem, is_gone

log = logging.getLogger(__name__)

#: A query may take this many times `db_timeout` until its last row.
TOTAL_FACTOR = 4

Rows = list[tuple[Any, ...]]


class _NoClearPassword:
    """Refuses to send the password in clear text: without TLS any server could ask for it."""

    def __init__(self, _connection: object) -> None:
        pass

    def authenticate(self, _packet: object) -> None:
        """Called by pymysql for a server that asks. Raises OperationalError."""
        raise pymysql.OperationalError(
            CR.CR_AUTH_PLUGIN_ERR, "the server asks for the password in clear, without TLS"
        )


#: Ways to log in that send the password in clear.
CLEAR: dict[str, Callable[[Connection[Any]], Any]] = dict.fromkeys(
    ("mysql_clear_password", "dialog"), _NoClearPassword
)


class DbPool:
    """As many connections as threads ask at once; idle ones are used again. Thread safe."""

    def __init__(
        self,
        section: MysqlSection,
        settings: Settings,
        count: Callable[[str], None],
        bounds: Bounds | None = None,
    ) -> None:
        """`bounds`: those of the scan or test that asks."""
        self.section = section
        self._bounds = bounds or Bounds()
        self.server = f"{section.host}:{section.port}"
        self._timeout = settings.db_timeout
        self._count = count
        self._idle: list[BoundedConnection] = []
        self._lock = threading.Lock()
        self._failures = Failures()

    def query(self, sql: str, values: list[Any], schema: str = "") -> Rows:
        """Rows of a SELECT. When the connection broke, it is made anew and asked once more."""
        with self._failures.watched((sql, *map(str, values))):
            try:
                return self._run(sql, values)
            except (*FAILURES, MemoryOver) as error:
                if not is_gone(error):
                    raise db_problem(self.server, error, schema) from error
            self.close()  # the server went away under the other idle ones too
            try:
                return self._run(sql, values)
            except (*FAILURES, MemoryOver) as error:
                raise db_problem(self.server, error, schema) from error

    def _run(self, sql: str, values: list[Any]) -> Rows:
        began = time.monotonic()
        connection = self._take()
        self._count("sql_queries")
        try:
            rows = self._rows(connection, sql, values)
        except (*FAILURES, MemoryOver):
            _discard(connection)
            raise
        with self._lock:
            self._idle.append(connection)
        told = {"server": self.server, "rows": len(rows)}
        log.debug("%.200s", sql, extra=told | {"seconds": round(time.monotonic() - began, 3)})
        return rows

    def _rows(self, connection: BoundedConnection, sql: str, values: list[Any]) -> Rows:
        """All rows, within the time of a query and the memory that there is for answers."""
        name = f"MySQL {self.server}"
        with (
            self._bounds.call(name, TOTAL_FACTOR * self._timeout) as call,
            self._bounds.answer(name, call) as share,
            connection.bounded(call, share),
        ):
            rows = _all_rows(connection, share, sql, values)
            self._bounds.keep(share)
        return rows

    def close(self) -> None:
        """Close the idle connections; those in use are closed by their thread."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            _discard(connection)

    def _take(self) -> BoundedConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        with self._failures.watched("connect"):
            try:
                return self._connect()
            except (*FAILURES, MemoryOver) as error:
                raise db_problem(self.server, error) from error

    def _connect(self) -> BoundedConnection:
        section = self.section
        connection = BoundedConnection(
            host=section.host,
            port=section.port,
            user=section.user,
            password=section.pwd,
            connect_timeout=section.connect_timeout,
            read_timeout=self._timeout,
            write_timeout=self._timeout,
            charset="utf8mb4",
            autocommit=True,
            ssl=_tls(section),
            ssl_disabled=not section.use_tls,
            auth_plugin_map={} if section.use_tls else CLEAR,
            init_command="SET SESSION TRANSACTION READ ONLY",
            defer_connect=True,
        )
        name = f"MySQL {self.server}"
        seconds = section.connect_timeout + self._timeout
        with (
            self._bounds.call(name, seconds) as call,
            self._bounds.answer(name, call) as share,
        ):
            try:
                sock = dial(section.host, section.port, section.connect_timeout, call)
            except OSError as error:
                said = f"Can't connect to MySQL server on {section.host!r} ({error})"
                raise pymysql.OperationalError(CR.CR_CONN_HOST_ERROR, said) from error
            with connection.bounded(None, share):  # `dial` has the call watch the socket
                connection.connect(sock)
        return connection


def _all_rows(connection: BoundedConnection, share: Share, sql: str, values: list[Any]) -> Rows:
    rows: Rows = []
    cursor = connection.cursor(SSCursor)
    try:
        cursor.execute(sql, values)
        for row in cursor:
            share.grow(ROW + VALUE * len(row))
            rows.append(row)
    except BaseException:
        connection.forget_rows()  # a cursor that is forgotten reads on until the last row
        raise
    cursor.close()
    return rows


def _tls(section: MysqlSection) -> ssl.SSLContext | None:
    if not section.use_tls:
        return None
    try:
        return ssl.create_default_context(cafile=section.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ssl.SSLError(f"SSL: ca_file {section.ca_file}: {error}") from error


def _discard(connection: BoundedConnection) -> None:
    with suppress(*FAILURES):
        connection.forget_rows()
        connection._force_close()  # type: ignore[attr-defined]  # `close` waits for a dead peer
