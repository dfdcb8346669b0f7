"""A process that asks as hard as its limits let it: `python -m tests.hosts.hammer`.

    hammer slots NAME MOST SECONDS THREADS LOG     takes slots, notes each begin and end in LOG
    hammer keep NAME MOST NUMBER                   takes slots, prints `held`, keeps them
    hammer ssh PORT KEY SECONDS LOG                connects, runs a command, closes, again
    hammer api PORT SECONDS THREADS                calls a service

It prints how often it did it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from calipso.limits.limits import limits
from calipso.model.environment import OpenStackSection
from calipso.settings import settings
from calipso.sources.api.api_client import ApiClient
from calipso.sources.cli.connections import HostConnections
from tests.access.cli_sections import environment

ROOT = Path(__file__).resolve().parents[2]


def start(*words: object, **env: str) -> subprocess.Popen[str]:
    """Start one; its settings are those of this process, and `env`."""
    command = [sys.executable, "-m", "tests.hosts.hammer", *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | env, stdout=subprocess.PIPE, text=True
    )


def note(file: Path, sign: str) -> None:
    """One line; appends of a few bytes by several processes do not mix."""
    with file.open("ab", buffering=0) as opened:
        opened.write(f"{sign}\n".encode())


def most_at_once(file: Path) -> int:
    """The largest number of begins without an end."""
    now = most = 0
    for sign in file.read_text().split():
        now += 1 if sign == "+" else -1
        most = max(most, now)
    return most


def in_threads(number: int, seconds: float, work: Callable[[], None]) -> int:
    """Repeat some work in threads for a while; returns how often."""
    deadline, done = time.monotonic() + seconds, []

    def repeat() -> None:
        while time.monotonic() < deadline:
            work()
            done.append(1)

    threads = [threading.Thread(target=repeat) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)


def slots(name: str, most: str, seconds: str, threads: str, log: str) -> int:
    """Each slot is held for a moment."""

    def work() -> None:
        slot = limits().take(name, int(most), 60)
        note(Path(log), "+")
        time.sleep(random.uniform(0.0, 0.004))
        note(Path(log), "-")
        slot.release()

    return in_threads(int(threads), float(seconds), work)


def keep(name: str, most: str, number: str) -> int:
    """Held until the process is killed."""
    for _ in range(int(number)):
        limits().take(name, int(most), 60)
    print("held", flush=True)
    time.sleep(120)
    return 0


def ssh(port: str, key: str, seconds: str, log: str) -> int:
    """Sessions of a real sshd; each command notes itself on the host."""
    section = {"host": "127.0.0.1", "port": int(port), "user": "root", "key": key}
    section["hosts"] = {"node-1": {"host": "127.0.0.1", "port": int(port)}}
    line = f"echo + >>{log}; sleep 0.02; echo - >>{log}"

    def work() -> None:
        connections = HostConnections(environment(**section))
        said = connections.get("node-1").execute(line, 10)
        assert said.status == 0, said
        connections.close()

    return in_threads(2, float(seconds), work)


def api(port: str, seconds: str, threads: str) -> int:
    """Calls of one service."""
    section = OpenStackSection(host="127.0.0.1", port=int(port), user="a", pwd="right")
    client = ApiClient(section, settings(), lambda _what: None)
    return in_threads(int(threads), float(seconds), lambda: client.ask("compute", "/v2.1/servers"))


if __name__ == "__main__":
    chosen = {"slots": slots, "keep": keep, "ssh": ssh, "api": api}[sys.argv[1]]
    print(chosen(*sys.argv[2:]), flush=True)
