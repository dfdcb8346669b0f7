"""Directories that do not keep to LDAP: what they answer to a bind, a search and a handshake."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable

from tests.hostile.fakes import Say, Sent, endless, gone, never, trickle

BIND, SEARCH, EXTENDED = 0x60, 0x63, 0x77


def ber(tag: int, content: bytes) -> bytes:
    """A value of BER."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    return bytes([tag, 0x84]) + size.to_bytes(4, "big") + content


def message(number: int, operation: bytes) -> bytes:
    """A message of LDAP."""
    return ber(0x30, ber(0x02, number.to_bytes(4, "big")) + operation)


def result(tag: int, code: int = 0) -> bytes:
    """A result: code, a matched name, a text."""
    return ber(tag, ber(0x0A, bytes([code])) + ber(0x04, b"") + ber(0x04, b""))


def entry(name: bytes = b"uid=ann,ou=people") -> bytes:
    """An entry of a search."""
    return ber(0x64, ber(0x04, name) + ber(0x30, b""))


def question(client: socket.socket) -> tuple[int, int]:
    """The number and the kind of the next question."""
    head = client.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        raise OSError("the client went")
    size = head[1]
    if size > 127:
        size = int.from_bytes(client.recv(size - 128, socket.MSG_WAITALL), "big")
    content = client.recv(size, socket.MSG_WAITALL)
    digits = content[1]
    return int.from_bytes(content[2 : 2 + digits], "big"), content[2 + digits]


def directory(kind: int, answer: Callable[[int], Sent]) -> Say:
    """Lets everybody bind; questions of this kind get this answer."""

    def say(client: socket.socket) -> Sent:
        while True:
            number, asked = question(client)
            if asked == kind:
                yield from answer(number)
            elif asked == BIND:
                yield message(number, result(0x61))
            elif asked == SEARCH:
                yield message(number, entry())
                yield message(number, result(0x65))
            else:
                yield message(number, result(0x78))

    return say


def deep(levels: int) -> bytes:
    """Sequences in sequences."""
    found = b""
    for _ in range(levels):
        found = ber(0x30, found)
    return found


def bind_modes() -> dict[str, Say]:
    """Answers to a bind."""

    def answered(make: Callable[[int], bytes]) -> Say:
        return directory(BIND, lambda number: [make(number)])

    return {
        "says nothing": lambda _client: never(),
        "an answer a byte at a time": directory(
            BIND, lambda number: trickle(message(number, ber(0x61, b"\x0a\x01\x00" * 3000)))
        ),
        "a message of 2 GB": directory(
            BIND, lambda _: itertools.chain([b"\x30\x84\x7f\xff\xff\xff"], endless(b"a" * 65536))
        ),
        "noise": answered(lambda _: bytes(range(256)) * 40),
        "another protocol": answered(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "half a message": directory(BIND, lambda number: gone(message(number, result(0x61))[:6])),
        "an empty message": answered(lambda _: b"\x30\x00"),
        "no result": answered(lambda number: message(number, ber(0x61, b""))),
        "a code that is a text": answered(
            lambda number: message(number, ber(0x61, ber(0x04, b"zero") * 3))
        ),
        "an entry for a result": answered(lambda number: message(number, entry())),
        "the number of another question": answered(
            lambda number: message(number + 7, result(0x61))
        ),
        "a notice nobody asked for": answered(lambda _: message(0, result(0x78))),
        "sequences 5,000 deep": answered(lambda number: message(number, deep(5_000))),
        "text that is no UTF-8": answered(
            lambda number: message(
                number, ber(0x61, ber(0x0A, b"\x00") + ber(0x04, b"\xff\xfe") + ber(0x04, b"\xff"))
            )
        ),
        "messages without end": directory(
            BIND, lambda number: endless(message(number, entry()) * 500)
        ),
    }


def search_modes() -> dict[str, Say]:
    """Answers to a search."""
    return {
        "entries without end": directory(
            SEARCH, lambda number: endless(message(number, entry()) * 500)
        ),
        "an entry now and then": directory(
            SEARCH, lambda number: trickle_of(message(number, entry()))
        ),
        "an entry of no name": directory(
            SEARCH,
            lambda number: [message(number, ber(0x64, b"")), message(number, result(0x65))],
        ),
    }


def handshake_modes() -> dict[str, Say]:
    """A handshake of TLS that does not end."""
    return {
        "a handshake a byte at a time": lambda _client: itertools.chain(
            [b"\x16\x03\x03\x40\x00"], trickle(b"\x02" + b"\x00" * 99)
        ),
        "nothing after the first words": lambda _client: never(),
    }


def trickle_of(piece: bytes) -> Sent:
    """The same piece now and then."""
    for _ in trickle(b"a"):
        yield piece
