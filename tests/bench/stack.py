"""A stack of its own for a benchmark: own directory, own ports, gone at the end.

The supervisor of `calipso up` runs as a child that ends when this process does, however that is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calipso.cli.stack.process import identify, spawn, stop
from calipso.cli.stack.programs import free_port
from calipso.cli.stack.rundir import RunDir, write_json
from calipso.cli.stack.view import silent_workers
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import close_clients

ROOT = Path(__file__).resolve().parents[2]
UP_SECONDS = 120.0
DOWN_SECONDS = 60.0

#: Addresses of other people's stores must not be used.
FOREIGN = ("MONGO_URL", "REDIS_URL", "CELERY_BROKER_URL")


class Stack:
    """MongoDB, Redis, the workers and beat in a directory; settings of this process are theirs."""

    def __init__(self, home: Path, workers: int = 1, more: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.workers = workers
        self.more = {f"CALIPSO_{name.upper()}": value for name, value in (more or {}).items()}
        self._before: dict[str, str] = {}
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Stack:
        self._before = dict(os.environ)
        for name in list(os.environ):
            if name.startswith("CALIPSO_") or name in FOREIGN:
                del os.environ[name]
        os.environ.update({"CALIPSO_HOME": str(self.home), **self.more})
        settings.cache_clear()
        self.run = RunDir(settings().data_dir())
        write_json(self.run.ports_file, {"mongo": free_port(), "redis": free_port()})
        command = [sys.executable, "-m", "calipso.cli.stack.supervisor"]
        command += ["--workers", str(self.workers)]
        self._supervisor = spawn(command, self.run.log_file("supervisor"), cwd=ROOT)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        close_clients()
        if self._supervisor:
            if identity := identify(self._supervisor.pid):
                stop(identity, DOWN_SECONDS)
            self._supervisor.wait(10)
        os.environ.clear()
        os.environ.update(self._before)
        settings.cache_clear()

    def pids(self) -> dict[str, int]:
        """Processes by name, the supervisor among them."""
        found = {child["name"]: int(child["pid"]) for child in self._state()["children"]}
        return found | {"supervisor": int(self._state()["pid"])}

    def _state(self) -> dict[str, Any]:
        return self.run.state()

    def _wait(self) -> None:
        """Until the stores answer and each worker has sent a heartbeat."""
        deadline = time.monotonic() + UP_SECONDS
        while self._state().get("state") != "up" or silent_workers(self._state()):
            if self._supervisor is None or self._supervisor.poll() is not None:
                raise RuntimeError(f"the stack does not start; its logs are in {self.run.log}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the stack is not up after {UP_SECONDS:.0f} s: {self.run.log}")
            time.sleep(0.1)
