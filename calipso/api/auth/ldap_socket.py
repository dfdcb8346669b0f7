"""Sockets of ldap3 that have an end and a bound, and TLS that is checked by Python's own means."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from calipso.api.auth.ldap_config import LdapConfig
from calipso.limits.calls import Call

#: Most bytes that one connection reads. A login asks for a few entries without attributes.
MOST_BYTES = 1_000_000


class _Bounded:
    """A socket from which so many bytes are read at most; the library keeps all that it reads."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._left = MOST_BYTES

    def recv(self, size: int) -> bytes:
        """Raises OSError when there were more."""
        found = self.sock.recv(size)
        self._left -= len(found)
        if self._left < 0:
            raise OSError(f"the directory sends more than {MOST_BYTES} bytes")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def bounded(sock: Any) -> Any:
    """The socket with a bound; the same one when it has one."""
    return sock if isinstance(sock, _Bounded) else _Bounded(sock)


def shut(sock: Any) -> None:
    """End what waits for a socket, from another thread; None: there is none yet."""
    if sock is not None:
        # not TLS's own: it would wait
        socket.socket.shutdown(sock.sock if isinstance(sock, _Bounded) else sock, socket.SHUT_RDWR)


def tls_of(config: LdapConfig, call: Call) -> Any:
    """TLS checked by Python's own means: the library's compare names with what 3.12 lacks.

    `call` ends the handshake, in which the socket belongs neither to the library nor to TLS.
    """
    from ldap3 import Tls

    strict = config.tls_req_cert == "demand"
    context = ssl.create_default_context(cafile=config.tls_cacertfile)
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    class Checked(Tls):
        """Wraps the socket in our context."""

        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
            plain = bounded(connection.socket).sock
            call.watch_socket(plain)
            secured = context.wrap_socket(plain, server_hostname=config.host)
            connection.socket = bounded(secured)

    return Checked(validate=ssl.CERT_REQUIRED if strict else ssl.CERT_NONE)
