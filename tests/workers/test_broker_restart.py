"""A broker that was away: its workers are back seconds after it is, not half a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import celeryconfig
from calipso.cli.stack.embedded import redis_address
from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import free_port, redis_program
from calipso.errors import StoreError
from calipso.settings import settings
from calipso.stores.ping import ping_redis
from tests.faults.rabbit import Rabbit, installed
from tests.workers.conftest import Cluster, wait_for

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]

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


@dataclass
class Broker:
    """A broker that can be ended and started again, and the worker that takes tasks from it."""

    url: str
    start: Callable[[str], AbstractContextManager[None]]
    wait: Callable[[], object]
    ready: Path = Path()

    def back_after(self, again: ExitStack) -> float:
        """Start it again; seconds from when it answers until its worker takes tasks."""
        again.enter_context(self.start("two"))
        self.wait()
        began = time.monotonic()
        wait_for(self.ready.exists, 60)
        return time.monotonic() - began


def redis_broker(folder: Path) -> Broker:
    port, data = free_port(), folder / "redis"
    data.mkdir()
    url, command = redis_address(port), redis_program().command(data, port)
    return Broker(
        url,
        lambda name: running(command, folder / f"redis-{name}.log"),
        lambda: wait_for(lambda: answers(url), 20),
    )


def rabbit_broker(rabbit: Rabbit, folder: Path) -> Broker:
    return Broker(
        rabbit.url,
        lambda name: running(rabbit.command, folder / f"rabbit-{name}.log", rabbit.env),
        rabbit.wait,
    )


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[dict[str, Broker]]:
    """Redis, and RabbitMQ where it is installed: they are away at the same time."""
    made = {"redis": redis_broker(tmp_path)}
    if not installed():
        yield made
        return
    with Rabbit(tmp_path / "rabbit") as rabbit:
        yield made | {"rabbitmq": rabbit_broker(rabbit, tmp_path)}


def test_workers_are_back_soon_after_their_brokers(
    cluster: Cluster, home: Path, brokers: dict[str, Broker], monkeypatch: pytest.MonkeyPatch
):
    with ExitStack() as first:
        for name, broker in brokers.items():
            first.enter_context(broker.start("one"))
            broker.wait()
            monkeypatch.setenv("CALIPSO_BROKER_URL", broker.url)
            settings.cache_clear()
            cluster.worker(queues="scan,cli", name=name)
            (broker.ready,) = (home / "run").glob(f"ready-{name}@*")
    for broker in brokers.values():
        wait_for(lambda broker=broker: not broker.ready.exists(), 30)
    time.sleep(AWAY)

    with ExitStack() as again, ThreadPoolExecutor() as pool:
        asked = {name: pool.submit(broker.back_after, again) for name, broker in brokers.items()}
        seconds = {name: future.result() for name, future in asked.items()}

    print(f"back {seconds} s after the broker")
    assert max(seconds.values()) < celeryconfig.broker_transport_options["interval_max"] + 3
