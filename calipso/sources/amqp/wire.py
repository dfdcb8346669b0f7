"""A connection of py-amqp that has an end and a bound, whatever the broker sends.

A broker chooses the length of frames and of messages, and how fast they come. Here each step (the
login, a question, a wait for messages) has an end from its first to its last byte, a frame is not
longer than was agreed on, and of a message that is too large only the beginning is kept.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import amqp
from amqp.exceptions import UnexpectedFrame
from amqp.method_framing import frame_handler
from amqp.transport import SSLTransport, TCPTransport

from calipso.limits.calls import Bounds, Call
from calipso.limits.dial import dial
from calipso.settings import settings
from calipso.sources.amqp.brokers import Broker

#: A step may take this many times `ssh_connect_timeout`.
TOTAL_FACTOR = 4
#: Longest frame, in bytes: what RabbitMQ proposes, and py-amqp by default. A broker may lower it.
LONGEST_FRAME = 131_072
#: A message that is announced with more bytes ends the connection: RabbitMQ carries no such one.
LONGEST_MESSAGE = 1 << 29
#: Most frames in one step: the longest message has half of them.
MOST_FRAMES = 10_000
#: Seconds for a good-bye.
GOODBYE = 3.0

Frame = tuple[int, int, bytes]
_HEADER, _BODY = 2, 3


class WireConnection(amqp.Connection):
    """A connection to one server of a broker. `step` gives what is done inside an end."""

    def __init__(self, broker: Broker, place: tuple[str, int], call: Call) -> None:
        """`call` ends the connection: it has begun, and counts for the login."""
        self._call, self._place = call, place
        self._timeout = settings().ssh_connect_timeout
        self._in_step, self._frames = False, 0
        host, port = place
        super().__init__(
            host=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            userid=broker.user,
            password=broker.pwd,
            virtual_host=broker.vhost,
            login_method="PLAIN",
            ssl=broker.tls_options(host),
            heartbeat=broker.heartbeat,
            connect_timeout=self._timeout,
            frame_max=LONGEST_FRAME,
            client_properties={"product": "Calipso"},
            frame_handler=_bounded_frames,
        )

    def log_in(self) -> None:
        """Connect and log in. Raises one of FAILURES."""
        with self.step():
            self.connect()

    @contextmanager
    def step(self) -> Iterator[None]:
        """What is done inside ends in time: the socket is shut, and what waits for it fails."""
        if self._in_step:
            yield
            return
        self._in_step, self._frames = True, 0
        self._call.allow(TOTAL_FACTOR * self._timeout)
        try:
            yield
        finally:
            self._in_step = False
            self._call.allow(float("inf"))

    def count_frame(self) -> None:
        """Raises UnexpectedFrame when a step has too many: signs of life, as fast as they go."""
        self._frames += 1
        if self._frames > MOST_FRAMES:
            raise UnexpectedFrame(f"more than {MOST_FRAMES} frames at once")

    def leave(self) -> None:
        """Say good-bye and close, whatever the broker answers.

        A broker that has read the good-bye has read all acknowledgements too.
        """
        with suppress(Exception):
            if self.connected and not self._call.over:
                with Bounds().call("good-bye", GOODBYE) as call:
                    call.watch_socket(self.transport.sock)
                    self.close()
        with suppress(Exception):
            self.collect()

    # -- called by py-amqp -------------------------------------------------------------

    def Transport(  # noqa: N802 - the library's name
        self, host: str, connect_timeout: float | None, ssl: Any = False, *_: Any, **__: Any
    ) -> Any:
        """The transport, which connects by `dial`."""
        kind: Any = _Tls if ssl else _Tcp
        made = kind(host, connect_timeout=connect_timeout, ssl=ssl)
        made.place, made.call = self._place, self._call
        return made

    def _on_tune(self, channel_max: int, frame_max: int, server_heartbeat: int, *more: Any) -> None:
        """A broker may lower the longest frame; py-amqp would also let it choose a longer one."""
        lower = min(frame_max or LONGEST_FRAME, LONGEST_FRAME)
        super()._on_tune(channel_max, lower, server_heartbeat, *more)  # type: ignore[misc]


class _Bounded:
    """What both transports share."""

    place: tuple[str, int]
    call: Call
    sock: Any

    def _connect(self, _host: str, _port: int, timeout: float) -> None:
        self.sock = dial(*self.place, timeout, self.call)

    def _read(self, n: int, *more: Any) -> bytes:
        if n > LONGEST_FRAME:
            raise UnexpectedFrame(f"a frame of {n} bytes")
        read: bytes = super()._read(n, *more)  # type: ignore[misc]
        return read

    def _shutdown_transport(self) -> None:
        """TLS would wait for the other side to say good-bye too."""


class _Tcp(_Bounded, TCPTransport):
    """Plain."""


class _Tls(_Bounded, SSLTransport):
    """With TLS; the handshake counts for the step."""


def _bounded_frames(connection: WireConnection, callback: Any) -> Callable[[Frame], bool]:
    """As py-amqp's own, for messages of any announced length.

    Nothing here reads the properties of a message, and those of one could not be decoded: they are
    left out. A message is longer than `event_bytes` by one byte at most, so the intake still finds
    that it is too large; the rest of it is passed over.
    """
    handle = frame_handler(connection, callback)
    channels: Any = connection.channels  # type: ignore[attr-defined]
    most = settings().event_bytes + 1
    kept: dict[int, int] = {}  # channel -> bytes that are still to be kept of a long message
    rest: dict[int, int] = {}  # channel -> bytes that come after those

    def on_frame(frame: Frame) -> bool:
        kind, channel, content = frame
        connection.count_frame()
        if kind in (_HEADER, _BODY) and channel not in channels:
            raise UnexpectedFrame(f"content for channel {channel}, which is not open")
        if kind == _HEADER:
            number, weight, size = struct.unpack_from(">HHQ", content)
            if size > LONGEST_MESSAGE:
                raise UnexpectedFrame(f"a message of {size} bytes")
            kept[channel], rest[channel] = min(size, most), max(0, size - most)
            content = struct.pack(">HHQH", number, weight, kept[channel], 0)
        elif kind == _BODY and rest.get(channel):
            part = content[: kept[channel]]
            kept[channel] -= len(part)
            rest[channel] = max(0, rest[channel] - (len(content) - len(part)))
            if not part:
                connection.bytes_recv += 1  # a sign of life
                return False
            content = part
        return bool(handle((kind, channel, content)))

    return on_frame
