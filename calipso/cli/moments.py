"""Times as people give them: `2h` ago, or a time in ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from calipso.errors import ConfigError
from calipso.utils.clock import now

_SPAN = re.compile(r"(\d{1,6}) ?(s|m|min|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def moment(text: str, option: str, *, ahead: bool = False) -> datetime:
    """`2h` (ago; with `ahead`, from now on), or a time in ISO 8601. Raises ConfigError."""
    span = _SPAN.fullmatch(text.strip())
    if span:
        length = timedelta(seconds=int(span[1]) * _UNITS[span[2]])
        return now() + length if ahead else now() - length
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"{option} {text}: neither a span nor a time",
            hint="Such as 30min, 2h, 3d, 2026-01-31 or 2026-01-31T08:15:00Z.",
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
