"""A message that is sent after a restart of RabbitMQ, over a connection of before it, arrives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tests.faults.rabbit import Rabbit, installed
from tests.faults.stack import Child

pytestmark = [
    pytest.mark.long,
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(
        not installed(), reason="the package rabbitmq-server is not installed (.ci/system-packages)"
    ),
]

QUEUE = "after-restart"


@pytest.fixture
def rabbit(tmp_path: Path) -> Iterator[tuple[Child, Rabbit]]:
    with Rabbit(tmp_path / "rabbit") as server:
        child = Child("rabbitmq", server.command, tmp_path / "rabbitmq.log", server.env)
        try:
            server.wait()
            yield child, server
        finally:
            child.end()


def sender(url: str) -> Celery:
    """An app that sends as our workers do."""
    app = Celery("test", broker=url, amqp="workers.connection:PacedAMQP")
    app.config_from_object("celeryconfig")
    return app


def waiting(app: Celery) -> int:
    with app.connection_for_read() as connection, connection.channel() as opened:
        channel: Any = opened
        return int(channel.queue_declare(queue=QUEUE, passive=True).message_count)


def test_nothing_is_sent_into_a_connection_that_is_dead(rabbit: tuple[Child, Rabbit]):
    child, server = rabbit
    app = sender(server.url)
    app.send_task("nobody.knows", queue=QUEUE)  # opens the connection that is kept
    assert waiting(app) == 1

    before = child.pid
    child.kill()
    while child.pid == before:
        time.sleep(0.1)
    server.wait()
    app.send_task("nobody.knows", queue=QUEUE)

    assert waiting(app) == 2
