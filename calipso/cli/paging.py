"""Pages of a list: `--limit`, `--marker`, and a note when there is more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from calipso.cli.output import clean, say_later

R = TypeVar("R", bound=Mapping[str, Any])


def cut(rows: list[R], limit: int, key: str) -> list[R]:
    """Return the first `limit` of `limit + 1` rows.

    If there is a next page, print how to get it.
    """
    if not limit or len(rows) <= limit:
        return rows
    page = rows[:limit]
    say_later(f"there are more rows: --marker {clean(str(page[-1][key]))}, or --limit 0 for all")
    return page
