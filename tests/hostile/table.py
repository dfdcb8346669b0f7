"""A table of hostile servers: mode, outcome, seconds, growth of memory.

python -m tests.hostile.table             # each mode alone
python -m tests.hostile.table --at-once   # five hostile clouds at once, peak of the process
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from calipso.errors import AccessError
from calipso.model.environment import MysqlSection, OpenStackSection
from calipso.settings import load_settings
from calipso.sources.api.api_client import ApiClient
from calipso.sources.cli.known_hosts import KnownHosts
from calipso.sources.cli.ssh import Account
from calipso.sources.cli.ssh_login import connect
from calipso.sources.db.db_pool import DbPool
from tests.hostile.fake_ssh import command_modes, login_modes
from tests.hostile.fakes import Say, hostile, http_modes, mysql_modes

TIMEOUT = 2.0
#: What five hostile clouds send at once: each the most of its kind.
WORST = ("body without end", "body of many maps", "gzip bomb", "chunks without end")


def resident() -> float:
    """Megabytes in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Peak:
    """The highest memory while it runs."""

    def __enter__(self) -> Peak:
        self.first = self.most = resident()
        self._ended = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            self.most = max(self.most, resident())


def api(port: int) -> None:
    """A login at Keystone."""
    section = OpenStackSection(host="127.0.0.1", port=port, user="a", pwd="secret")
    ApiClient(section, load_settings(api_timeout=TIMEOUT), lambda _what: None).catalogue()


def database(port: int) -> None:
    """A query."""
    section = MysqlSection(
        host="127.0.0.1", port=port, user="a", pwd="secret", connect_timeout=TIMEOUT
    )
    DbPool(section, load_settings(db_timeout=TIMEOUT), lambda _what: None).query("SELECT id", [])


def ssh(port: int) -> None:
    """A command on a host."""
    with tempfile.TemporaryDirectory() as folder:
        known = KnownHosts(Path(folder) / "known_hosts", accept_new=True)
        connection = connect(f"host-{port}", Account("127.0.0.1", port, "a", "secret"), known, 5.0)
        try:
            connection.execute("true", TIMEOUT)
        finally:
            connection.close()


def outcome(call: Callable[[int], None], port: int) -> str:
    """How it ended, in a few words."""
    try:
        call(port)
    except AccessError as error:
        return f"{error.kind}: {error.message.replace(str(port), 'PORT')[:70]}"
    return "answered"


def alone() -> None:
    """Each mode by itself."""
    kinds: list[tuple[str, Callable[[int], None], dict[str, Say]]] = [
        ("HTTP", api, http_modes()),
        ("MySQL", database, mysql_modes()),
        ("SSH", ssh, login_modes() | command_modes()),
    ]
    print("| Source | Mode | Outcome | Seconds | MB more |\n|---|---|---|---|---|")
    for kind, call, modes in kinds:
        for mode, say in modes.items():
            with hostile(say) as port, Peak() as peak:
                began = time.monotonic()
                said = outcome(call, port)
                seconds = time.monotonic() - began
            print(f"| {kind} | {mode} | {said} | {seconds:.1f} | {peak.most - peak.first:.0f} |")


def at_once() -> None:
    """Five hostile clouds: an API, a database and a host of each at the same time.

    The servers run in a process of their own: their memory does not count.
    """
    http, sql, hosts = http_modes(), mysql_modes(), command_modes()
    says: list[tuple[Callable[[int], None], Say]] = []
    for number in range(5):
        rows = "long rows without end" if number % 2 else "a packet without end"
        says += [(page, http[WORST[number % len(WORST)]]), (database, sql[rows])]
        says.append((ssh, hosts["output without end"]))
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with ExitStack() as held:
            ports = [held.enter_context(hostile(say)) for _, say in says]
            os.write(write, json.dumps(ports).encode())
            time.sleep(600)
        os._exit(0)
    ports = json.loads(os.read(read, 65536))
    calls = [call for call, _ in says]
    with Peak() as peak, ThreadPoolExecutor(len(calls)) as pool:
        said = list(pool.map(outcome, calls, ports))
    os.kill(child, signal.SIGKILL)
    for line in said:
        print(line)
    print(f"five hostile clouds at once: {peak.most - peak.first:.0f} MB over idle at most")


def page(port: int) -> None:
    """A page of a list, as after a login."""
    section = OpenStackSection(host="127.0.0.1", port=port, user="a", pwd="secret")
    client = ApiClient(section, load_settings(api_timeout=TIMEOUT), lambda _what: None)
    client.catalogue = lambda: [  # type: ignore[method-assign]
        {
            "type": "network",
            "endpoints": [
                {"interface": "public", "region": "one", "url": f"http://127.0.0.1:{port}"}
            ],
        }
    ]
    client._session.auth = None
    client.ask("network", "/v2.0/ports", region="one")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--at-once", action="store_true")
    at_once() if arguments.parse_args().at_once else alone()
