"""A real RabbitMQ for the tests of events, and a cloud that they look at again."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Connection

from calipso.cli.stack.process import identify, spawn, stop
from calipso.discover.engine.event_scans import look
from calipso.discover.engine.scan_local import run_local
from calipso.discover.events.listeners.default_listener import DefaultListener
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from tests.faults.rabbit import Rabbit, installed
from tests.workers.conftest import wait_for

NOW = "2026-05-04 03:00:00.123456"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    """A RabbitMQ of the test session."""
    if not installed():
        pytest.skip("RabbitMQ is not installed: make test installs it")
    with Rabbit(tmp_path_factory.mktemp("events") / "rabbit") as rabbit:
        process = spawn(rabbit.command, rabbit._folder / "server.log", environment=rabbit.env)
        rabbit.wait()
        yield rabbit
        identity = identify(process.pid)
        if identity:
            stop(identity, 10.0)
        process.wait(20)


class Exchange:
    """The exchanges of a cloud in a virtual host; they carry notifications as oslo sends them."""

    def __init__(self, rabbit: Rabbit, names: tuple[str, ...]) -> None:
        self.connection = Connection(rabbit.url)
        self.channel: Any = self.connection.channel()
        for name in names:
            self.channel.exchange_declare(name, "topic", durable=False, auto_delete=False)
        self.names = names

    def send(
        self,
        event_type: str,
        payload: Any,
        exchange: str = "neutron",
        *,
        topic: str = "notifications",
        **more: Any,
    ) -> str:
        """Send a notification; returns its id."""
        message = notification(event_type, payload, **more)
        self.raw(json.dumps(envelope(message)), exchange, f"{topic}.info")
        return str(message["message_id"])

    def raw(self, body: str | bytes, exchange: str = "neutron", key: str = "notifications.info"):
        """Send any body."""
        from amqp import Message

        self.channel.basic_publish(
            Message(body, content_type="application/json"), exchange=exchange, routing_key=key
        )

    def close(self) -> None:
        for name in self.names:
            self.channel.exchange_delete(name)
        self.connection.release()


def notification(event_type: str, payload: Any, **more: Any) -> dict[str, Any]:
    """A notification with a context that holds a live token, as older releases send it."""
    return {
        "event_type": event_type,
        "message_id": str(uuid.uuid4()),
        "priority": "INFO",
        "publisher_id": "network.controller-1",
        "timestamp": NOW,
        "payload": payload,
        "_context_auth_token": "S3CRET-live-token",
        "_context_service_catalog": [{"token": "S3CRET-catalog"}],
        "_context_request_id": "req-11111111-2222-3333-4444-555555555555",
        "_context_user_id": "u1",
        "_context_user_name": "alice",
        "_context_project_id": "p1",
        "_context_project_name": "demo",
    } | more


def envelope(message: dict[str, Any]) -> dict[str, str]:
    """A notification in the envelope of oslo.messaging."""
    return {"oslo.version": "2.0", "oslo.message": json.dumps(message)}


@pytest.fixture
def exchange(broker: Rabbit) -> Iterator[Exchange]:
    """The exchanges nova, neutron and keystone."""
    made = Exchange(broker, ("nova", "neutron", "keystone"))
    yield made
    made.close()


def amqp_section(rabbit: Rabbit, **more: Any) -> dict[str, Any]:
    """The section AMQP that leads to a RabbitMQ."""
    account = {"host": "127.0.0.1", "port": rabbit.port, "user": "guest", "pwd": "guest"}
    return {"name": "AMQP", **account, **more}


def add_environment(document: dict[str, Any], *sections: dict[str, Any], **fields: Any) -> str:
    """Store an environment with more sections; returns its name."""
    configuration = [*document["configuration"], *sections]
    EnvironmentStore().add(document | {"configuration": configuration} | fields, replace=True)
    return str(document["name"])


@contextmanager
def listening(environment: str, *, running: bool = True) -> Iterator[DefaultListener]:
    """A listener of an environment in a thread of this process."""
    listener = DefaultListener(EnvironmentStore().get(environment))
    stop = threading.Event()
    thread = threading.Thread(target=listener.run, args=(stop,), daemon=True)
    thread.start()
    try:
        if running:
            wait_for(lambda: state_of(listener)["state"] == "running", 30)
        yield listener
    finally:
        stop.set()
        thread.join(20)


def state_of(listener: DefaultListener) -> dict[str, Any]:
    found = listener.store.get(listener.environment.name)
    return {"state": "", **found}


def run_here(request: ScanRequest, scan_id: str) -> None:
    """Run the scan of a batch in this process."""
    run_local(request, scan_id=scan_id)


def look_until_idle(environment: str, *, most: int = 40) -> list[str]:
    """Look at the events of an environment until nothing is due; returns what was done."""
    done: list[str] = []
    for _ in range(most):
        done.append(look(environment, run_here))
        if done[-1] == "idle":
            return done
    pytest.fail(f"still not idle: {done}")


Look = Callable[[str], list[str]]
