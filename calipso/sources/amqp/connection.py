"""A connection to a broker, and what its failures mean to a person."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Sequence
from typing import Any

from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    ConsumerCancelled,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    ResourceLocked,
)
from kombu import Connection

from calipso.errors import AccessError, ErrorKind
from calipso.settings import settings
from calipso.sources.amqp.brokers import Broker

#: What talking to a broker raises. ValueError and LookupError: something else answers there.
FAILURES = (AMQPError, OSError, ValueError, LookupError, TypeError)


def connect(broker: Broker, number: int = 0) -> Connection:
    """Return an open connection to one of the servers of a broker. Raises one of FAILURES."""
    host, port = broker.servers[number % len(broker.servers)]
    connection = Connection(
        transport="pyamqp",
        hostname=host,
        port=port,
        userid=broker.user,
        password=broker.pwd,
        virtual_host=broker.vhost,
        login_method="PLAIN",
        ssl=broker.tls_options(host),
        heartbeat=broker.heartbeat,
        connect_timeout=settings().ssh_connect_timeout,
        transport_options={"client_properties": {"product": "Calipso"}},
    )
    try:
        connection.connect()
    except Exception:
        connection.release()
        raise
    return connection


def exchange_exists(connection: Connection, exchange: str) -> bool:
    """True when the broker has an exchange. On a channel of its own, which a refusal closes."""
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
        hint = "One of two managers has to stop; a killed listener is noticed within a minute."
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
    elif isinstance(error, ValueError | LookupError | TypeError):
        kind, said = ErrorKind.UNEXPECTED_OUTPUT, "what answers there is no RabbitMQ"
    return AccessError(f"{url}: {said or type(error).__name__}"[:300], kind=kind, hint=hint)


def _is_exclusive(error: BaseException) -> bool:
    return isinstance(error, AccessRefused) and "exclusive" in str(error).lower()


def _on_channel(error: AMQPError) -> bool:
    return bool(getattr(error, "method_name", "") or getattr(error, "method_sig", None))


def _text(error: BaseException) -> str:
    return str(getattr(error, "reply_text", "") or error).replace("\n", " ")[:200]


def queue_exists(connection: Connection, queue: str) -> bool:
    """True when the broker has a queue; also when it may not be looked at."""
    channel: Any = connection.channel()
    try:
        channel.queue_declare(queue, passive=True)
    except NotFound:
        return False
    except (AccessRefused, ResourceLocked, PreconditionFailed):
        return True
    channel.close()
    return True


def try_binding(connection: Connection, exchanges: Sequence[str], topics: Sequence[str]) -> None:
    """Bind a queue that vanishes with the connection, as a listener does with its own.

    Raises one of FAILURES when the account may not.
    """
    channel: Any = connection.channel()
    name = f"calipso.test.{secrets.token_hex(4)}"
    channel.queue_declare(name, exclusive=True, auto_delete=True, durable=False)
    for exchange in exchanges:
        for topic in topics:
            channel.queue_bind(name, exchange, f"{topic}.#")
    channel.queue_delete(name)
    channel.close()
