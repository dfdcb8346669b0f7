"""A broker that was away: its workers are back seconds after it is, not half a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import celeryconfig
from calipso.cli.stack.embedded import redis_address
from calipso.cli.stack.ping import ping_redis
from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import free_port, redis_program
from calipso.errors import StoreError
from calipso.settings import settings
from tests.faults.rabbit import Rabbit, installed
from tests.workers.conftest import Cluster, wait_for

pytestmark = [pytest.mark.broker, pytest.mark.slow]

#: Seconds the broker is away: kombu's own pauses have grown to 8 s and more by then.
AWAY = 14


@contextmanager
def running(command: list[str], log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """A server, until the end of the block."""
    child = spawn(command, log, environment=env)
    try:
        yield
    finally:
        identity = identify(child.pid)
        if identity:
            stop(identity, 20)
        child.wait(20)


def answers(url: str) -> bool:
    try:
        ping_redis(url)
    except StoreError:
        return False
    return True


def check_return(
    ready: Path, again: AbstractContextManager[None], wait: Callable[[], object]
) -> None:
    """The broker has ended; it comes back, and then the worker within one pause."""
    wait_for(lambda: not ready.exists(), 30)
    time.sleep(AWAY)
    with again:
        wait()
        began = time.monotonic()
        wait_for(ready.exists, 60)
        seconds = time.monotonic() - began
    print(f"back {seconds:.1f} s after the broker")
    assert seconds < celeryconfig.broker_transport_options["interval_max"] + 3


def ready_file(home: Path) -> Path:
    """The file that is there while the worker takes tasks."""
    found = wait_for(lambda: list((home / "run").glob("ready-w0@*")), 30)
    assert isinstance(found, list)
    return found[0]


def test_a_worker_is_back_soon_after_redis(
    cluster: Cluster, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    port, data = free_port(), tmp_path / "redis"
    data.mkdir()
    url, command = redis_address(port), redis_program().command(data, port)
    monkeypatch.setenv("CALIPSO_BROKER_URL", url)
    settings.cache_clear()
    with running(command, tmp_path / "one.log"):
        wait_for(lambda: answers(url), 20)
        cluster.worker(queues="scan,cli")
        file = ready_file(home)

    again = running(command, tmp_path / "two.log")
    check_return(file, again, lambda: wait_for(lambda: answers(url), 20))


@pytest.mark.skipif(not installed(), reason="no RabbitMQ: install the package rabbitmq-server")
def test_a_worker_is_back_soon_after_rabbitmq(
    cluster: Cluster, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Rabbit(tmp_path / "rabbit") as rabbit:
        monkeypatch.setenv("CALIPSO_BROKER_URL", rabbit.url)
        settings.cache_clear()
        with running(rabbit.command, tmp_path / "one.log", rabbit.env):
            rabbit.wait()
            cluster.worker(queues="scan,cli")
            file = ready_file(home)

        again = running(rabbit.command, tmp_path / "two.log", rabbit.env)
        check_return(file, again, rabbit.wait)
