"""A MongoDB that is stopped (SIGSTOP): commands and the API answer soon and say what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import Shell

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.alone]

SECONDS = 5.0
COMMANDS = ["env list", "scan run demo", "env show demo", "inventory list -e demo", "scan list"]
COMMANDS += ["schedule list", "user list", "clique list -e demo", "db status"]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, str, str]]:
    """A stack whose MongoDB stands still: its shell, the address of its API, the password."""
    folder = tmp_path_factory.mktemp("frozen")
    shell = Shell(folder / "home")
    up = shell("up", "--admin-password-file", str(folder / "password"))
    assert up.returncode == 0, up.stderr
    children = shell.state()["children"]
    address = next(child["address"] for child in children if child["name"] == "api")
    password = Path(folder / "password").read_text().strip()
    assert call(address, password).status_code == 200
    time.sleep(1.5)  # what the API knows of its MongoDB is then old
    pid = shell.pid("mongo")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield shell, address, password
    finally:
        os.kill(pid, signal.SIGCONT)
        shell("down")


def timed(shell: Shell, *words: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Seconds a command takes, and what it says.

    A busy machine starts any program slowly: what its help, which asks no store, takes beyond the
    half second of an idle machine is not counted.
    """
    began = time.monotonic()
    shell(words[0], "--help")
    started = time.monotonic()
    answer = shell(*words)
    return time.monotonic() - started - max(0.0, started - began - 0.5), answer


def call(address: str, password: str, path: str = "environment_configs") -> requests.Response:
    url = f"{address}/api/v1/{path}"
    return requests.get(url, auth=("admin", password), timeout=60)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_fails_within_seconds_and_says_why(
    frozen: tuple[Shell, str, str], words: str
) -> None:
    took, answer = timed(frozen[0], *words.split())

    assert answer.returncode == 1
    assert "has not answered for 2.5 s" in answer.stderr
    assert "calipso status" in answer.stderr
    assert took < SECONDS


@pytest.mark.parametrize("words", ["status", "check", "up"])
def test_a_command_that_looks_at_the_stack_answers_within_seconds(
    frozen: tuple[Shell, str, str], words: str
) -> None:
    took, answer = timed(frozen[0], words)

    assert took < SECONDS
    assert answer.returncode == (0 if words == "up" else 1)


def test_status_names_the_store_that_stands_still(frozen: tuple[Shell, str, str]) -> None:
    answer = frozen[0]("status", "-f", "value", "-c", "name", "-c", "state")

    assert "mongo silent" in " ".join(answer.stdout.split())
    assert "sources up" in " ".join(answer.stdout.split())
    assert "mongo: the process" in answer.stderr


@pytest.mark.parametrize("path", ["environment_configs", "inventory?env_name=demo", "scans"])
def test_a_call_of_the_api_answers_503_within_seconds(
    frozen: tuple[Shell, str, str], path: str
) -> None:
    _, address, password = frozen
    began = time.monotonic()
    answer = call(address, password, path)
    took = time.monotonic() - began

    assert took < SECONDS
    assert answer.status_code == 503
    assert answer.json()["error"]["message"] == "a store of Calipso does not answer"
    assert "calipso status" in answer.json()["error"]["hint"]
