"""Places where files go: this machine, or a host by SSH. Files are replaced all or none."""

from __future__ import annotations

import difflib
import secrets
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from calipso.errors import ConfigError
from calipso.settings import settings
from calipso.sources.cli.connections import HostConnections
from monitoring.setup.rendering import MARK

#: Ends of the names of a file that is new, and of the one before.
NEW, OLD = ".calipso-new", ".calipso-old"
#: Characters of a file in which the mark must be.
BEGINNING = 4000


class Place(Protocol):
    """Somewhere to put files."""

    name: str

    def run(self, command: str) -> tuple[int, str]:
        """Run a command of the shell; return its exit status, and what it said."""

    def put(self, path: str, text: str) -> None:
        """Write a file that is not there yet."""


class Here:
    """This machine; below `root`, for tests and for other tools."""

    name = "this machine"

    def run(self, command: str) -> tuple[int, str]:
        """Run a command."""
        done = subprocess.run(  # noqa: S603 - our own commands; paths are quoted
            ["/bin/sh", "-c", command], capture_output=True, timeout=60, check=False
        )
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def put(self, path: str, text: str) -> None:
        """Write a file."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")


class OnHost:
    """A host of the environment."""

    def __init__(self, connections: HostConnections, host: str) -> None:
        self.name = host
        self._connection = connections.get(host)
        self._sudo = "sudo -n -- " if connections.sudo_for(self._connection) else ""

    def run(self, command: str) -> tuple[int, str]:
        """Run a command."""
        line = f"{self._sudo}sh -c {shlex.quote(command)}"
        said = self._connection.execute(line, settings().command_timeout)
        return (255 if said.status is None else said.status), said.out + said.err

    def put(self, path: str, text: str) -> None:
        """Write a file: by SFTP to a place of the login's own, then to where it belongs."""
        own = f"/tmp/calipso-{secrets.token_hex(8)}"  # noqa: S108 - made exclusively, mode 600
        self._connection.put(own, text)
        folder, quoted = shlex.quote(str(PurePosixPath(path).parent)), shlex.quote(path)
        status, said = self.run(
            f"mkdir -p {folder} && install -m 644 {own} {quoted}; s=$?; rm -f {own}; exit $s"
        )
        if status:
            raise ConfigError(f"{self.name}: {path} cannot be written: {said.strip()[:200]}")


def marked(text: str) -> bool:
    """True for a file of ours."""
    return MARK in text[:BEGINNING]


def read(place: Place, path: str) -> str | None:
    """Return a file as it is; None when it is not there. Raises ConfigError."""
    quoted = shlex.quote(path)
    status, said = place.run(f"[ -e {quoted} ] || exit 44; cat {quoted}")
    if status == 44:
        return None
    if status:
        raise ConfigError(f"{place.name}: {path} cannot be read: {said.strip()[:200]}")
    return said


def changes(place: Place, files: Mapping[str, str]) -> Iterator[tuple[str, str | None, str]]:
    """Yield (path, text before, text after) of the files that differ.

    Raises ConfigError for a file that is there and not ours.
    """
    for path, text in sorted(files.items()):
        before = read(place, path)
        if before is not None and not marked(before):
            raise ConfigError(
                f"{place.name}: {path} is there and was not made by Calipso",
                hint="Move it away, or render to a folder and copy what you want.",
            )
        if before != text:
            yield path, before, text


def diff(path: str, before: str | None, after: str) -> str:
    """Return the difference for people."""
    old, new = (before or "").splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(old, new, path, path, lineterm="", n=1))


def replace(
    place: Place, found: list[tuple[str, str | None, str]], check: str = "", reload: str = ""
) -> None:
    """Put new files in place; the ones before come back when a check or the reload fails.

    Raises ConfigError, which says what the check said.
    """
    for path, _, text in found:
        place.put(path + NEW, text)
    done: list[tuple[str, bool]] = []
    try:
        for path, before, _ in found:
            quoted = shlex.quote(path)
            keep = f"cp -p {quoted} {shlex.quote(path + OLD)} && " if before is not None else ""
            _must(place, f"{keep}mv {shlex.quote(path + NEW)} {quoted}")
            done.append((path, before is not None))
        for command in (check, reload):
            if command:
                _must(place, command)
    except ConfigError:
        _undo(place, done)
        if reload:
            place.run(reload)
        raise
    finally:
        left = [shlex.quote(path + end) for path, _, _ in found for end in (NEW, OLD)]
        for start in range(0, len(left), 200):
            place.run(f"rm -f {' '.join(left[start : start + 200])}")


def _undo(place: Place, done: list[tuple[str, bool]]) -> None:
    for path, was_there in done:
        quoted, old = shlex.quote(path), shlex.quote(path + OLD)
        place.run(f"mv {old} {quoted}" if was_there else f"rm -f {quoted}")


def remove(place: Place, paths: list[str], reload: str = "") -> list[str]:
    """Remove files of ours; return which. What is not ours stays."""
    gone = []
    for path in paths:
        text = read(place, path)
        if text is not None and marked(text):
            _must(place, f"rm -f {shlex.quote(path)}")
            gone.append(path)
    if gone and reload:
        place.run(reload)
    return gone


def _must(place: Place, command: str) -> None:
    status, said = place.run(command)
    if status:
        raise ConfigError(f"{place.name}: {command[:120]}: {said.strip()[-1500:]}")
