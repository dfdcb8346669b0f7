"""Processes we start: tied to their parent, recognised by pid and start time, ended in order.

Linux: reads /proc and uses PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1
POLL = 0.05

#: State of a listening socket in `/proc/net/tcp`.
_LISTEN = "0A"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """A process that cannot be confused with a later one of the same pid."""

    pid: int
    started: int  # clock ticks after boot, field 22 of /proc/PID/stat

    def alive(self) -> bool:
        """True while exactly this process runs (a zombie does not)."""
        return process_start(self.pid) == self.started

    def command(self) -> str:
        """Its command line, words joined by spaces; empty when it is gone."""
        try:
            raw = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs after that."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True


def listens(pid: int, port: int) -> bool | None:
    """True when the process has a socket that listens on this TCP port; None if nobody can say.

    The facts come from `/proc/PID/net/tcp`, `tcp6` and `/proc/PID/fd`.
    """
    try:
        rows = [
            line.split()
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
        ]
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
    links = set()
    for each in descriptors:
        with contextlib.suppress(OSError):  # closed meanwhile
            links.add(str(each.readlink()))
    listening = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[3] == _LISTEN and row[1].endswith(f":{port:04X}")
    }
    return not listening.isdisjoint(links)


def process_start(pid: int) -> int | None:
    """Start time of a running process in clock ticks; None when it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return None if fields[0] in "ZX" else int(fields[19])


def identify(pid: int) -> Identity | None:
    """The identity of a running process."""
    started = process_start(pid)
    return None if started is None else Identity(pid, started)


def _private(log: Path) -> BinaryIO:
    """A log to append to, for its owner only: names of a cloud are in it."""
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def spawn(
    command: Sequence[str],
    log: Path | None,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    tied: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, output appended to `log`, or where ours goes.

    `tied`: it gets SIGTERM when the thread that started it ends, so that a killed parent
    leaves nothing behind.
    """
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    with _private(log) if log is not None else contextlib.nullcontext() as output:
        return subprocess.Popen(  # noqa: S603 - command lines are made by us
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log is not None else None,
            env=dict(environment) if environment is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=tie if tied else None,
        )


def stop(identity: Identity, grace: float) -> bool:
    """SIGTERM, wait, SIGKILL. True when it ended by itself in time."""
    identity.send(signal.SIGTERM)
    if identity.wait(grace):
        return True
    kill_group_of(identity.pid)
    identity.wait(5.0)
    return False


def kill_group_of(pid: int) -> None:
    """SIGKILL a child we spawned and all it started: it leads a process group of its own.

    Call it while the child lives or is not reaped yet, so that the number is still its own.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
