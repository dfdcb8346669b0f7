"""The lines of a known hosts file by host name: a look-up costs the same in a file of any size.

paramiko's own `HostKeys` compares a name with every line at each look-up, and does so for each
line that it loads: with 2,000 hosts, loading takes seconds and each look-up milliseconds.
"""

from __future__ import annotations

import binascii
import hmac
import logging
from base64 import b64decode
from collections import defaultdict

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

log = logging.getLogger(__name__)

#: How OpenSSH begins a name that it keeps as a keyed hash.
HASHED = "|1|"

Keys = dict[str, paramiko.PKey]


class HostKeyIndex:
    """Keys of hosts. Lines are decoded when one of their names is looked up, not before."""

    def __init__(self, text: str = "") -> None:
        self._plain: defaultdict[str, list[str]] = defaultdict(list)
        self._hashed: list[tuple[bytes, bytes, str]] = []  # salt, digest, line
        self._found: dict[str, Keys] = {}
        for line in text.splitlines():
            self.add_line(line)

    def add_line(self, line: str) -> None:
        """Take one line of a known hosts file; comments and empty lines are ignored."""
        line = line.strip()
        if not line or line.startswith("#"):
            return
        for name in line.split(None, 1)[0].split(","):
            if name.startswith(HASHED):
                self._add_hashed(name, line)
            else:
                self._plain[name].append(line)
                self._found.pop(name, None)

    def lookup(self, name: str) -> Keys:
        """Keys of a host by type: of a type that stands there twice, the first.

        A port other than 22 is part of the name: `[host]:port`.
        """
        if name not in self._found:
            self._found[name] = self._keys(name)
        return self._found[name]

    def _add_hashed(self, name: str, line: str) -> None:
        try:
            salt, digest = (b64decode(part) for part in name.removeprefix(HASHED).split("|"))
        except (ValueError, binascii.Error):
            log.debug("line of known hosts not understood: %s", name)
            return
        self._hashed.append((salt, digest, line))
        self._found.clear()

    def _keys(self, name: str) -> Keys:
        lines = list(self._plain.get(name, ()))
        data = name.encode()
        for salt, digest, line in self._hashed:
            if hmac.digest(salt, data, "sha1") == digest:
                lines.append(line)
        keys: Keys = {}
        for line in lines:
            key = _key(line)
            if key is not None:
                keys.setdefault(key.get_name(), key)
        return keys


def _key(line: str) -> paramiko.PKey | None:
    """The key of a line; None for a damaged line or a type that paramiko does not know."""
    try:
        entry = HostKeyEntry.from_line(line)
    except (paramiko.SSHException, InvalidHostKey) as error:
        log.debug("line of known hosts not understood: %s", error)
        return None
    return entry.key if entry is not None else None
