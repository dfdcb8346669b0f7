"""A table of hostile servers: mode, outcome, seconds, growth of memory.

python -m tests.hostile.table             # each mode alone
python -m tests.hostile.table --only AMQP # of one kind of source
python -m tests.hostile.table --at-once   # five hostile clouds at once, peak of the process

The servers run in a process of their own: their memory does not count.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from calipso.settings import settings
from tests.hostile.calls import (
    Call,
    Kind,
    database,
    ended,
    heard,
    kinds,
    page,
    serving,
    ssh,
)
from tests.hostile.fake_amqp import stream_modes
from tests.hostile.fake_ssh import command_modes
from tests.hostile.fakes import Say, hostile, http_modes, mysql_modes

TIMEOUT = 1.0
#: Seconds that a listener is watched.
LISTENED = 6.0
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


def outcome(call: Call, port: int) -> str:
    """How it ended, in a few words."""
    error = ended(call, port)
    if error is None:
        return "answered"
    kind = getattr(error, "kind", type(error).__name__)
    return f"{kind}: {error.message.replace(str(port), 'PORT')[:70]}"


def listened(port: int) -> str:
    """What a listener made of what it was sent."""
    stop = threading.Event()
    consumer, found = heard(port, stop)
    thread = threading.Thread(target=consumer.run, daemon=True)
    thread.start()
    stop.wait(LISTENED)
    state = replace(consumer.state)
    stop.set()
    thread.join(30)
    longest = max((len(body) for body, *_ in found), default=0)
    said = f": {state.reason.replace(str(port), 'PORT')[:70]}" if state.reason else ""
    return f"{state.state}{said}; {len(found)} messages, the longest {longest} bytes"


@contextmanager
def apart(start: Callable[[], ExitStack], told: Callable[[], object]) -> Iterator[object]:
    """Servers in a process of their own; what `told` says there."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with start():
            os.write(write, json.dumps(told()).encode())
            time.sleep(3600)
        os._exit(0)
    try:
        yield json.loads(os.read(read, 65536))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def alone(only: str) -> None:
    """Each mode by itself."""
    body = b'{"event_type": "port.create.end", "payload": {}}'
    listener = Kind("AMQP listener", lambda _: None, stream_modes(body))
    print("| Source | Mode | Outcome | Seconds | MB more |\n|---|---|---|---|---|")
    for kind in [*kinds(), listener]:
        if only in kind.name:
            _rows(kind)


def _rows(kind: Kind) -> None:
    ports: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:

        def start() -> ExitStack:
            held = ExitStack()
            ports.update(held.enter_context(serving(kind, Path(folder))))
            return held

        with apart(start, lambda: ports) as found:
            assert isinstance(found, dict)
            for mode, port in found.items():
                with Peak() as peak:
                    began = time.monotonic()
                    told = kind.name == "AMQP listener"
                    said = listened(port) if told else outcome(kind.call, port)
                    seconds = time.monotonic() - began
                more = max(0.0, peak.most - peak.first)
                print(f"| {kind.name} | {mode} | {said} | {seconds:.1f} | {more:.0f} |", flush=True)


def at_once() -> None:
    """Five hostile clouds: an API, a database and a host of each at the same time."""
    http, sql, hosts = http_modes(), mysql_modes(), command_modes()
    says: list[tuple[Call, Say]] = []
    for number in range(5):
        rows = "long rows without end" if number % 2 else "a packet without end"
        says += [(page, http[WORST[number % len(WORST)]]), (database, sql[rows])]
        says.append((ssh, hosts["output without end"]))
    ports: list[int] = []

    def start() -> ExitStack:
        held = ExitStack()
        ports.extend(held.enter_context(hostile(say)) for _, say in says)
        return held

    with apart(start, lambda: ports) as found:
        assert isinstance(found, list)
        calls = [call for call, _ in says]
        with Peak() as peak, ThreadPoolExecutor(len(calls)) as pool:
            said = list(pool.map(outcome, calls, found))
    for line in said:
        print(line)
    print(f"five hostile clouds at once: {peak.most - peak.first:.0f} MB over idle at most")


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--at-once", action="store_true")
    arguments.add_argument("--only", default="", help="kinds of source with this in their name")
    chosen = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    for name in ("API_TIMEOUT", "DB_TIMEOUT", "SSH_CONNECT_TIMEOUT", "LDAP_TIMEOUT"):
        os.environ[f"CALIPSO_{name}"] = str(TIMEOUT)
    settings.cache_clear()
    at_once() if chosen.at_once else alone(chosen.only)


if __name__ == "__main__":
    main()
