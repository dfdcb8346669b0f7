"""What goes wrong with a MySQL server, as one error with a kind and a hint."""

from __future__ import annotations

import ssl

import pymysql

from calipso.errors import DbAccessError, ErrorKind

#: Client and server codes of a connection that was there and is not any more.
GONE = frozenset({2006, 2013, 2055, 1053, 1927, 4031, 0})

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
    ErrorKind.SERVER_ERROR: "Look into the log of the MySQL server.",
}


def is_gone(error: pymysql.MySQLError | OSError) -> bool:
    """True when the connection broke, so that a new one may work."""
    code = error.args[0] if error.args else None
    return not is_timeout(error) and (code in GONE or isinstance(error, ConnectionError))


def is_timeout(error: BaseException) -> bool:
    """True when the server did not answer in time."""
    return isinstance(error, TimeoutError) or "timed out" in str(error)


def db_problem(server: str, error: Exception, schema: str = "") -> DbAccessError:
    """The error for what pymysql raised."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else None
    kind = _KINDS.get(code or -1, ErrorKind.SERVER_ERROR)
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
