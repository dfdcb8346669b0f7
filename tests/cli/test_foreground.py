"""`calipso api`, `worker`, `beat`: the process becomes the program that systemd watches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from calipso.cli.main import main
from calipso.cli.stack.programs import free_port
from calipso.errors import StoreError
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.scans.worker_store import WorkerStore
from tests.scan.conftest import ENVIRONMENT as TOY

ENVIRONMENT = TOY | {"name": "prod"}

ROOT = Path(__file__).resolve().parents[2]


class Became(Exception):
    """Instead of the program."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command)
        self.command = command


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch, home: Path) -> Any:
    """Runs a command line; returns the program it becomes."""

    def stop(path: str, command: list[str], *_: Any) -> None:
        raise Became(command)

    monkeypatch.setattr(os, "execve", stop)
    monkeypatch.setattr(os, "execv", stop)

    def run(*words: str) -> list[str]:
        from calipso.cli import lazy

        with pytest.raises(Became) as caught:
            lazy.load(words[0]).main(args=list(words[1:]), standalone_mode=False)
        return caught.value.command

    return run


@pytest.fixture
def edge(home: Path) -> None:
    """An environment some of whose hosts have the queue `cli-edge`, in a database of today."""
    Migrator().upgrade()
    environment = ENVIRONMENT | {
        "queues": {"hosts": [{"hosts": ["edge1-*"], "queue": "cli-edge"}]},
    }
    EnvironmentStore().add(environment)


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


@pytest.mark.parametrize(
    ("words", "pool", "size", "name"),
    [
        ("--queues scan,events,api,db,cli", "threads", "16", "sources@%h"),
        ("--queues links,cliques", "prefork", "2", "graph@%h"),
        ("--queues links,api", "threads", "16", "sources@%h"),
        ("--queues cli-edge --name edge -c 4", "threads", "4", "edge@%h"),
        ("-Q cliques --pool threads", "threads", "16", "graph@%h"),
    ],
)
@pytest.mark.usefixtures("edge")
def test_a_worker_has_the_pool_its_queues_need(
    became: Any, words: str, pool: str, size: str, name: str
) -> None:
    command = became("worker", *words.split())

    assert command[:5] == [sys.executable, "-P", "-m", "workers.program", "worker"]
    assert [option(command[5:], flag) for flag in ("-P", "-c", "-n")] == [pool, size, name]
    assert ("--max-memory-per-child" in " ".join(command)) == (pool == "prefork")


@pytest.mark.parametrize("words", ["--queues=", "--queues=a,;b", "--queues=cli --name=a/b"])
def test_what_is_no_queue_or_name_is_refused(words: str) -> None:
    assert main(["worker", *words.split()]) == 2


def test_a_queue_that_no_environment_names_is_refused_with_the_nearest_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worker", "--queues", "cli-edge"]) == 2
    assert "no task goes to a queue cli-edge." in said(capsys)

    EnvironmentStore().add(ENVIRONMENT | {"queues": {"db": "db-dc1", "cli": "cli-edge"}})
    assert main(["worker", "--queues", "api,cli-egde"]) == 2
    told = said(capsys)
    assert "no task goes to a queue cli-egde; did you mean cli-edge?" in told
    assert "There are: api, cli, cli-edge, cliques, db, db-dc1, events, " in told


def test_without_a_store_any_name_may_be_a_queue_of_an_environment(
    became: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: EnvironmentStore) -> Any:
        raise StoreError("no MongoDB")

    monkeypatch.setattr(EnvironmentStore, "list", fails)

    command = became("worker", "--queues", "cli-edge")

    assert option(command[5:], "-Q") == "cli-edge"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was written to stderr, without the frame and the ends of its lines."""
    return " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_the_flags_of_the_api_reach_the_server(became: Any) -> None:
    flags = "-b 127.0.0.1:1 -m /m --ldap_config /l -l DEBUG -y RDO -t 60 --workers 3 --threads 4"
    command = became("api", *flags.split(), "--cors-origin", "https://a", "--cors-origin", "*")

    from calipso.api.server import parser

    given = parser().parse_args(command[4:])
    assert command[1:4] == ["-P", "-m", "calipso.api.server"]
    assert (given.bind, str(given.mongo_config), given.inventory) == ("127.0.0.1:1", "/m", "RDO")
    assert (given.loglevel, given.token_lifetime, given.workers, given.threads) == (
        "DEBUG",
        60,
        3,
        4,
    )
    assert given.cors_origin == ["https://a", "*"]


def becomes(condition: Any, seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.usefixtures("edge")
def test_worker_beat_and_api_run_and_end_in_order(home: Path, tmp_path: Path) -> None:
    port = free_port()
    commands = {
        "edge": ["worker", "--queues", "cli-edge", "--name", "edge"],
        "beat": ["beat"],
        "api": ["api", "--bind", f"127.0.0.1:{port}", "--workers", "1"],
    }
    processes = {}
    try:
        for name, words in commands.items():
            with (tmp_path / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "calipso", *words], stdout=log, stderr=log, cwd=ROOT
                )

        def well() -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
            except requests.RequestException:
                return False

        assert becomes(well), (tmp_path / "api.log").read_text()
        assert becomes(lambda: any(w["queues"] == ["cli-edge"] for w in WorkerStore().live()))
        assert becomes((home / "run" / "heartbeat-beat").exists)
        (worker,) = [w for w in WorkerStore().live() if w["queues"] == ["cli-edge"]]
        assert worker["pid"] == processes["edge"].pid  # it is the process that was started

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        assert {name: process.wait(60) for name, process in processes.items()} == dict.fromkeys(
            commands, 0
        )
        assert [w for w in WorkerStore().live() if w["queues"] == ["cli-edge"]] == []
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.wait(10)
