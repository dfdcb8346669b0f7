"""Logins that were right a moment ago: repeated, they are neither checked nor counted.

Only this process knows them, by an HMAC under a key it made when it started.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from calipso.model.user import Origin, User
from calipso.stores.people.user_store import UserStore

#: Seconds a login is known. A directory does not report its changes.
SECONDS = {Origin.LOCAL: 30.0, Origin.LDAP: 10.0}

#: All are forgotten when there are more: memory is bounded.
MOST = 10_000


class RecentLogins:
    """Right logins of this process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, User]] = {}
        self._judged: dict[bytes, threading.Event] = {}

    def key(self, *words: str) -> bytes:
        """What a login is known by: its name, address and password."""
        parts = [word.encode(errors="surrogatepass") for word in words]
        text = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self._secret, text, hashlib.sha256)

    def keep(self, key: bytes, user: User) -> None:
        """Know a login that was right."""
        with self._lock:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = time.monotonic() + SECONDS[user.origin], user

    def find(self, key: bytes) -> User | None:
        """The user as it was then; see `still`."""
        with self._lock:
            until, user = self._known.get(key, (0.0, None))
        return user if until > time.monotonic() else None

    @contextmanager
    def turn(self, key: bytes) -> Iterator[None]:
        """The first of several equal logins goes on; the others wait for its result."""
        with self._lock:
            first = self._judged.get(key)
            judged = self._judged.setdefault(key, threading.Event())
        if first is not None:
            judged.wait()
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                del self._judged[key]
            judged.set()


def still(known: User) -> User | None:
    """The user now; None when password, role or sessions have changed since."""
    user = UserStore().find(known.name)
    if user is None or user.disabled:
        return None
    return user if (user.generation, user.role) == (known.generation, known.role) else None
