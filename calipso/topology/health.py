"""How an object or a link is, as one of four words that every drawing and table uses. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from calipso.model.documents import Record


class Health(StrEnum):
    """How something is. A drawing shows each as a colour, a shape and a word."""

    GOOD = "good"
    DEGRADED = "degraded"
    BAD = "bad"
    UNKNOWN = "unknown"


#: Words of sources for states and statuses, in lower case.
_WORDS = {
    Health.GOOD: ("up", "active", "ok", "enabled", "running", "available"),
    Health.DEGRADED: ("build", "degraded", "paused", "suspended", "shutoff", "stopped", "disabled"),
    Health.BAD: ("down", "error", "dead", "failed", "deleted", "crashed"),
}
_HEALTH = {word: health for health, words in _WORDS.items() for word in words}

#: Words for bad as sources write them, for a condition of a store.
BAD_WORDS = [
    spelt for word in _WORDS[Health.BAD] for spelt in (word, word.upper(), word.capitalize())
]


def state_word(data: Record) -> str:
    """The state of an object or link in the words of its source; empty when it has none."""
    for name in ("state", "status"):
        value: Any = data.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def health(data: Record) -> Health:
    """How an object or link is: by its state, its problems, and whether it could be read.

    An object with problems is never good, and one that could not be read again is unknown
    unless it was bad. A word that is not known here makes nothing good.
    """
    found = _HEALTH.get(state_word(data).lower(), Health.UNKNOWN)
    if data.get("problems") and found is not Health.BAD:
        return Health.DEGRADED
    if data.get("stale_since") and found is not Health.BAD:
        return Health.UNKNOWN
    return found
