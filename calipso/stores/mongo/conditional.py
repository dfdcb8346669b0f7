"""Updates that change a document only if it has expected values; found by `_id` alone.

The embedded store reads a whole collection when the condition of a write names a second field
besides `_id`: 57 ms with 30,000 stored tasks, instead of 2 ms. So the update itself contains the
expectation, as an aggregation pipeline (MongoDB 4.2 or newer). `modified_count` shows whether the
document has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calipso.model.documents import Document


def change_if(
    expected: Iterable[Document],
    fields: Mapping[str, Any],
    computed: Mapping[str, Any] | None = None,
) -> list[Document]:
    """Return an update that sets fields if all expectations are true, and otherwise changes
    nothing.

    `expected` and `computed` are expressions, `fields` are stored as they are.
    """
    new = [{"$literal": dict(fields)}, dict(computed or {})]
    changed = {"$mergeObjects": ["$$ROOT", *new]}
    return [{"$replaceWith": {"$cond": [{"$and": list(expected)}, changed, "$$ROOT"]}}]


def alike(fields: Mapping[str, Any]) -> list[Document]:
    """Return expectations that fields have these values. Operators in a value are not evaluated."""
    return [{"$eq": [f"${name}", {"$literal": value}]} for name, value in fields.items()]


def more(name: str, number: int) -> Document:
    """Return the expression "field plus number"; a missing field counts as 0."""
    return {"$add": [{"$ifNull": [f"${name}", 0]}, number]}
