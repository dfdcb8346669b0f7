"""The order of nodes in a column of a drawing, by what they are linked to. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_DIGITS = re.compile(r"(\d+)")


def natural(value: Any) -> tuple[tuple[int, str], ...]:
    """Sort key of a name: `compute-2` comes before `compute-10`."""
    parts = _DIGITS.split(str(value or ""))
    return tuple(
        (len(part.lstrip("0")) + 1, part.lstrip("0")) if part.isdecimal() else (0, part)
        for part in parts
        if part
    )


class Neighbours:
    """What each node is linked to."""

    def __init__(self, ends: Iterable[tuple[str, str]]) -> None:
        self._near: defaultdict[str, list[str]] = defaultdict(list)
        for source, target in sorted(ends):
            if source != target:
                self._near[source].append(target)
                self._near[target].append(source)

    def means(self, keys: Iterable[str], row: Mapping[str, int]) -> dict[str, float]:
        """The mean row of the neighbours of each key; its own row when it has none."""
        found = {}
        for key in keys:
            rows = [row[other] for other in self._near.get(key, ())]
            found[key] = sum(rows) / len(rows) if rows else float(row[key])
        return found


def in_order(
    keys: Sequence[str], wanted: Mapping[str, float], earlier: Mapping[str, Any]
) -> list[str]:
    """The keys by the row they want; equal ones stay as they are.

    Those drawn earlier keep their order: a new one comes before the first of them that wants a
    row further down.
    """
    old = [key for key in keys if key in earlier]
    new = sorted((key for key in keys if key not in earlier), key=lambda key: wanted[key])
    found: list[str] = []
    for key in old:
        while new and wanted[new[0]] < wanted[key]:
            found.append(new.pop(0))
        found.append(key)
    return found + new


def spread(
    ordered: Sequence[str], wanted: Mapping[str, float], row: Mapping[str, int], rows: int
) -> dict[str, int]:
    """Rows for a column beside the boxes: near what each wants, in order, one row each.

    `rows` is how many the drawing has; a longer column goes beyond.
    """
    return settle(ordered, wanted, sorted(row[key] for key in ordered), 0, max(rows, len(ordered)))


def settle(
    ordered: Sequence[str], wanted: Mapping[str, float], slots: Sequence[int], low: int, high: int
) -> dict[str, int]:
    """Rows from `low` to before `high`, in order, each as near to the wanted one as is free.

    When there are more keys than rows, they take the slots they had.
    """
    if len(ordered) > high - low:
        return dict(zip(ordered, slots, strict=True))
    found: dict[str, int] = {}
    last = low - 1
    for place, key in enumerate(ordered):
        behind = len(ordered) - 1 - place
        last = min(max(round(wanted[key]), last + 1), high - 1 - behind)
        found[key] = last
    return found
