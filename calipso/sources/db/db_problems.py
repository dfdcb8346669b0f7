"""Errors of a MySQL server, each with a kind and a hint."""

from __future__ import annotations

import ssl
import struct

import pymysql

from calipso.errors import DbAccessError, ErrorKind
from calipso.limits.memory import MemoryOver

#: Client and server codes of a connection that was there and is not any more.
GONE = frozenset({2006, 2013, 2055, 1053, 1927, 4031, 0})

#: What pymysql raises on packets that are broken or of another protocol. ValueError: also bytes
#: that are not of the character set they are sent in.
MALFORMED = (
    struct.error,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    AssertionError,
)

#: Every way in which the server, or the network before it, may fail.
FAILURES = (pymysql.MySQLError, OSError, *MALFORMED)

_KINDS = {
    1044: ErrorKind.FORBIDDEN,
    1045: ErrorKind.LOGIN_FAILED,
    1698: ErrorKind.LOGIN_FAILED,
    1129: ErrorKind.FORBIDDEN,
    1130: ErrorKind.FORBIDDEN,
    1142: ErrorKind.FORBIDDEN,
    1143: ErrorKind.FORBIDDEN,
    1049: ErrorKind.SCHEMA,
    1054: ErrorKind.SCHEMA,
    1146: ErrorKind.SCHEMA,
    2003: ErrorKind.UNREACHABLE,
    2006: ErrorKind.UNREACHABLE,
    2013: ErrorKind.UNREACHABLE,
    2026: ErrorKind.TLS,
    2061: ErrorKind.TLS,  # the password would be sent in clear
    3159: ErrorKind.TLS,
}

_HINTS = {
    ErrorKind.LOGIN_FAILED: "Check user and pwd of the mysql section; an account that requires "
    "TLS needs use_tls there.",
    ErrorKind.FORBIDDEN: "Allow the account from this machine: GRANT SELECT ON the nova, nova_api "
    "and neutron schemas (and cells) TO it.",
    ErrorKind.SCHEMA: "The database is of a release we do not know; run `calipso env test`.",
    ErrorKind.UNREACHABLE: "Can this machine reach that address and port? See the mysql section, "
    "bind-address of the server, and firewalls.",
    ErrorKind.TIMEOUT: "The server is slow or locked. CALIPSO_DB_TIMEOUT allows more time.",
    ErrorKind.TLS: "Check use_tls and ca_file of the mysql section.",
    ErrorKind.UNEXPECTED_OUTPUT: "Does a MySQL or MariaDB server listen at this address and port? "
    "Compare with the mysql section. A table may also hold text that is not UTF-8.",
    ErrorKind.SERVER_ERROR: "Look into the log of the MySQL server.",
}


def is_gone(error: Exception) -> bool:
    """True when the connection broke, so that a new one may work."""
    code = error.args[0] if error.args and not isinstance(error, MALFORMED) else None
    return not is_timeout(error) and (code in GONE or isinstance(error, ConnectionError))


def is_timeout(error: BaseException) -> bool:
    """True when the server did not answer in time."""
    return isinstance(error, TimeoutError) or "timed out" in str(error)


def db_problem(server: str, error: Exception, schema: str = "") -> DbAccessError:
    """The error for what pymysql raised."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else None
    kind = _KINDS.get(code or -1, ErrorKind.SERVER_ERROR)
    if isinstance(error, MALFORMED):
        return _malformed(server, error, schema)
    if isinstance(error, MemoryOver):
        return DbAccessError(
            error.message, kind=error.kind, hint=error.hint, server=server, schema=schema
        )
    if is_timeout(error):
        kind = ErrorKind.TIMEOUT
    elif isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "SSL" in str(error):
        kind = ErrorKind.TLS
    elif code in GONE:
        kind = ErrorKind.UNREACHABLE
    text = str(error.args[-1]) if error.args else type(error).__name__
    place = f"MySQL {server}" + (f", schema {schema}" if schema else "")
    return DbAccessError(
        f"{place}: {text}",
        kind=kind,
        hint=_HINTS[kind],
        retryable=kind in (ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT),
        server=server,
        schema=schema,
    )


def _malformed(server: str, error: Exception, schema: str) -> DbAccessError:
    """The error for an answer that is not of the protocol."""
    place = f"MySQL {server}" + (f", schema {schema}" if schema else "")
    return DbAccessError(
        f"{place}: an answer that cannot be read ({type(error).__name__}: {error})"[:500],
        kind=ErrorKind.UNEXPECTED_OUTPUT,
        hint=_HINTS[ErrorKind.UNEXPECTED_OUTPUT],
        server=server,
        schema=schema,
    )
