"""What the stack keeps in the data directory: state, lock, ports, logs, data versions.

run/supervisor.pid     locked while a supervisor lives
run/state.json         what it runs (`calipso status` reads it)
run/stores.json        addresses of the embedded stores, only when they answer
run/ports.json         ports used last, to use them again
log/<name>.log         output of each process
<store>/               data; <store>.version: the server that wrote them
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from calipso.errors import ConfigError

LOG_LIMIT = 20 * 1024 * 1024
LOW_DISK = 100 * 1024 * 1024
#: A person should look: less than this is free, or a smaller share of a disk than this.
LITTLE_DISK = 1024 * 1024 * 1024
LITTLE_SHARE = 0.05


class RunDir:
    """The data directory as the stack uses it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.run = home / "run"
        self.log = home / "log"
        try:
            self.run.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.log.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"the data directory {home} cannot be written: {error.strerror or error}",
                hint="Set CALIPSO_HOME to a directory in which you may write.",
            ) from error
        self.state_file = self.run / "state.json"
        self.stores_file = self.run / "stores.json"
        self.ports_file = self.run / "ports.json"
        self.pid_file = self.run / "supervisor.pid"

    # -- one supervisor ----------------------------------------------------------------

    def lock(self) -> IO[str] | None:
        """The lock of the one supervisor; None when another holds it. Keep the file open."""
        file = self.pid_file.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return file

    def supervisor_pid(self) -> int | None:
        """Pid of the running supervisor; None when no supervisor runs."""
        try:
            with self.pid_file.open("r", encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read().strip() or 0) or None
        except (OSError, ValueError):
            return None
        return None

    # -- files -------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The last written state; empty when no state was written."""
        return read_json(self.state_file)

    def log_file(self, name: str) -> Path:
        """The log of a process; a big one is moved to `<name>.log.1` first."""
        path = self.log / f"{name}.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size > LOG_LIMIT:
                path.replace(path.with_suffix(".log.1"))
        return path

    def disk_warning(self) -> str:
        """Return a sentence if little is left, by size or by share; otherwise nothing."""
        disk = shutil.disk_usage(self.home)
        if disk.free > max(LITTLE_DISK, disk.total * LITTLE_SHARE):
            return ""
        share = 100 * disk.free / max(disk.total, 1)
        return f"{disk.free // 1024**2} MB ({share:.0f} %) of the disk of {self.home} are free"

    def disk_problem(self) -> str:
        """Return a sentence if the disk of the data directory is nearly full, otherwise nothing."""
        free = shutil.disk_usage(self.home).free
        if free > LOW_DISK:
            return ""
        return (
            f"the disk of {self.home} is full: {free // 1024**2} MB left; "
            "free some space, the stores then go on by themselves"
        )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty when the file is missing or holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file at once: a reader sees the old or the new text, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def claim_data(data: Path, name: str, version: str) -> str:
    """Make a data directory fit a server. Returns a message for a person, or an empty text.

    The embedded MongoDB cannot read the files of another version of itself, and older
    Redis not those of newer: such a directory is set aside and a fresh one is used.
    """
    stamp = data.with_name(f"{data.name}.version")
    before = read_json(stamp)
    notice = ""
    if data.exists() and before and not _readable(before, name, version):
        aside = data.with_name(f"{data.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}.aside")
        data.rename(aside)
        notice = (
            f"{data.name}: the data were written by {before.get('server')} "
            f"{before.get('version')}, which {name} {version} cannot read; "
            f"they are now in {aside}, and a fresh store is used: scan again"
        )
    data.mkdir(exist_ok=True, mode=0o700)
    write_json(stamp, {"server": name, "version": version})
    return notice


def _readable(before: dict[str, Any], name: str, version: str) -> bool:
    if before.get("server") != name:
        return False
    if name == "redis-server":
        return _numbers(str(before.get("version"))) <= _numbers(version)
    return name == "mongod" or before.get("version") == version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also while it is being written."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
