"""Changes of links get the ids of both ends, so that an index finds the changes of one object."""

from __future__ import annotations

from collections.abc import Iterator

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr, known_inventories

DESCRIPTION = "Changes of links get source_id and target_id, read from their id."

WITHOUT: Document = {"kind": "link", "target_id": {"$exists": False}}
PORTION = 1000


def affected(database: Database[Document]) -> int:
    """Return the number of changes of links without the ids of their ends."""
    return sum(changes.count_documents(WITHOUT) for changes in _collections(database))


def upgrade(database: Database[Document]) -> int:
    """Add the ends; returns how many changes got them."""
    done = 0
    for changes in _collections(database):
        while found := list(changes.find(WITHOUT, {"id": 1}, limit=PORTION)):
            ends = [UpdateOne({"_id": item["_id"]}, {"$set": _ends(item["id"])}) for item in found]
            changes.bulk_write(ends, ordered=False)
            done += len(found)
    return done


def _collections(database: Database[Document]) -> Iterator[Collection[Document]]:
    for name in known_inventories(database):
        yield InventoryMgr(name, database).collection("changes")


def _ends(text: str) -> Document:
    """Of `<source id> -> <target id> [<name>]`."""
    source, _, rest = text.partition(" -> ")
    return {"source_id": source, "target_id": rest.partition(" [")[0]}
