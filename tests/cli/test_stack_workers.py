"""`calipso up` with real Celery workers and beat: kept running, silent ones noticed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.stack.process import identify
from tests.cli.conftest import Shell

pytestmark = [pytest.mark.broker, pytest.mark.long]

NAMES = {"mongo", "redis", "sources", "sources-2", "graph", "beat", "events", "api"}
#: One of each kind, killed at once.
KILLED = ("sources", "graph", "beat", "api")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("stack") / "home")
    shell.environment["CALIPSO_WORKER_LOST_AFTER"] = "5"
    up = shell("up", "--workers", "2")
    assert up.returncode == 0, up.stderr
    yield shell
    shell("down")


def rows(stack: Shell) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(stack("status", "-f", "json").stdout)}


def becomes(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


def all_up(stack: Shell) -> bool:
    return {row["state"] for row in rows(stack).values()} == {"up"}


def test_up_returns_when_every_worker_works(stack: Shell) -> None:
    assert stack("check", "--stack-only").returncode == 0
    assert {name for name, row in rows(stack).items() if row["state"] == "up"} == NAMES


def test_each_process_has_its_log(stack: Shell) -> None:
    for name, row in rows(stack).items():
        # the wheel of Redis logs at start, the size is not ours; without a listener, no event
        if name not in ("redis", "events"):
            log = Path(row["log"])
            assert becomes(lambda log=log: log.stat().st_size > 0), name


def test_killed_children_are_started_again_and_leave_no_process(stack: Shell) -> None:
    assert becomes(lambda: all_up(stack))
    before = {name: row for name, row in rows(stack).items() if name in KILLED}
    leaders = {name: identify(row["pid"]) for name, row in before.items()}

    for row in before.values():
        os.kill(row["pid"], signal.SIGKILL)

    wanted = {name: row["restarts"] + 1 for name, row in before.items()}
    assert becomes(lambda: {name: rows(stack)[name]["restarts"] for name in KILLED} == wanted)
    assert becomes(lambda: all_up(stack))
    for name, leader in leaders.items():
        assert leader is not None, name
        assert not leader.alive(), name
        assert processes_of_group(before[name]["pid"]) == [], name


@pytest.mark.long
def test_a_worker_that_hangs_is_shown_as_silent(stack: Shell) -> None:
    assert becomes(lambda: all_up(stack))
    pid = rows(stack)["sources-2"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert becomes(lambda: rows(stack)["sources-2"]["state"] == "silent", 30)
        assert stack("status").returncode == 1
    finally:
        os.kill(pid, signal.SIGCONT)

    assert becomes(lambda: all_up(stack))


def test_workers_survive_the_restart_of_their_stores(stack: Shell) -> None:
    assert becomes(lambda: all_up(stack))
    before = rows(stack)

    for name in ("mongo", "redis"):
        os.kill(before[name]["pid"], signal.SIGKILL)

    assert becomes(lambda: rows(stack)["mongo"]["restarts"] == before["mongo"]["restarts"] + 1)
    assert becomes(lambda: all_up(stack) and stack("check", "--stack-only").returncode == 0)
    for name in ("sources", "sources-2", "graph", "beat"):
        assert rows(stack)[name]["pid"] == before[name]["pid"], name


@pytest.mark.long
def test_a_killed_supervisor_takes_its_workers_along_or_down_ends_them(stack: Shell) -> None:
    assert becomes(lambda: all_up(stack))
    pids = [row["pid"] for row in rows(stack).values()]

    os.kill(stack.state()["pid"], signal.SIGKILL)
    time.sleep(1)
    assert stack("down").returncode == 0

    assert becomes(lambda: not any(processes_of_group(pid) for pid in pids))
    assert stack("up", "--workers", "2").returncode == 0


def processes_of_group(group: int) -> list[int]:
    """Processes that were started by a child of the supervisor, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found
