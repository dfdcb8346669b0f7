"""How an object or a link is, as one of four words that every drawing and table uses. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from calipso.model.documents import Record
from calipso.model.monitoring import Value


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


def watched_word(data: Record) -> str:
    """What monitoring says: OK, Warning, Error, Unknown; `silenced` with it. Empty: nothing."""
    status = data.get("monitoring") or {}
    label = str(status.get("label") or "")
    return f"{label} (silenced)" if label and silenced(data) else label


def silenced(data: Record) -> bool:
    """True while somebody wants to hear nothing of it."""
    until: Any = (data.get("monitoring") or {}).get("silenced_until")
    if isinstance(until, str):
        until = datetime.fromisoformat(until)
    return until is not None and until > datetime.now(UTC)


def _watched(data: Record, found: Health) -> Health:
    """The worse of the state in the source and the status of monitoring.

    A status that is OK makes good what has no state; one that is unknown hides a good state. What
    is silenced does not count.
    """
    value = (data.get("monitoring") or {}).get("value")
    if value is None or silenced(data):
        return found
    if value == Value.OK:
        return Health.GOOD if found is Health.UNKNOWN else found
    if value == Value.ERROR or found is Health.BAD:
        return Health.BAD
    return Health.DEGRADED if value == Value.WARNING else Health.UNKNOWN


def health(data: Record) -> Health:
    """How an object or link is: by its state, its problems, and whether it could be read.

    An object with problems is never good, and one that could not be read again is unknown
    unless it was bad. A word that is not known here makes nothing good.
    """
    found = _watched(data, _HEALTH.get(state_word(data).lower(), Health.UNKNOWN))
    if data.get("problems") and found is not Health.BAD:
        return Health.DEGRADED
    if data.get("stale_since") and found is not Health.BAD:
        return Health.UNKNOWN
    return found
