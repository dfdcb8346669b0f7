"""A connection to a broker, and what its failures mean to a person."""

from __future__ import annotations

import secrets
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    AMQPNotImplementedError,
    ConsumerCancelled,
    FrameSyntaxError,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    ResourceLocked,
    UnexpectedFrame,
)

from calipso.errors import AccessError, ErrorKind
from calipso.limits.calls import Bounds
from calipso.limits.dial import AddressRefused
from calipso.settings import settings
from calipso.sources.amqp.brokers import Broker
from calipso.sources.amqp.wire import TOTAL_FACTOR, WireConnection

#: What py-amqp raises for bytes that are no AMQP.
NONSENSE = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(AssertionError, RecursionError, struct.error),
)
_NO_AMQP = (UnexpectedFrame, FrameSyntaxError, AMQPNotImplementedError)
#: What talking to a broker raises.
FAILURES = (AMQPError, OSError, AddressRefused, *NONSENSE)


@contextmanager
def connect(broker: Broker, number: int = 0) -> Iterator[WireConnection]:
    """An open connection to one of the servers of a broker. Raises one of FAILURES.

    Each step has an end, whatever the broker sends: `WireConnection.step`.
    """
    place = broker.servers[number % len(broker.servers)]
    with Bounds().call(broker.url, TOTAL_FACTOR * settings().ssh_connect_timeout) as call:
        connection = WireConnection(broker, place, call)
        try:
            connection.log_in()
            yield connection
        finally:
            connection.leave()


def exchange_exists(connection: WireConnection, exchange: str) -> bool:
    """True when the broker has an exchange. On a channel of its own, which a refusal closes."""
    with connection.step():
        channel: Any = connection.channel()
        try:
            channel.exchange_declare(exchange, "topic", passive=True)
        except NotFound:
            return False
        except (AccessRefused, PreconditionFailed, NotAllowed):
            return True  # it may not be looked at; binding tells more
        channel.close()
        return True


def failure(broker: Broker, error: BaseException) -> AccessError:
    """Return the error that says what is wrong with a broker, and the remedy."""
    url, hint = broker.url, "Check section AMQP of the environment; `calipso env test` tries it."
    if isinstance(error, AccessError):
        return error
    kind, said = ErrorKind.UNREACHABLE, str(getattr(error, "strerror", "") or error)
    if isinstance(error, ssl.SSLError):
        kind, hint = ErrorKind.TLS, "Check port and ca_file of section AMQP."
    elif isinstance(error, ConsumerCancelled):
        said, hint = "the queue was deleted", "It is made again at once, and lists are compared."
    elif isinstance(error, ResourceLocked) or _is_exclusive(error):
        kind, said = ErrorKind.FORBIDDEN, "another listener has the queue"
        hint = "One of two managers has to stop; a listener that died is noticed within a minute."
    elif isinstance(error, AccessRefused):
        kind = ErrorKind.LOGIN_FAILED if not _on_channel(error) else ErrorKind.FORBIDDEN
        said = f"refused for {broker.user}: {_text(error)}"
        hint = "The account needs configure and write on its own queue (calipso.*), and read on "
        hint += "the exchanges: docs/events.md has the command."
    elif isinstance(error, NotAllowed):
        kind, said = ErrorKind.FORBIDDEN, f"virtual host {broker.vhost} is not open to it"
    elif isinstance(error, PreconditionFailed):
        kind, said = ErrorKind.FORBIDDEN, _text(error)
        hint = "The broker refuses the queue as it is wanted; docs/events.md says what is needed."
    elif isinstance(error, TimeoutError):
        kind, said = ErrorKind.TIMEOUT, "no answer in time"
    elif isinstance(error, (*NONSENSE, *_NO_AMQP)):
        kind, said = ErrorKind.UNEXPECTED_OUTPUT, "what answers there is no RabbitMQ"
    return AccessError(f"{url}: {said or type(error).__name__}"[:300], kind=kind, hint=hint)


def _is_exclusive(error: BaseException) -> bool:
    return isinstance(error, AccessRefused) and "exclusive" in str(error).lower()


def _on_channel(error: AMQPError) -> bool:
    return bool(getattr(error, "method_name", "") or getattr(error, "method_sig", None))


def _text(error: BaseException) -> str:
    return str(getattr(error, "reply_text", "") or error).replace("\n", " ")[:200]


def queue_exists(connection: WireConnection, queue: str) -> bool:
    """True when the broker has a queue; also when it may not be looked at."""
    with connection.step():
        channel: Any = connection.channel()
        try:
            channel.queue_declare(queue, passive=True)
        except NotFound:
            return False
        except (AccessRefused, ResourceLocked, PreconditionFailed):
            return True
        channel.close()
        return True


def try_binding(
    connection: WireConnection, exchanges: Sequence[str], topics: Sequence[str]
) -> None:
    """Bind a queue that vanishes with the connection, as a listener does with its own.

    Raises one of FAILURES when the account may not.
    """
    name = f"calipso.test.{secrets.token_hex(4)}"
    with connection.step():
        channel: Any = connection.channel()
        channel.queue_declare(name, exclusive=True, auto_delete=True, durable=False)
        for exchange in exchanges:
            for topic in topics:
                channel.queue_bind(name, exchange, f"{topic}.#")
        channel.queue_delete(name)
        channel.close()
