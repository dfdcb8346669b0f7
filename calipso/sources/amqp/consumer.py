"""Consumer: takes the notifications of one broker from a queue of its own.

The queue is durable and expires when nobody reads it for long, so nothing is taken away from other
readers, and a listener that is away for a while misses nothing. Exchanges belong to the cloud: they
are looked at and never made. A message is acknowledged when it is stored.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from amqp.exceptions import NotFound, PreconditionFailed

from calipso.errors import ErrorKind
from calipso.settings import settings
from calipso.sources.amqp.brokers import Broker
from calipso.sources.amqp.connection import FAILURES, connect, exchange_exists, failure
from calipso.sources.amqp.wire import WireConnection
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Messages that the broker sends before the first of them is acknowledged.
PREFETCH = 100
#: Bytes of messages that are stored at once, when they have come before that many.
MOST_BYTES = 8_000_000
#: Seconds that messages are collected, so that they are stored together.
LINGER = 0.15
#: Seconds between two looks at missing exchanges, and at the length of the queue.
ASK_AGAIN = 30.0
DEPTH_EVERY = 10.0
#: Pauses between two attempts to connect: 1, 2, 4 ... seconds, with chance in it.
LONGEST_PAUSE = 30.0

#: A message: body, exchange, routing key.
Delivery = tuple[bytes | str, str, str]
Receive = Callable[[Sequence[Delivery]], None]


@dataclass
class BrokerState:
    """What is known of one broker."""

    state: str = "waiting"
    reason: str = "not connected yet"
    since: datetime = field(default_factory=now)
    depth: int = 0
    missing: tuple[str, ...] = ()
    connects: int = 0


class StoreAway(Exception):
    """The store does not take messages; they stay with the broker."""


class Consumer:
    """Consumes until `stop` is set, whatever happens to the broker."""

    def __init__(
        self,
        broker: Broker,
        queue: str,
        exchanges: Sequence[str],
        receive: Receive,
        gap: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        """`receive` stores messages; `gap` is told a word when messages may have been missed."""
        self.broker = broker
        self.queue = queue
        self.exchanges = broker.exchanges or tuple(exchanges)
        self.state = BrokerState()
        self._receive = receive
        self._gap = gap
        self._stop = stop
        self._waiting: list[tuple[Delivery, int]] = []
        self._bytes = 0
        self._since = 0.0
        self._full = False

    def run(self) -> None:
        """Consume, and connect again after each failure."""
        failures = 0
        while not self._stop.is_set():
            before = self.state.connects
            try:
                self._session(failures)
            except StoreAway as error:
                self._tell("waiting", f"the store does not take messages: {error}")
            except FAILURES as error:
                found = failure(self.broker, error)
                temporary = found.kind in (ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT)
                self._tell("waiting" if temporary else "error", f"{found.message}. {found.hint}")
            except Exception as error:
                log.exception("listener failed", extra={"broker": self.broker.url})
                self._tell("error", f"{type(error).__name__}: see the log of the listener")
            failures = 0 if self.state.connects > before else failures + 1
            pause = min(LONGEST_PAUSE, 2.0 ** min(failures, 6))
            self._stop.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret

    # -- one connection ----------------------------------------------------------------

    def _session(self, failures: int) -> None:
        with connect(self.broker, failures) as connection:
            self._forget()
            missing = self._missing(connection, self.exchanges)
            if len(missing) == len(self.exchanges):
                self._wait_for_exchanges(connection)
                missing = self._missing(connection, self.exchanges)
            if self._stop.is_set():
                return
            with connection.step():
                channel, cause = self._opened(connection, missing)
            self.state.connects += 1
            self._gap(cause)
            self._consume(connection, channel, missing)

    def _missing(self, connection: WireConnection, exchanges: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in exchanges if not exchange_exists(connection, name))

    def _wait_for_exchanges(self, connection: WireConnection) -> None:
        """Nothing can be bound yet: the services make their exchanges with their first message."""
        names = ", ".join(self.exchanges)
        reason = f"no exchange {names} on the broker yet: are notifications switched on?"
        self._tell("waiting", reason, missing=self.exchanges)
        end = time.monotonic() + ASK_AGAIN
        while not self._stop.wait(1.0):
            _drain(connection, 0.05)
            if time.monotonic() > end:
                if len(self._missing(connection, self.exchanges)) < len(self.exchanges):
                    return
                end = time.monotonic() + ASK_AGAIN

    def _opened(self, connection: WireConnection, missing: Sequence[str]) -> tuple[Any, str]:
        """Return a channel that consumes, and why messages may have been missed before."""
        existed = self._queue_depth(connection) is not None
        self._declare(connection)
        channel: Any = connection.channel()
        for exchange in self.exchanges:
            if exchange not in missing:
                self._bind(channel, exchange)
        depth = self._queue_depth(connection) or 0
        self.state.depth, self._full = depth, depth >= settings().event_queue_length
        channel.basic_qos(0, PREFETCH, False)
        channel.basic_consume(self.queue, exclusive=True, callback=self._take)
        first = "connect" if not self.state.connects else "reconnect"
        return channel, "overflow" if self._full else first if existed else "new_queue"

    def _declare(self, connection: WireConnection) -> None:
        """Make the queue. One of other properties, made by another version, is used as it is."""
        config = settings()
        arguments = {
            "x-expires": config.event_queue_expires * 1000,
            "x-max-length": config.event_queue_length,
        }
        channel: Any = connection.channel()
        try:
            channel.queue_declare(self.queue, durable=True, auto_delete=False, arguments=arguments)
        except PreconditionFailed:
            if self._queue_depth(connection) is None:
                raise
            log.warning("queue %s has other properties and is used as it is", self.queue)
        else:
            channel.close()

    def _bind(self, channel: Any, exchange: str) -> None:
        for topic in self.broker.topics:
            channel.queue_bind(self.queue, exchange, f"{topic}.#")

    def _queue_depth(self, connection: WireConnection) -> int | None:
        """Messages that wait in the queue; None when there is no such queue."""
        with connection.step():
            channel: Any = connection.channel()
            try:
                found = channel.queue_declare(self.queue, passive=True)
            except NotFound:
                return None
            channel.close()
            return int(found.message_count)

    def _consume(self, connection: WireConnection, channel: Any, missing: tuple[str, ...]) -> None:
        self._tell_running(missing)
        asked = measured = time.monotonic()
        while not self._stop.is_set():
            quiet = _drain(connection, LINGER)
            late = time.monotonic() - self._since > LINGER
            full = len(self._waiting) >= PREFETCH or self._bytes > MOST_BYTES
            if self._waiting and (quiet or late or full):
                self._store(connection, channel)
            if time.monotonic() - measured > DEPTH_EVERY:
                measured = time.monotonic()
                self._measure(connection)
            if missing and time.monotonic() - asked > ASK_AGAIN:
                asked = time.monotonic()
                found = self._missing(connection, missing)
                for exchange in set(missing) - set(found):
                    with connection.step():
                        self._bind(channel, exchange)
                    self._gap("new_exchange")
                missing = found
                self._tell_running(missing)

    def _take(self, message: Any) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        info = message.delivery_info
        delivery = (message.body, str(info["exchange"]), str(info["routing_key"]))
        self._waiting.append((delivery, info["delivery_tag"]))
        self._bytes += len(message.body)

    def _forget(self) -> list[tuple[Delivery, int]]:
        """Return what waits, and wait for what comes next."""
        taken, self._waiting, self._bytes = self._waiting, [], 0
        return taken

    def _store(self, connection: WireConnection, channel: Any) -> None:
        taken = self._forget()
        try:
            self._receive([delivery for delivery, _ in taken])
        except Exception as error:
            if not is_store_error(error):
                raise
            raise StoreAway(str(error).partition(", Timeout")[0][:200]) from error
        with connection.step():
            channel.basic_ack(taken[-1][1], multiple=True)

    def _measure(self, connection: WireConnection) -> None:
        """Look at the length of the queue: at its limit, the broker drops messages."""
        depth = self._queue_depth(connection)
        if depth is None:
            raise ConnectionResetError("the queue was deleted")
        self.state.depth = depth
        limit = settings().event_queue_length
        if depth >= limit and not self._full:
            self._gap("overflow")
        self._full = depth >= limit or (self._full and depth > limit / 2)

    # -- what is told ------------------------------------------------------------------

    def _tell_running(self, missing: tuple[str, ...]) -> None:
        reason = f"no exchange {', '.join(missing)} yet" if missing else ""
        self._tell("running", reason, missing=missing)

    def _tell(self, state: str, reason: str, missing: tuple[str, ...] = ()) -> None:
        if (state, reason) != (self.state.state, self.state.reason):
            self.state.since = now()
            where = {"broker": self.broker.url, "reason": reason}
            log.log(logging.WARNING if state == "error" else logging.INFO, state, extra=where)
        self.state.state, self.state.reason, self.state.missing = state, reason, missing


def _drain(connection: WireConnection, seconds: float) -> bool:
    """Handle what the broker sent, and show signs of life; True when nothing came in this time."""
    with connection.step():
        try:
            connection.drain_events(timeout=seconds)
        except TimeoutError:
            return True
        finally:
            connection.heartbeat_tick()
    return False
