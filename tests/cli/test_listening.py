"""A port that answers belongs to the child that was started, or to somebody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from calipso.cli.stack.child import Child
from calipso.cli.stack.ports import Port
from calipso.cli.stack.process import listens
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.services import Store


def test_a_process_listens_on_its_own_ports_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        assert listens(os.getpid(), server.getsockname()[1]) is True
        assert listens(os.getpid(), bound.getsockname()[1]) is False
        assert listens(1, server.getsockname()[1]) is not True
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"]) as other:
            assert listens(other.pid, server.getsockname()[1]) is False
            other.kill()


def test_a_process_that_is_gone_says_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert listens(gone.pid, 80) is None


SLEEPS = [sys.executable, "-c", "import time; time.sleep(20)"]
LISTENS = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(20)
"""


def child_with(command: list[str], number: int, home: Path) -> Child:
    run = RunDir(home)
    port = Port(run, "mongo", number)
    port.number = number
    store = Store("mongo", lambda: command, store=True, port=port, ping=lambda *_: "answers")
    return Child(store, run, dict(os.environ))


def test_a_store_is_not_up_when_another_program_answers_on_its_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = child_with(SLEEPS, server.getsockname()[1], tmp_path)
        try:
            for _ in range(3):
                child.look()

            assert child.state == "starting"
        finally:
            child.ask_to_stop()
            child.wait_for_end()


def test_a_store_is_up_when_it_listens_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    child = child_with([sys.executable, "-c", LISTENS, str(number)], number, tmp_path)
    try:
        deadline = time.monotonic() + 20
        while child.state != "up" and time.monotonic() < deadline:
            child.look()
            time.sleep(0.05)

        assert child.state == "up"
    finally:
        child.ask_to_stop()
        child.wait_for_end()
