"""Passwords: argon2 hashes, and the rules for passwords."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from calipso.errors import ConfigError

#: Shortest and longest password, in characters. Only the length counts; the upper limit bounds the
#: work that strangers can cause.
SHORTEST, LONGEST = 8, 256

#: Checks at once: each takes 64 MiB and several cores. Further checks wait.
_AT_ONCE = threading.BoundedSemaphore(1)

HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """Return the hash of a password.

    Raises ConfigError if the password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConfigError(
            f"the password has {len(password)} characters",
            hint=f"Choose one of {SHORTEST} to {LONGEST} characters.",
        )
    try:
        with _AT_ONCE:
            return HASHER.hash(password)
    except UnicodeEncodeError:
        raise ConfigError("the password is not valid text", hint="Choose another one.") from None


def matches(stored: str, password: str) -> bool:
    """True when the password matches the hash.

    An empty `stored` takes the same time, so that the time does not show that the user is unknown.
    """
    usable = bool(stored) and len(password) <= LONGEST
    try:
        with _AT_ONCE:
            good = HASHER.verify(stored if usable else _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return usable and good


def renewed(stored: str, password: str) -> str | None:
    """Return a new hash of a password that matched if the old hash has weaker parameters, otherwise
    None.
    """
    return HASHER.hash(password) if HASHER.check_needs_rehash(stored) else None


@cache
def _nobodys() -> str:
    """Return a hash to check against when a user has no hash. The result is not used."""
    return HASHER.hash("nobody")
