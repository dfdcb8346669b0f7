"""Passwords: argon2 hashes, and what a password must be."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from calipso.errors import ConfigError

#: Characters of a password. Length is what counts; the upper limit bounds the work for strangers.
SHORTEST, LONGEST = 8, 256

#: Each check takes 64 MiB; more of them at once than this wait for each other.
_AT_ONCE = threading.BoundedSemaphore(2)

HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """What is stored of a password. Raises ConfigError when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(
            f"the password has {len(password)} characters",
            hint=f"Choose one of {SHORTEST} to {LONGEST} characters.",
        )
    try:
        with _AT_ONCE:
            return HASHER.hash(password)
    except UnicodeEncodeError:
        raise ConfigError("the password is no text", hint="Choose another one.") from None


def matches(stored: str, password: str) -> bool:
    """True when the password is the one that was hashed.

    It takes as long when `stored` is empty: the time does not show that there is no such user.
    """
    usable = bool(stored) and len(password) <= LONGEST
    try:
        with _AT_ONCE:
            good = HASHER.verify(stored if usable else _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return usable and good


def renewed(stored: str, password: str) -> str | None:
    """A new hash of a password that matched, when the old one is of weaker parameters."""
    return HASHER.hash(password) if HASHER.check_needs_rehash(stored) else None


@cache
def _nobodys() -> str:
    """A hash to check against when a user has none; its result is not used."""
    return HASHER.hash("nobody")
