"""The first schema with a number: databases from before it differ from it in indexes only."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from calipso.stores.migrations import indexes

DESCRIPTION = "The collections of the first numbered schema, with their indexes."


def affected(database: Database[dict[str, Any]]) -> int:
    """Indexes to be made."""
    return len(indexes.missing(database))


def upgrade(database: Database[dict[str, Any]]) -> int:
    """Make them."""
    return len(indexes.make(database))
