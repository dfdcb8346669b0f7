"""Values in the notation of OVSDB (RFC 7047), as every tool and server of it writes them.

A set is `["set", [...]]`, a map `["map", [[key, value], ...]]`, a reference `["uuid", "..."]`. An
optional column without a value is an empty set; a set of one is written as the bare value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(cell: Any) -> Any:
    """Return a cell as Python: sets as lists, maps as dicts, UUIDs as strings. Raises ValueError or
    TypeError for another notation.
    """
    if not isinstance(cell, list):
        return cell
    kind, content = cell
    if kind == "uuid":
        return str(content)
    if kind == "set":
        return [plain(item) if type(item) is list else item for item in content]
    if kind == "map":
        return {str(key): plain(value) for key, value in content}
    raise ValueError(f"unknown notation {kind!r}")


def rows_of(table: Mapping[str, Any], wanted: frozenset[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a table with `headings` and `data`; only `wanted` columns, if given.

    Raises KeyError, TypeError or ValueError for a table that is not whole.
    """
    names = [str(name) for name in table["headings"]]
    places = [(at, name) for at, name in enumerate(names) if wanted is None or name in wanted]
    rows = []
    for row in table["data"]:
        if len(row) != len(names):
            raise ValueError(f"a row of {len(row)} cells below {len(names)} headings")
        rows.append(
            {name: plain(row[at]) if type(row[at]) is list else row[at] for at, name in places}
        )
    return rows


def many(value: Any) -> list[Any]:
    """Return a column that holds a set, as a list; a column that is not there is an empty set."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """Return an optional text; "" when it has no value."""
    return "" if value is None or isinstance(value, list | dict) else str(value)


def number(value: Any) -> int | None:
    """Return an optional number; None when it has no value."""
    return None if value is None or isinstance(value, list | dict | bool) else int(value)


def flag(value: Any) -> bool | None:
    """Return an optional boolean; None when it has no value."""
    return value if isinstance(value, bool) else None


def mapping(value: Any) -> dict[str, str]:
    """Return a map of texts, sorted by key; {} for a column that is not there."""
    found = value if isinstance(value, dict) else {}
    return {str(key): str(found[key]) for key in sorted(found)}
