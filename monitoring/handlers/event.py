"""CheckEvent: one result in the form that all formats are brought into."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from calipso.errors import ConfigError
from calipso.model.monitoring import Value

#: Characters of a text that is kept.
LONGEST = 2048
#: A clock may be this far ahead; a later time is taken as the time of arrival.
AHEAD = timedelta(seconds=60)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
#: Seconds after which a result is old, where the sender says nothing.
TTL = 300.0
#: A result of Sensu is old after this many intervals of its check.
INTERVALS = 3
LONGEST_TTL = 7 * 86_400.0

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class BadPayload(ConfigError):
    """A payload that is not of its format."""


@dataclass(frozen=True)
class Reference:
    """What a result says about its target: a key that wins, or a name made of type and id.

    `fields` are labels to search with: each narrows the objects; exactly one must be left.
    """

    environment: str = ""
    type: str = ""
    id: str = ""
    link: str = ""
    name: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CheckEvent:
    """One result.

    `slot` tells several results of one source on one object apart: each alert has its own.
    `hard`: the sender has already counted how often it failed. `note`: only a message, no status.
    `forget`: the slot is over and says nothing any more.
    """

    about: Reference
    value: Value
    text: str
    executed: datetime
    source: str
    ttl: float = TTL
    host: str = ""
    slot: str = ""
    hard: bool = True
    flapping: bool | None = None
    note: bool = False
    forget: bool = False

    @property
    def place(self) -> str:
        """The name of the slot: `nagios`, `alertmanager/1a2b`."""
        return f"{self.source}/{self.slot}" if self.slot else self.source


def text_of(value: Any, most: int = LONGEST) -> str:
    """Return a text without characters that control a terminal or turn the writing."""
    found = value if isinstance(value, str) else "" if value is None else str(value)
    return _CONTROL.sub(" ", found[: most * 2]).strip()[:most]


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a map. Raises BadPayload for anything else."""
    if not isinstance(value, Mapping):
        raise BadPayload(f"{what}: expected an object, not {type(value).__name__}")
    return value


def value_of(status: Any) -> Value:
    """Return the value of an exit code: 0, 1, 2; anything else is unknown."""
    if isinstance(status, bool) or not isinstance(status, int | float | str):
        return Value.UNKNOWN
    try:
        number = int(float(status))
    except (ValueError, OverflowError):
        return Value.UNKNOWN
    return Value(number) if number in (0, 1, 2) else Value.UNKNOWN


def seconds(value: Any, otherwise: float) -> float:
    """Return a time in seconds, limited to a week; `otherwise` for what is no time."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return min(found, LONGEST_TTL) if math.isfinite(found) and found > 0 else otherwise


def moment(value: Any, received: datetime) -> datetime:
    """Return a time: seconds since 1970, or ISO 8601. What lies ahead is the time of arrival.

    Raises BadPayload for what is no time.
    """
    found = received
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            found = datetime.fromisoformat(value)
        elif value is not None and not isinstance(value, bool):
            found = datetime.fromtimestamp(float(value), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise BadPayload(f"{str(value)[:60]!r} is not a time") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    if not EARLIEST <= found.astimezone(UTC) <= LATEST:
        raise BadPayload(f"{str(value)[:60]!r} is not a time of this world")
    found = found.astimezone(UTC)
    found = found.replace(microsecond=found.microsecond // 1000 * 1000)
    return received if found > received + AHEAD else found
