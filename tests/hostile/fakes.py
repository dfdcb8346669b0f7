"""Servers that do not keep to the rules of their protocol: what they send is a generator of bytes.

with hostile(trickle(b"HTTP/1.1 200 OK")) as port: ...
"""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

Sent = Iterable[bytes]
#: What is sent to one client, made from what it has sent first.
Say = Callable[[socket.socket], Sent]


class _Again:
    """Pieces that are made anew for each client."""

    def __init__(self, make: Callable[[], Iterator[bytes]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[bytes]:
        return self._make()


def again(make: Callable[..., Iterator[bytes]]) -> Callable[..., Sent]:
    """A generator whose pieces several clients can be sent."""
    return lambda *given, **named: _Again(lambda: make(*given, **named))


@contextmanager
def hostile(say: Say, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback that says this to each client, until it hangs up; its port."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:

        def serve(client: socket.socket) -> None:
            with suppress(OSError), tls.wrap_socket(client, True) if tls else client as client:
                client.settimeout(10)
                for piece in say(client):
                    if stop.is_set():
                        return
                    client.sendall(piece)

        def accept() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            listening.shutdown(socket.SHUT_RDWR)


@again
def trickle(text: bytes, pause: float = 0.05) -> Iterator[bytes]:
    """A byte at a time, and the last one for ever."""
    for place in itertools.count():
        yield text[min(place, len(text) - 1) :][:1]
        time.sleep(pause)


@again
def gone(piece: bytes) -> Iterator[bytes]:
    """Says this, and hangs up."""
    yield piece
    raise ConnectionResetError


def asked(client: socket.socket) -> bytes:
    """The head of a request over HTTP."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = client.recv(65536)
        if not piece:
            raise OSError("the client went")
        found += piece
    return found


# -- HTTP ------------------------------------------------------------------------------


def http(*pieces: Sent) -> Say:
    """Says this after each request."""

    def say(client: socket.socket) -> Sent:
        asked(client)
        yield from itertools.chain(*pieces)

    return say


HEAD = b"HTTP/1.1 201 Created\r\nX-Subject-Token: t\r\nContent-Type: application/json\r\n"


def endless(piece: bytes) -> Sent:
    """The same piece again and again, as fast as the client reads."""
    return itertools.repeat(piece)


@cache
def gzip_bomb(megabytes: int) -> bytes:
    """A page of spaces, packed a thousand times."""
    return gzip.compress(b" " * (megabytes << 20), 9)


def http_modes() -> dict[str, Say]:
    """Every point at which a server over HTTP may not go on, or not end."""
    body = gzip_bomb(200)
    return {
        "says nothing": http([], never()),
        "status line a byte at a time": http(trickle(b"HTTP/1.1 200 OK" + b"K" * 1000)),
        "headers a byte at a time": http([b"HTTP/1.1 200 OK\r\nX-A: "], trickle(b"a")),
        "endless headers": http([b"HTTP/1.1 200 OK\r\n"], _headers()),
        "endless 100 Continue": http(endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
        "100 Continue now and then": http(slowly(b"HTTP/1.1 100 Continue\r\n\r\n")),
        "body a byte at a time": http([HEAD, b"Content-Length: 100000\r\n\r\n{"], trickle(b" ")),
        "body without end": http([HEAD, b"\r\n{"], endless(b" " * 65536)),
        "body of many maps": http([HEAD, b"\r\n["], [b"{}," * 20000] * 2000),
        "chunks without end": http(
            [HEAD, b"Transfer-Encoding: chunked\r\n\r\n"],
            endless(b"10000\r\n" + b" " * 65536 + b"\r\n"),
        ),
        "gzip bomb": http(
            [HEAD, f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body]
        ),
    }


@again
def never() -> Iterator[bytes]:
    while True:
        time.sleep(0.1)
        yield b""


@again
def slowly(piece: bytes) -> Iterator[bytes]:
    while True:
        time.sleep(0.1)
        yield piece


@again
def _headers() -> Iterator[bytes]:
    for number in itertools.count():
        yield f"X-{number}: {'a' * 60000}\r\n".encode()


# -- MySQL -----------------------------------------------------------------------------


def packet(number: int, body: bytes) -> bytes:
    """A packet of MySQL's protocol."""
    return struct.pack("<I", len(body))[:3] + bytes([number % 256]) + body


GREETING = packet(
    0,
    b"\x0a8.0.0\x00"
    + struct.pack("<I", 1)
    + b"12345678\x00"
    + struct.pack("<H", 0xF7FF)
    + b"\x21\x02\x00"
    + struct.pack("<H", 0x000F)
    + b"\x15"
    + b"\x00" * 10
    + b"123456789012\x00"
    + b"mysql_native_password\x00",
)
OK = b"\x00\x00\x00\x02\x00\x00\x00"
EOF = b"\xfe\x00\x00\x02\x00"


def _read_packet(client: socket.socket) -> bytes:
    head = client.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        raise OSError("the client went")
    return client.recv(head[0] | head[1] << 8 | head[2] << 16, socket.MSG_WAITALL)


def column(number: int, name: bytes) -> bytes:
    """A packet that describes a column of text."""
    words = [b"def", b"s", b"t", b"t", name, name]
    text = b"".join(bytes([len(word)]) + word for word in words)
    return packet(number, text + b"\x0c\x21\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00")


def mysql(answer: Callable[[], Sent]) -> Say:
    """Lets everybody log in, says OK to what is set, and gives this to each SELECT."""

    def say(client: socket.socket) -> Sent:
        yield GREETING
        _read_packet(client)
        yield packet(2, OK)
        while True:
            asked_for = _read_packet(client)
            if b"SELECT" in asked_for:
                yield from answer()
            else:
                yield packet(1, OK)

    return say


def _one_column() -> Sent:
    yield packet(1, b"\x01")
    yield column(2, b"id")
    yield packet(3, EOF)


def rows(row: bytes, pause: float = 0.0) -> Callable[[], Sent]:
    """A table whose rows do not end."""

    def answer() -> Sent:
        yield from _one_column()
        if pause:
            for number in itertools.count(4):
                yield packet(number, row)
                time.sleep(pause)
        block = b"".join(packet(number, row) for number in range(4, 4 + 256))
        while True:
            yield block

    return answer


def _long_packet() -> Sent:
    yield from _one_column()
    for number in itertools.count(4):
        yield b"\xff\xff\xff" + bytes([number % 256]) + b"\xfe" * 0xFFFFFF


def _columns() -> Sent:
    yield packet(1, b"\xfe" + struct.pack("<Q", 1 << 40))
    block = b"".join(column(number % 256, b"c" * 200) for number in range(2, 2 + 256))
    while True:
        yield block


def _slow_row() -> Sent:
    yield from _one_column()
    yield from trickle(b"\x64\x00\x00\x04\x63" + b"a" * 99)


def mysql_modes() -> dict[str, Say]:
    """Every point at which a MySQL server may not go on, or not end."""
    return {
        "greeting a byte at a time": lambda _client: trickle(b"\x40\x00\x00\x00\x0a" + b"5" * 63),
        "says nothing": lambda _client: never(),
        "a row a byte at a time": mysql(_slow_row),
        "rows now and then, without end": mysql(rows(b"\x02ab", pause=0.05)),
        "rows without end": mysql(rows(b"\x02ab")),
        "long rows without end": mysql(rows(b"\xfd\x00\x00\x01" + b"a" * 65536)),
        "a packet without end": mysql(_long_packet),
        "columns without end": mysql(_columns),
    }
