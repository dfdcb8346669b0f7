"""`calipso up --flower`: supervised, on loopback, behind a password nobody else sees."""

from __future__ import annotations

import base64
import os
import re
import signal
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell

pytest.importorskip("flower", reason="flower is not installed (extra `flower`)")

pytestmark = [pytest.mark.broker, pytest.mark.long]


@pytest.fixture(scope="module")
def first_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, str]]:
    """A stack with Flower, and what the first `up` said."""
    shell = Shell(tmp_path_factory.mktemp("flower") / "home")
    done = shell("up", "--flower")
    try:
        assert done.returncode == 0, done.stderr
        yield shell, done.stderr
    finally:
        shell("down")


def flower(shell: Shell) -> dict[str, Any]:
    """Its entry in the state of the supervisor."""
    children = shell.state()["children"]
    found: dict[str, Any] = next(child for child in children if child["name"] == "flower")
    return found


def status(address: str, password: str = "") -> int:
    """What Flower answers to a request for its workers."""
    request = urllib.request.Request(f"{address}/workers?json=1")
    if password:
        login = base64.b64encode(f"calipso:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {login}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def becomes(condition: Callable[[], bool], seconds: float = 40.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_flower_answers_to_the_password_alone(first_up: tuple[Shell, str]) -> None:
    shell, said = first_up
    address = flower(shell)["address"]
    password = re.search(r"its password (\S+)", said)

    assert password
    assert address.startswith("http://127.0.0.1:")
    assert status(address) == 401
    assert status(address, "wrong") == 401
    assert status(address, password[1]) == 200


def test_the_password_is_in_a_file_of_its_user_and_on_no_command_line(
    first_up: tuple[Shell, str],
) -> None:
    shell, _ = first_up
    path = shell.home / "flower.password"
    password = path.read_text().strip()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((shell.home / "run" / "flower_config.py").stat().st_mode) == 0o600
    command = Path(f"/proc/{flower(shell)['pid']}/cmdline").read_text()
    assert "flower" in command
    assert password not in command
    assert password not in (shell.home / "log" / "flower.log").read_text()


def test_flower_is_a_row_of_status_and_no_worker(first_up: tuple[Shell, str]) -> None:
    shell, _ = first_up

    done = shell("status", "-f", "value", "-c", "name", "-c", "state")

    assert "flower up" in done.stdout.splitlines()
    assert done.returncode == 0


def test_killed_flower_is_started_again_with_its_password(first_up: tuple[Shell, str]) -> None:
    shell, _ = first_up
    password = (shell.home / "flower.password").read_text().strip()
    before = flower(shell)

    os.kill(before["pid"], signal.SIGKILL)

    assert becomes(lambda: flower(shell)["restarts"] == 1 and flower(shell)["state"] == "up")
    assert status(flower(shell)["address"], password) == 200


def test_a_second_up_does_not_show_the_password_again(first_up: tuple[Shell, str]) -> None:
    shell, _ = first_up
    password = (shell.home / "flower.password").read_text().strip()

    done = shell("up", "--flower")

    assert done.returncode == 0
    assert password not in done.stdout + done.stderr


def test_flower_cannot_be_added_to_what_runs_without_it(calipso: Shell) -> None:
    assert calipso("up", "--only", "stores").returncode == 0

    done = calipso("up", "--flower")

    assert done.returncode == 1
    assert "without Flower" in done.stderr
    assert "calipso up --flower" in done.stderr


def test_flower_without_workers_is_wrong_usage(calipso: Shell) -> None:
    assert calipso("up", "--flower", "--only", "stores").returncode == 2
