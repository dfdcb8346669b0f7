"""A child of the supervisor: it is started, watched, and started again after a growing pause."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from typing import Any

from calipso.cli.stack.embedded import last_line
from calipso.cli.stack.process import Identity, identify, kill_group_of, listens, spawn
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.services import Service, Store
from calipso.errors import StoreError

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
STEADY_SECONDS = 60.0  # seconds of running after which the next pause is the shortest again
PING_SECONDS = 1.0

log = logging.getLogger("calipso.stack")


class Child:
    """A program and its process. States: waiting, starting, up, stopping, down."""

    def __init__(self, service: Service, run: RunDir, environment: dict[str, str]) -> None:
        self.service = service
        self.run_dir = run
        self.environment = environment
        self.state = "waiting"
        self.since = datetime.now(UTC)
        self.restarts = -1  # the first start is not a restart
        self.message = ""
        self.log = run.log / f"{service.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: Identity | None = None
        self._started = 0.0
        self._not_before = 0.0
        self._failures = 0
        self._kill_after: float | None = None

    def look(self) -> None:
        """Do the next step: start, reap, or ask a starting store whether it answers."""
        if self._process is None:
            if time.monotonic() >= self._not_before:
                self._start()
        elif self._ended():
            self._reap()
        elif self._kill_after is not None and time.monotonic() > self._kill_after:
            kill_group_of(self._process.pid)
        elif self.state == "starting" and self._answers():
            self._become("up")

    def ask_to_stop(self) -> None:
        """SIGTERM: a worker ends its tasks, a store writes its data."""
        if self._process is not None and self._identity is not None:
            self._become("stopping")
            self._kill_after = time.monotonic() + self.service.grace
            self._identity.send(signal.SIGTERM)

    def wait_for_end(self) -> None:
        """Wait for the end after `ask_to_stop`; SIGKILL when the time is over."""
        while self._process is not None and not self._ended():
            if self._kill_after is None or time.monotonic() > self._kill_after:
                log.warning("%s did not end in time; it is killed", self.service.name)
                kill_group_of(self._process.pid)
                break
            time.sleep(0.05)
        if self._process is not None:
            kill_group_of(self._process.pid)
            self._process.wait()
        self._process = None
        self._become("down")

    def notices(self) -> list[str]:
        """A message about this child for a person."""
        if not isinstance(self.service, Store):
            return []
        replaced = self.service.port.notice() if self.service.port else ""
        return [*self.service.notices, *([replaced] if replaced else [])]

    def as_document(self) -> dict[str, Any]:
        """Its part of the state file."""
        identity = self._identity if self._process is not None else None
        return {
            "name": self.service.name,
            "state": self.state,
            "pid": identity.pid if identity else None,
            "started": identity.started if identity else None,
            "since": self.since.isoformat(),
            "restarts": max(self.restarts, 0),
            "failures": self._failures,
            "address": self.service.address if isinstance(self.service, Store) else "",
            "log": str(self.log),
            "message": self.message,
        }

    def _start(self) -> None:
        self.restarts += 1
        try:
            command = self.service.command()
            self.log = self.run_dir.log_file(self.service.name)
            environment = self.service.environment(self.environment)
            self._process = spawn(command, self.log, environment=environment)
        except (OSError, StoreError) as error:
            self._failed(self.run_dir.disk_problem() or str(error))
            return
        self._started = time.monotonic()
        self._identity = identify(self._process.pid)
        log.info("%s started, pid %d", self.service.name, self._process.pid)
        self._become("starting" if self.service.store else "up")

    def _answers(self) -> bool:
        if not isinstance(self.service, Store):
            return True
        try:
            self.service.ping(self.service.address, PING_SECONDS)
        except StoreError:
            return False
        return not self._ended() and self._is_ours()

    def _is_ours(self) -> bool:
        """False when another server answered: it took the port first, and the child will end."""
        port = self.service.port if isinstance(self.service, Store) else None
        if port is None or self._process is None:
            return True
        return listens(self._process.pid, port.number) is not False

    def _ended(self) -> bool:
        """True when the process has ended; it stays a zombie, so its pid is not reused yet."""
        if self._process is None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def _reap(self) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        kill_group_of(self._process.pid)  # pool processes whose parent was killed
        code = self._process.wait()
        self._process = None
        if time.monotonic() - self._started > STEADY_SECONDS:
            self._failures = 0
        if self.state == "stopping":
            self._kill_after = None
            self._become("waiting")
            return
        self._failed(self.run_dir.disk_problem() or self._how_it_ended(code))

    def _how_it_ended(self, code: int) -> str:
        if code == -signal.SIGKILL:  # then its log has no reason
            return "was killed, by a person or by the kernel (out of memory)"
        how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{how}: {last_line(self.log)}"

    def _failed(self, message: str) -> None:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._not_before = time.monotonic() + pause
        self.message = message
        log.warning("%s %s; next start in %.1f s", self.service.name, message, pause)
        self._become("waiting")

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.since = datetime.now(UTC)
