"""Signs of life of a worker do not depend on each other, and end by no error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from celery.worker import state

from calipso.errors import ConfigError
from calipso.stores.scans.worker_store import WorkerStore
from tests.operate.conftest import Cluster, wait_for
from workers.base import set_worker_name, worker_name

NAME = "w@here"
WORKER: Any = SimpleNamespace(
    hostname=NAME,
    app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=["scan", "cli"]))),
    pool=SimpleNamespace(info={}),
)


@pytest.fixture
def health(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, for a worker in this process that beats fast."""
    from workers import health  # needs the addresses of the stores

    stop, name = threading.Event(), worker_name()
    monkeypatch.setattr(health, "INTERVAL", 0.05)
    monkeypatch.setattr(health, "_stop", stop)
    monkeypatch.setattr(health, "_stopping", threading.Event())
    set_worker_name(f"{NAME}#1")
    yield health
    stop.set()
    for sign in health._signs:
        sign.join(5)
    set_worker_name(name)


@pytest.fixture
def heart(home: Path) -> Path:
    """The file it touches."""
    return home / "run" / f"heartbeat-{NAME}"


def queues() -> list[str] | None:
    """What the stored heartbeat says."""
    found = WorkerStore().workers.find_one({"_id": f"{NAME}#1"})
    return found and found["queues"]


def touched_again(file: Path) -> bool:
    first = file.stat().st_mtime_ns
    return bool(wait_for(lambda: file.stat().st_mtime_ns > first, 10))


def test_the_first_beat_comes_at_once(
    health: ModuleType, heart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "INTERVAL", 3600)

    health.start_heart(WORKER)

    wait_for(lambda: heart.exists() and queues() == ["cli", "scan"], 10)


def test_a_store_that_hangs_keeps_no_file_from_being_touched(
    health: ModuleType, heart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(WorkerStore, "beat", lambda *_: answer.wait(30))
    try:
        health.start_heart(WORKER)
        wait_for(heart.exists, 10)

        assert touched_again(heart)
    finally:
        answer.set()


@pytest.mark.parametrize("error", [ConfigError("no MONGO_URL"), RuntimeError("of any library")])
def test_a_heart_that_met_an_error_goes_on(
    health: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    real, errors = WorkerStore.beat, iter([error, error])

    def beat(self: WorkerStore, *rest: Any) -> None:
        if failure := next(errors, None):
            raise failure
        real(self, *rest)

    monkeypatch.setattr(WorkerStore, "beat", beat)
    health.start_heart(WORKER)

    wait_for(lambda: queues() == ["cli", "scan"], 10)
    assert caplog.text.count(f"heartbeat: {error}") == 2


def test_a_connection_that_does_not_close_stops_no_beat(
    health: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    monkeypatch.setattr(health, "close_finished_scans", lambda: closed.wait(30))
    try:
        health.start_heart(WORKER)
        wait_for(lambda: queues() == ["cli", "scan"], 10)
        WorkerStore().forget(f"{NAME}#1")

        wait_for(lambda: queues() == ["cli", "scan"], 10)
    finally:
        closed.set()


def test_a_worker_whose_clock_went_wrong_takes_no_more_tasks(
    health: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def far_off() -> None:
        raise ConfigError("the clock of this machine is 9.0 s ahead of that of Redis")

    monkeypatch.setattr(health, "compare_clocks", far_off)
    monkeypatch.setattr(health, "CLOCK_INTERVAL", 0.05)
    monkeypatch.setattr(state, "should_stop", None)
    health.start_heart(WORKER)

    wait_for(lambda: queues() == [], 10)
    assert state.should_stop == 1


@pytest.mark.broker
def test_a_worker_whose_clock_went_wrong_ends(cluster: Cluster) -> None:
    words = ["worker", "-Q", "cli", "-P", "threads", "-c", "1", "-n", "w0@%h"]
    cluster._start("w0", [*words, "--include", "tests.operate.wrong_clock"])

    assert cluster.children[0].wait(90) == 1
    log = (cluster.folder / "w0.log").read_text()
    assert "60.0 s ahead of that of Redis; this worker ends" in log
    assert WorkerStore().live() == []
