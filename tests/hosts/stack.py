"""Stores, beat and a worker for links and cliques on this machine; workers of sources anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from calipso.cli.stack.process import identify, kill_group_of, spawn, stop
from calipso.cli.stack.programs import LOOPBACK, free_port, mongo_program, redis_program
from calipso.errors import StoreError
from calipso.settings import settings
from calipso.stores.mongo import mongo_access
from calipso.stores.ping import ping_mongo, ping_redis
from calipso.stores.scans.worker_store import WorkerStore
from tests.hosts.network import Host

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "scan,events,api,db,cli"


class Stack:
    """Child processes in a folder; all end with the block."""

    def __init__(self, folder: Path, address: str = LOOPBACK, **more: str) -> None:
        self.folder = folder
        self.address = address
        self._more = more
        self._before: dict[str, str | None] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Stack:
        """The stores answer, and the settings of this process point at them."""
        try:
            given = self._stores() | {
                "CALIPSO_HOME": str(self.folder / "home"),
                "CALIPSO_MONGO_DATABASE": "hosts",
                **self._more,
            }
            self._before = {name: os.environ.get(name) for name in given}
            os.environ.update(given)
            settings.cache_clear()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        mongo_access.close_clients()
        for name in reversed(list(self._children)):
            self.end(name)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        settings.cache_clear()

    def center(self) -> None:
        """Beat, and the worker that computes."""
        self._start("beat", self._celery("beat", "-s", f"{self.folder}/schedule", "--pidfile="))
        self.worker("graph", "links,cliques", 2, pool="prefork")

    def worker(
        self,
        name: str,
        queues: str = SOURCES,
        number: int = 4,
        *,
        pool: str = "threads",
        host: Host | None = None,
    ) -> None:
        """A worker, on a host of its own when one is given; waits until it works."""
        words = ["worker", "-Q", queues, "-P", pool, "-c", str(number), "-n", f"{name}@%h"]
        command = self._celery(*words, "--without-gossip", "--without-mingle")
        env = dict(os.environ)
        if host is not None:  # a machine of its own: own data directory, the same key file
            home = self.folder / host.name
            home.mkdir(mode=0o700, exist_ok=True)
            shutil.copy(settings().data_dir() / "secret.keys", home)
            env["CALIPSO_HOME"] = str(home)
            command = host.command(command)
        self._start(name, command, env)
        wait(lambda: self.alive(name), 60, f"worker {name} does not start")

    def alive(self, name: str) -> dict[str, Any] | None:
        """The heartbeat of a worker, when it is fresh."""
        found = [w for w in WorkerStore().live() if w["_id"].startswith(f"{name}@")]
        return found[0] if found else None

    def end(self, name: str) -> None:
        """Stop a child for good."""
        child = self._children.pop(name)
        identity = identify(child.pid)
        if identity and not stop(identity, 8.0):
            kill_group_of(child.pid)
        child.wait(10)

    # -- parts -------------------------------------------------------------------------

    def _stores(self) -> dict[str, str]:
        mongo, redis = free_port(), free_port()
        urls = {
            "CALIPSO_MONGO_URL": f"mongodb://{self.address}:{mongo}/?directConnection=true",
            "CALIPSO_REDIS_URL": f"redis://{self.address}:{redis}/0",
        }
        for name, program, port in (
            ("mongo", mongo_program(), mongo),
            ("redis", redis_program(), redis),
        ):
            data = self.folder / name
            data.mkdir(parents=True)
            words = [self.address if w == LOOPBACK else w for w in program.command(data, port)]
            self._start(name, words, program.environment(os.environ))
        wait(lambda: _answers(ping_mongo, urls["CALIPSO_MONGO_URL"]), 60, "MongoDB")
        wait(lambda: _answers(ping_redis, urls["CALIPSO_REDIS_URL"]), 60, "Redis")
        return urls

    def _celery(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "workers.program", *words]

    def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        log = self.folder / f"{name}.log"
        self._children[name] = spawn(command, log, environment=env or dict(os.environ), cwd=ROOT)


def wait(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until the condition gives something. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what}: nothing after {seconds} s")


def _answers(ping: Callable[[str], str], url: str) -> bool:
    try:
        ping(url)
    except StoreError:
        return False
    return True
