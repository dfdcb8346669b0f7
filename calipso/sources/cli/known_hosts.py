"""Host keys of one environment: always checked; new ones are added only if that is allowed."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry

from calipso.errors import CliAccessError, ErrorKind
from calipso.model.environment import CliSection
from calipso.settings import Settings
from calipso.sources.cli.host_key_index import HostKeyIndex

#: A line of a known hosts file: names, kind of key, key; a marker may stand before them.
_LINE = re.compile(
    r"(@[a-z-]+\s+)?[\w.,:*?!|/+=%\[\]-]+\s+(sk-)?(ssh|ecdsa|rsa)[\w.@-]*\s+"
    r"[A-Za-z0-9+/]+=*(\s.*)?"
)


class UnknownHostKey(paramiko.SSHException):
    """The host is not in the known hosts file, and new hosts are not accepted."""

    def __init__(self, name: str, key: paramiko.PKey) -> None:
        super().__init__(f"host key of {name} is not known")
        self.name = name
        self.key = key


def known_hosts_path(environment: str, section: CliSection, settings: Settings) -> Path:
    """The environment's known hosts file: the one it names, or one in the data directory."""
    if section.known_hosts:
        return Path(section.known_hosts).expanduser()
    return settings.data_dir() / "known_hosts" / environment


class KnownHosts(paramiko.MissingHostKeyPolicy):
    """A known hosts file shared by the threads of a process; other processes may add to it."""

    def __init__(self, path: Path, *, accept_new: bool) -> None:
        self.path = path
        self.accept_new = accept_new
        self._lock = threading.Lock()
        self._keys = HostKeyIndex()
        self._read: tuple[int, int] | None = None
        self._strange_line = 0

    def prepare(self, client: paramiko.SSHClient, name: str) -> None:
        """Give a client the keys known for the host it is about to connect to."""
        with self._lock:
            self._load()
            for kind, key in self._keys.lookup(name).items():
                client.get_host_keys().add(name, kind, key)
        client.set_missing_host_key_policy(self)

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Called by paramiko for a host without a known key. Raises, or adds the key."""
        with self._lock:
            self._load()  # another process may have accepted it since
            found = self._keys.lookup(hostname)
            if key.get_name() in found:
                known = found[key.get_name()]
                if known != key:
                    raise paramiko.BadHostKeyException(hostname, key, known)
                return
            if found or not self.accept_new:
                raise UnknownHostKey(hostname, key)
            self._append(hostname, key)

    def _load(self) -> None:
        state = self._state()
        if state is not None and state != self._read:
            text = self.path.read_text(encoding="utf-8", errors="replace")
            self._keys, self._strange_line = HostKeyIndex(text), _strange_line(text)
            self._read = state

    def _state(self) -> tuple[int, int] | None:
        """What changes when somebody writes to the file; None while there is no file."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return (status.st_mtime_ns, status.st_size) if stat.S_ISREG(status.st_mode) else None

    def _append(self, hostname: str, key: paramiko.PKey) -> None:
        """Add a line. Raises CliAccessError for a file in another format."""
        line = HostKeyEntry([hostname], key).to_line() or ""
        before = self._read[1] if self._read else 0
        if self._strange_line:
            raise self._not_added(
                hostname, f"line {self._strange_line} is not a line of a known hosts file"
            )
        if self._state() is None and self.path.exists():
            raise self._not_added(hostname, "it is no regular file")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(self.path, flags, 0o644), "ab+") as file:
                if file.tell() and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n":
                    line = f"\n{line}"
                file.write(line.encode())
        except OSError as error:
            raise self._not_added(hostname, error.strerror or str(error)) from error
        self._keys.add_line(line)
        after = self._state()
        if after is not None and after[1] == before + len(line.encode()):
            self._read = after  # nobody else wrote: no need to read it again

    def _not_added(self, hostname: str, why: str) -> CliAccessError:
        return CliAccessError(
            f"{hostname}: its new host key is not added to {self.path}: {why}",
            kind=ErrorKind.HOST_KEY,
            hint="CLI.known_hosts must be a file of known hosts, and no link to one.",
            host=hostname,
        )


def _strange_line(text: str) -> int:
    """Number of the first line that does not fit a known hosts file; 0 if all lines do."""
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    strange = (n for n, line in lines if line[:1] not in ("", "#") and not _LINE.fullmatch(line))
    return next(strange, 0)
