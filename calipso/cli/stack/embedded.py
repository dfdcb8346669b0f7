"""Embedded stores for one process, as tests use them: up in a directory, gone at the end.

with start_mongo(tmp / "mongo") as mongo_url, start_redis(tmp / "redis") as redis_url:
    ...
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from calipso.cli.stack.process import identify, listens, spawn, stop
from calipso.cli.stack.programs import LOOPBACK, Program, free_port, mongo_program, redis_program
from calipso.errors import StoreError
from calipso.stores.ping import ping_mongo, ping_redis

START_SECONDS = 60.0  # a store that was killed reads its log again first
STOP_SECONDS = 30.0
ATTEMPTS = 3  # another program may take the free port before the server does


def mongo_address(port: int) -> str:
    """URL of the embedded MongoDB: direct, because the server calls itself a replica set."""
    return f"mongodb://{LOOPBACK}:{port}/?directConnection=true"


def redis_address(port: int) -> str:
    """URL of the embedded Redis."""
    return f"redis://{LOOPBACK}:{port}/0"


@contextmanager
def start_mongo(directory: Path) -> Iterator[str]:
    """An embedded MongoDB with its data in `directory`; yields its URL."""
    with _running(mongo_program(), directory, mongo_address, ping_mongo) as url:
        yield url


@contextmanager
def start_redis(directory: Path) -> Iterator[str]:
    """An embedded Redis with its data in `directory`; yields its URL."""
    with _running(redis_program(), directory, redis_address, ping_redis) as url:
        yield url


@contextmanager
def _running(
    program: Program,
    directory: Path,
    address: Callable[[int], str],
    ping: Callable[[str], str],
) -> Iterator[str]:
    directory.mkdir(parents=True, exist_ok=True)
    log = directory.parent / f"{directory.name}.log"
    for _ in range(ATTEMPTS):
        port = free_port()
        command, environment = program.command(directory, port), program.environment(os.environ)
        child = spawn(command, log, environment=environment)
        try:
            if _answers(address(port), ping, child) and listens(child.pid, port) is not False:
                yield address(port)
                return
        finally:
            if identity := identify(child.pid):
                stop(identity, STOP_SECONDS)
            child.wait()
    raise StoreError(f"{program.name} does not start: {last_line(log)}", hint=f"Its log is {log}.")


def _answers(url: str, ping: Callable[[str], str], child: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False when it ended or does not answer in time."""
    deadline = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        try:
            ping(url)
        except StoreError:
            time.sleep(0.05)
        else:
            return (
                child.poll() is None
            )  # the answer came from our server, not from another on the port
    return False


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, for error messages."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "it wrote no log"
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no output")
