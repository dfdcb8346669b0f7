"""Real Celery workers and beat as child processes, on the stores of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calipso.discover.engine.scan_manager import progress
from calipso.settings import settings
from calipso.stores.scans.worker_store import WorkerStore
from tests.conftest import Stores

ROOT = Path(__file__).resolve().parents[2]
QUEUES = "scan,events,api,db,cli,links,cliques"


class Cluster:
    """Child processes of one test; `stop` ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[subprocess.Popen[bytes]] = []

    def worker(
        self,
        queues: str = QUEUES,
        pool: str = "threads",
        number: int = 8,
        name: str = "",
        include: str = "",
    ) -> int:
        """Start a worker and wait until it consumes; returns its pid."""
        known = {item["_id"] for item in WorkerStore().live()}
        name = name or f"w{len(self.children)}"
        options = ["worker", "-Q", queues, "-P", pool, "-c", str(number), "-n", f"{name}@%h"]
        options += ["--include", include] if include else []
        pid = self._start(name, [*options, "--without-gossip", "--without-mingle"])
        wait_for(lambda: {item["_id"] for item in WorkerStore().live()} - known, 60)
        return pid

    def beat(self) -> int:
        """Start beat; returns its pid."""
        return self._start("beat", ["beat", "-s", str(self.folder / "schedule"), "--pidfile="])

    def kill(self, pid: int) -> None:
        """kill -9 a child and its pool."""
        os.killpg(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End what still runs."""
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait(10)

    def _start(self, name: str, options: list[str]) -> int:
        log = (self.folder / f"{name}.log").open("wb")
        command = [sys.executable, "-m", "workers.program", *options]
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, env=os.environ
        )
        log.close()
        self.children.append(child)
        return child.pid


def wait_for(condition: Callable[[], object], seconds: float) -> object:
    """Wait until the condition gives something; fails after the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    pytest.fail(f"nothing after {seconds} s")


def wait_for_end(scan_id: str, seconds: float = 60) -> dict[str, object]:
    """Wait until a scan ended; returns its progress."""

    def ended() -> dict[str, object] | None:
        found = progress(scan_id)
        return found if found["status"] not in ("pending", "running") else None

    found = wait_for(ended, seconds)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def cluster(
    stores: Stores, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A place for workers of a Redis database of its own."""
    monkeypatch.setenv("CALIPSO_WORKER_LOST_AFTER", "5")
    monkeypatch.setenv("CALIPSO_WATCHDOG_INTERVAL", "2")
    settings.cache_clear()
    import redis

    redis.Redis.from_url(stores.redis_url).flushdb()
    running = Cluster(tmp_path)
    yield running
    running.stop()
