"""The time as it is stored."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Current time in UTC, in milliseconds as MongoDB keeps it."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
