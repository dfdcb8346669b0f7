"""A worker that stood still does not call a host silent that it did not listen to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from calipso.limits import standstill
from tests.access.cli_sections import login
from tests.access.sshd import Sshd

pytestmark = pytest.mark.slow

ASKS = """
import json, sys
from calipso.sources.context import ScanContext
from calipso.errors import CliAccessError
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.access.cli_sections import ECHO, environment

context = ScanContext(
    environment(**json.loads(sys.argv[1])), InventoryMgr(), "scan", cli_commands=(ECHO,)
)
try:
    print(context.source("cli").run(ECHO, "node-1"), end="")
except CliAccessError as error:
    print(error.message)
context.close()
"""


class Doorway:
    """A port that leads to another one, but for the first who comes: nobody speaks to him."""

    def __init__(self, leads_to: int) -> None:
        self.leads_to = leads_to
        self.somebody_came = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = [self._server]
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                peer = self._server.accept()[0]
                self._ends.append(peer)
                if self.somebody_came.is_set():
                    there = socket.create_connection(("127.0.0.1", self.leads_to), 10)
                    self._ends.append(there)
                    for one, other in ((peer, there), (there, peer)):
                        threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()
                self.somebody_came.set()

    def close(self) -> None:
        for end in self._ends:
            end.close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@contextmanager
def doorway(leads_to: int) -> Iterator[Doorway]:
    made = Doorway(leads_to)
    try:
        yield made
    finally:
        made.close()


def said(section: dict[str, object], door: Doorway, still: float) -> str:
    """What a process says that asks node-1, and stands still so long once it is connected."""
    environment = {**os.environ, "CALIPSO_SSH_CONNECT_TIMEOUT": "2"}
    with subprocess.Popen(
        [sys.executable, "-c", ASKS, json.dumps(section)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert door.somebody_came.wait(30)
        if still:
            process.send_signal(signal.SIGSTOP)
            time.sleep(still)
            process.send_signal(signal.SIGCONT)
        return process.communicate(timeout=60)[0]


@pytest.mark.parametrize("through", ["gateway", "host"])
@pytest.mark.usefixtures("inv")
def test_what_is_late_after_a_standstill_is_asked_again(node: Sshd, through: str) -> None:
    with doorway(node.port) as door:
        section = login(node)
        if through == "gateway":
            section |= {"direct": False, "port": door.port}
        else:
            section["hosts"] = {"node-1": {"host": "127.0.0.1", "port": door.port}}

        assert said(section, door, still=4.0) == "hello\n"


@pytest.mark.usefixtures("inv")
def test_a_host_that_is_silent_to_a_worker_that_ran_is_silent(node: Sshd) -> None:
    with doorway(node.port) as door:
        section = login(node, hosts={"node-1": {"host": "127.0.0.1", "port": door.port}})

        assert "then says nothing" in said(section, door, still=0.0)


def test_a_process_that_runs_does_not_stand_still() -> None:
    began = standstill.begin()
    time.sleep(2 * standstill.TICK)

    assert not standstill.stood_still(began)
