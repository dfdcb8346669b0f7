"""The first numbered schema. Earlier databases differ from it only in indexes."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from calipso.stores.migrations import indexes

DESCRIPTION = "The collections of the first numbered schema, with their indexes."


def affected(database: Database[dict[str, Any]]) -> int:
    """Return the number of missing indexes."""
    return len(indexes.missing(database))


def upgrade(database: Database[dict[str, Any]]) -> int:
    """Make them."""
    return len(indexes.make(database))
