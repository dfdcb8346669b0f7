"""Pages of a list: `--limit`, `--marker`, and a note when there is more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from calipso.cli.output import clean, say_later

R = TypeVar("R", bound=Mapping[str, Any])


def cut(rows: list[R], limit: int, key: str) -> list[R]:
    """The first `limit` of `limit + 1` rows; says how to get the next page if there is one."""
    if not limit or len(rows) <= limit:
        return rows
    page = rows[:limit]
    say_later(f"there is more: --marker {clean(str(page[-1][key]))}, or --limit 0 for all")
    return page
