"""A MySQL server that asks for the password in clear, as one that is not yours would."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from pymysql.constants import CLIENT

from calipso.errors import DbAccessError, ErrorKind

from .scan_context import context

ABLE = CLIENT.PROTOCOL_41 | CLIENT.SECURE_CONNECTION | CLIENT.PLUGIN_AUTH | CLIENT.CONNECT_WITH_DB
SALT = b"12345678", b"123456789012\0"


def greeting(plugin: bytes) -> bytes:
    """The first packet of a server whose accounts log in by this plug-in."""
    first = b"\x0a8.0.36\0" + struct.pack("<I", 7) + SALT[0] + b"\0"
    able = struct.pack("<HBHH", ABLE & 0xFFFF, 45, 2, ABLE >> 16)
    return first + able + bytes([len(SALT[0] + SALT[1])]) + b"\0" * 10 + SALT[1] + plugin + b"\0"


@contextmanager
def impostor(plugin: bytes, *, asks_at_once: bool) -> Iterator[tuple[int, bytearray]]:
    """A server that asks for the password by a plug-in; its port, and what it heard."""
    heard = bytearray()

    def talk() -> None:
        with suppress(OSError), server.accept()[0] as peer:
            peer.settimeout(5)
            send(peer, 0, greeting(plugin if asks_at_once else b"mysql_native_password"))
            heard.extend(peer.recv(4096))
            send(peer, 2, b"\x01?" if asks_at_once else b"\xfe" + plugin + b"\0" + b"".join(SALT))
            heard.extend(peer.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join()


def send(peer: socket.socket, number: int, content: bytes) -> None:
    peer.sendall(struct.pack("<I", len(content))[:3] + bytes([number]) + content)


@pytest.mark.parametrize("asks_at_once", [True, False], ids=["at once", "by a switch"])
@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_without_tls_the_password_is_not_sent_in_clear(
    plugin: bytes, *, asks_at_once: bool
) -> None:
    with impostor(plugin, asks_at_once=asks_at_once) as (port, heard):
        opened = context(mysql={"port": port, "pwd": "S3CRET"})
        with pytest.raises(DbAccessError) as caught:
            opened.source("db").schemas()
        opened.close()

    assert b"scanner" in heard
    assert b"S3CRET" not in heard
    assert caught.value.kind is ErrorKind.TLS
    assert "password in clear" in caught.value.message
    assert "use_tls" in caught.value.hint
