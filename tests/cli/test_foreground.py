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
from calipso.stores.scans.worker_store import WorkerStore

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


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


@pytest.mark.parametrize(
    ("words", "pool", "size", "name"),
    [
        ("--queues scan,api,db,cli", "threads", "16", "sources@%h"),
        ("--queues links,cliques", "prefork", "2", "graph@%h"),
        ("--queues links,api", "threads", "16", "sources@%h"),
        ("--queues cli --name edge -c 4", "threads", "4", "edge@%h"),
        ("-Q cliques --pool threads", "threads", "16", "graph@%h"),
    ],
)
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


@pytest.mark.broker
def test_worker_beat_and_api_run_and_end_in_order(home: Path, tmp_path: Path) -> None:
    port = free_port()
    commands = {
        "edge": ["worker", "--queues", "events", "--name", "edge"],
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
        assert becomes(lambda: any(w["queues"] == ["events"] for w in WorkerStore().live()))
        assert becomes((home / "run" / "heartbeat-beat").exists)
        (worker,) = [w for w in WorkerStore().live() if w["queues"] == ["events"]]
        assert worker["pid"] == processes["edge"].pid  # it is the process that was started

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        assert {name: process.wait(60) for name, process in processes.items()} == dict.fromkeys(
            commands, 0
        )
        assert [w for w in WorkerStore().live() if w["queues"] == ["events"]] == []
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.wait(10)
