"""Places where files go: this machine, or a host by SSH. Files are replaced all or none."""

from __future__ import annotations

import base64
import difflib
import io
import secrets
import shlex
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from calipso.errors import CalipsoError, ConfigError
from calipso.settings import settings
from calipso.sources.cli.connections import HostConnections
from monitoring.setup.rendering import HOME, MARK

#: Characters of a file in which the mark must be.
BEGINNING = 4000
#: Seconds for a command on this machine.
TIMEOUT = 60
#: Files that one command reads or removes.
PORTION = 100

#: Path, text before (None: not there), text after.
Change = tuple[str, str | None, str]


class Ran(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it said, for people."""
        return f"{self.out}\n{self.err}".strip()


class Place(Protocol):
    """Somewhere to put files."""

    name: str

    def run(self, command: str) -> Ran:
        """Run a command of the shell, as the user who may write the files."""

    def unpack(self, archive: bytes) -> None:
        """Unpack a tar archive of absolute paths. Raises CalipsoError."""


class Here:
    """This machine."""

    name = "this machine"

    def run(self, command: str) -> Ran:
        """Run a command."""
        return self._ran(command, b"")

    def unpack(self, archive: bytes) -> None:
        """Unpack an archive."""
        _check(self, self._ran(UNPACK + "-", archive), "files cannot be written")

    def _ran(self, command: str, given: bytes) -> Ran:
        try:
            done = subprocess.run(  # noqa: S603 - our own commands; paths are quoted
                ["/bin/sh", "-c", command],
                input=given,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConfigError(f"{self.name}: {command[:120]}: no end within {TIMEOUT} s") from None
        out, err = (part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
        return Ran(done.returncode, out, err)


class OnHost:
    """A host of the environment. A command runs with sudo where the environment says so."""

    def __init__(self, connections: HostConnections, host: str) -> None:
        self.name = host
        self._connection = connections.get(host)
        self._sudo = "sudo -n -- " if connections.sudo_for(self._connection) else ""

    def run(self, command: str) -> Ran:
        """Run a command. What the shell of the login prints before it does not count."""
        begin = f"calipso-{secrets.token_hex(8)}"
        line = f"{self._sudo}sh -c {shlex.quote(f'echo {begin}; {command}')}"
        said = self._connection.execute(line, settings().command_timeout)
        _, began, out = said.out.partition(begin + "\n")
        if not began:
            return Ran(said.status or 255, "", said.err or said.out)
        return Ran(255 if said.status is None else said.status, out, said.err)

    def unpack(self, archive: bytes) -> None:
        """Send an archive by SFTP to a file of the login's own, then unpack it."""
        own = f"/tmp/calipso-{secrets.token_hex(8)}"  # noqa: S108 - made exclusively, mode 600
        self._connection.put(own, archive, settings().command_timeout)
        _check(
            self, self.run(f"{UNPACK}{own}; s=$?; rm -f {own}; exit $s"), "files cannot be written"
        )


#: Folders are made as they are needed; files belong to whoever unpacks.
UNPACK = "umask 022; tar -x -P --no-same-owner -f "


def marked(text: str) -> bool:
    """True for a file of ours."""
    return MARK in text[:BEGINNING]


def read(place: Place, paths: Sequence[str]) -> dict[str, str | None]:
    """Return files as they are; None for one that is not there. Raises ConfigError."""
    found: dict[str, str | None] = {}
    for start in range(0, len(paths), PORTION):
        some = paths[start : start + PORTION]
        ran = place.run(
            f'for f in {shlex.join(some)}; do if [ ! -e "$f" ] && [ ! -L "$f" ]; then echo -; '
            'else base64 -w0 "$f" || exit 1; echo .; fi; done'
        )
        lines = ran.out.split()
        if ran.status or len(lines) != len(some):
            at = some[min(len(lines), len(some) - 1)]
            raise ConfigError(f"{place.name}: {at} cannot be read: {ran.err.strip()[:200]}")
        for path, line in zip(some, lines, strict=True):
            data = None if line == "-" else base64.b64decode(line.rstrip("."))
            found[path] = None if data is None else data.decode("utf-8", "replace")
    return found


def changes(place: Place, files: Mapping[str, str]) -> Iterator[Change]:
    """Yield the files that differ. Raises ConfigError for a file that is there and not ours."""
    stored = read(place, sorted(files))
    for path, before in stored.items():
        if before is not None and not marked(before):
            raise ConfigError(
                f"{place.name}: {path} is there and was not made by Calipso",
                hint="Move it away, or render to a folder and copy what you want.",
            )
    for path, before in stored.items():
        if before != files[path]:
            yield path, before, files[path]


def diff(path: str, before: str | None, after: str) -> str:
    """Return the difference for people."""
    old, new = (before or "").splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(old, new, path, path, lineterm="", n=1))


def replace(place: Place, found: Sequence[Change], check: str = "", reload: str = "") -> None:
    """Put new files in place; the ones before come back when a check or the reload fails.

    The check runs before the files are in place, where the machine allows it (`rehearsal`), and
    again after. Raises ConfigError, which says what the check said.
    """
    token = secrets.token_hex(4)
    new, old = f".calipso-new-{token}", f".calipso-old-{token}"
    begun: list[Change] = []
    try:
        place.unpack(_archive({path + new: text for path, _, text in found}))
        if check:
            _must(place, rehearsal([path for path, _, _ in found], new, check), check)
        for change in found:
            path, before, _ = change
            begun.append(change)
            keep = f"cp -p {shlex.quote(path)} {shlex.quote(path + old)} && "
            swap = f"mv {shlex.quote(path + new)} {shlex.quote(path)}"
            _must(place, swap if before is None else keep + swap)
        for command in (check, reload):
            if command:
                _must(place, command)
    except CalipsoError:
        with suppress(CalipsoError):  # the first error says what is wrong
            _undo(place, begun, old)
            if reload and begun:
                place.run(reload)
        raise
    finally:
        with suppress(CalipsoError):
            _delete(place, [path + end for path, _, _ in found for end in (new, old)])


def rehearsal(paths: Iterable[str], new: str, check: str) -> str:
    """Return a command that runs a check as if the new files were in place, in a view of the file
    system of its own. Where no such view can be made (exit code 0 then), nothing is checked.

    Each folder is shown as a copy of itself that has the new files; nobody else sees it.
    """
    lines = ["t=$(mktemp -d) || exit 0", "trap 'rm -rf \"$t\"' EXIT", "view() {"]
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(str(PurePosixPath(path).parent), []).append(PurePosixPath(path).name)
    views = [(f'"$t/{at}"', shlex.quote(folder)) for at, folder in enumerate(folders)]
    lines += [f"cp -a {folder} {view} || return 44" for view, folder in views]
    for (view, _), names in zip(views, folders.values(), strict=True):
        moves = [f"mv {shlex.quote(f'./{n}{new}')} {shlex.quote(f'./{n}')}" for n in names]
        lines.append(f"(cd {view} && {' && '.join(moves)}) || return 44")
    lines += [f"mount --bind {view} {folder} || return 44" for view, folder in views]
    lines += [f"( {check} )", "}"]
    inside = "\n".join([*lines, "view; s=$?", "exit $s"])
    tried = "unshare -m --propagation private true 2>/dev/null || exit 0"
    ran = f"unshare -m --propagation private sh -c {shlex.quote(inside)}"
    return f"{tried}; {ran}; s=$?; [ $s -ne 44 ] || exit 0; exit $s"


def _archive(files: Mapping[str, str]) -> bytes:
    """The files as a tar archive with absolute paths."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def _undo(place: Place, begun: Sequence[Change], old: str) -> None:
    """Take back what was swapped, or may have been."""
    for path, before, _ in begun:
        quoted, kept = shlex.quote(path), shlex.quote(path + old)
        place.run(f"rm -f {quoted}" if before is None else f"[ ! -e {kept} ] || mv {kept} {quoted}")


def remove(place: Place, paths: Sequence[str], reload: str = "") -> list[str]:
    """Remove files of ours, and folders of ours that are empty then; return which files. What is
    not ours stays.
    """
    stored = read(place, list(paths))
    gone = [path for path, text in stored.items() if text is not None and marked(text)]
    _delete(place, gone)
    left = [path for path, text in read(place, gone).items() if text is not None]
    if left:
        raise ConfigError(f"{place.name}: {left[0]} cannot be removed")
    if gone:
        place.run(f"[ ! -d {HOME} ] || find {HOME} -depth -type d -exec rmdir {{}} + 2>/dev/null")
    if gone and reload:
        _must(place, reload)
    return gone


def _delete(place: Place, paths: Sequence[str]) -> None:
    for start in range(0, len(paths), PORTION):
        place.run(f"rm -f {shlex.join(paths[start : start + PORTION])}")


def _must(place: Place, command: str, name: str = "") -> None:
    _check(place, place.run(command), name or command[:120])


def _check(place: Place, ran: Ran, what: str) -> None:
    if ran.status:
        raise ConfigError(f"{place.name}: {what}: {ran.said[-1500:]}")
