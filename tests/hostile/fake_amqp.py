"""Brokers that do not keep to AMQP 0-9-1: before a login has ended, and after it."""

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import Callable

from tests.hostile.fakes import Say, Sent, endless, gone, never, slowly, trickle

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
BEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"

#: What a client asks for: class and method.
Asked = tuple[int, int]
CHANNEL_OPEN, CHANNEL_CLOSE, EXCHANGE, QUEUE, BIND = (
    (20, 10),
    (20, 40),
    (40, 10),
    (50, 10),
    (50, 20),
)
QOS, CONSUME = (60, 10), (60, 20)


def frame(kind: int, channel: int, content: bytes) -> bytes:
    """A frame."""
    return struct.pack(">BHI", kind, channel, len(content)) + content + b"\xce"


def method(number: Asked, content: bytes = b"", channel: int = 0) -> bytes:
    """A frame with a method."""
    return frame(METHOD, channel, struct.pack(">HH", *number) + content)


def long(text: bytes) -> bytes:
    """A long text, or a table."""
    return struct.pack(">I", len(text)) + text


def short(text: bytes) -> bytes:
    """A short text."""
    return bytes([len(text)]) + text


def start(properties: bytes = b"", mechanisms: bytes = b"PLAIN") -> bytes:
    """The first word of a broker."""
    return method((10, 10), b"\x00\x09" + long(properties) + long(mechanisms) + long(b"en_US"))


def tune(channels: int = 2047, frame_max: int = 131072, heartbeat: int = 60) -> bytes:
    """What a broker proposes."""
    return method((10, 30), struct.pack(">HIH", channels, frame_max, heartbeat))


OPEN_OK = method((10, 41), b"\x00")


def deep(levels: int) -> bytes:
    """A table in a table in a table."""
    table = b""
    for _ in range(levels):
        table = short(b"a") + b"F" + long(table)
    return table


def frames(client: socket.socket) -> tuple[int, int, bytes]:
    """The next frame of a client."""
    head = client.recv(7, socket.MSG_WAITALL)
    if len(head) < 7:
        raise OSError("the client went")
    kind, channel, size = struct.unpack(">BHI", head)
    content = client.recv(size + 1, socket.MSG_WAITALL)
    return kind, channel, content[:-1]


def greeted(*pieces: Sent) -> Say:
    """Says this to whoever asks for AMQP."""

    def say(client: socket.socket) -> Sent:
        client.recv(8, socket.MSG_WAITALL)
        yield from itertools.chain(*pieces)

    return say


def asked_of(client: socket.socket) -> tuple[Asked, int]:
    """The next method that a client sends, and its channel."""
    while True:
        kind, channel, content = frames(client)
        if kind == METHOD:
            return struct.unpack(">HH", content[:4]), channel


Answer = Callable[[Asked, int], Sent | None]


def broker(answer: Answer, proposed: bytes = b"") -> Say:
    """Lets everybody log in; a question that `answer` has nothing for gets a good answer."""

    def say(client: socket.socket) -> Sent:
        client.recv(8, socket.MSG_WAITALL)
        yield start()
        asked_of(client)
        yield proposed or tune()
        while asked_of(client)[0] != (10, 40):
            pass
        yield OPEN_OK
        while True:
            question, channel = asked_of(client)
            found = answer(question, channel)
            yield from found if found is not None else [good(question, channel)]

    return say


def good(question: Asked, channel: int) -> bytes:
    """The answer to a question as a broker gives it."""
    content = {
        CHANNEL_OPEN: long(b""),
        QUEUE: short(b"q") + struct.pack(">II", 0, 0),
        CONSUME: short(b"tag"),
    }
    return method((question[0], question[1] + 1), content.get(question, b""), channel)


def delivery(body: bytes, channel: int, size: int | None = None, properties: bytes = b"") -> bytes:
    """A message; `size` is announced."""
    words = short(b"tag") + struct.pack(">QB", 1, 0) + short(b"nova") + short(b"notifications.info")
    flags = 0x2000 if properties else 0  # headers
    head = struct.pack(">HHQH", 60, 0, len(body) if size is None else size, flags)
    pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)]
    return b"".join(
        [
            method((60, 60), words, channel),
            frame(HEADER, channel, head + (long(properties) if properties else b"")),
            *(frame(BODY, channel, piece) for piece in pieces),
        ]
    )


def login_modes() -> dict[str, Say]:
    """Every point of a login at which a broker may not go on, not end, or make no sense."""
    slow = start(long(b"")[:0])
    return {
        "says nothing": lambda _client: never(),
        "first frame a byte at a time": greeted(trickle(slow[:-1])),
        "signs of life without end": greeted(endless(BEAT * 1000)),
        "signs of life now and then": greeted(slowly(BEAT)),
        "a frame of 2 GB": greeted([b"\x01\x00\x00\x7f\xff\xff\xff"], endless(b"a" * 65536)),
        "noise": greeted([bytes(range(256)) * 40]),
        "another protocol": greeted([b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
        "half a greeting": greeted(gone(start()[:20])),
        "tables 5,000 deep": greeted([start(deep(5_000))]),
        "a table of an unknown type": greeted([start(short(b"a") + b"?1234")]),
        "mechanisms that are no text": greeted([start(mechanisms=b"\xff\xfe")]),
        "a method without arguments": greeted([method((10, 10))]),
        "an unknown method": greeted([method((99, 99))]),
        "a channel that is not open": greeted([method((20, 11), long(b""), channel=7)]),
        "a message before the login": greeted([delivery(b"{}", 9)]),
        "frames of 4 GB proposed": greeted([start(), tune(frame_max=0xFFFFFFFF)], never()),
        "frames of one byte proposed": greeted([start(), tune(frame_max=1)], never()),
        "nothing after the password": greeted([start()], never()),
    }


def question_modes() -> dict[str, Say]:
    """Points after the login at which a question is not answered as it should."""

    def instead(*pieces: Sent) -> Answer:
        return lambda question, _: itertools.chain(*pieces) if question == EXCHANGE else None

    return {
        "no answer": broker(instead(never())),
        "an answer a byte at a time": broker(instead(trickle(good(EXCHANGE, 1)[:-1]))),
        "only signs of life": broker(instead(slowly(BEAT))),
        "answers to another channel": broker(instead(endless(good(EXCHANGE, 999)))),
        "answers to no question": broker(instead(endless(good(BIND, 1)))),
        "a message nobody asked for": broker(instead([delivery(b"{}", 999)])),
        "a wrong end of a frame": broker(instead([good(EXCHANGE, 1)[:-1] + b"\x00"])),
        "it hangs up": broker(instead(gone(good(EXCHANGE, 1)[:5]))),
    }


def stream_modes(good_body: bytes) -> dict[str, Say]:
    """What a listener may be sent: a good message comes before and after what is wrong."""

    def then(*pieces: Callable[[int], Sent]) -> Answer:
        def answer(question: Asked, channel: int) -> Sent | None:
            if question != CONSUME:
                return None
            chained = itertools.chain.from_iterable(piece(channel) for piece in pieces)
            return itertools.chain([good(CONSUME, channel)], chained, never())

        return answer

    def one(channel: int) -> Sent:
        return [delivery(good_body, channel)]

    def large(channel: int) -> Sent:
        return [delivery(b"x" * 20_000_000, channel)]

    return {
        "a message of 20 MB": broker(then(one, large, one)),
        "headers 5,000 deep": broker(
            then(one, lambda channel: [delivery(b"{}", channel, properties=deep(5_000))], one)
        ),
        "a message of no bytes": broker(then(one, lambda channel: [delivery(b"", channel)], one)),
        "a message without end": broker(
            then(
                one,
                lambda channel: [delivery(b"", channel, size=1 << 60)],
                lambda channel: endless(frame(BODY, channel, b"x" * 100_000)),
            )
        ),
        "a message a byte at a time": broker(
            then(
                one, lambda channel: [delivery(b"", channel, size=9)[:-1]], lambda _: slowly(b"\0")
            )
        ),
        "small messages without end": broker(
            then(one, lambda channel: endless(delivery(b'{"a": 1}', channel) * 500))
        ),
        "messages on a thousand channels": broker(
            then(one, lambda _: [delivery(b"x" * 1000, at, size=2000) for at in range(9, 1009)])
        ),
    }
