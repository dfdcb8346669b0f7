"""Snapshots: what a scan stored, kept in memory, so that tests of one process need not scan again.

A test gets a database of its own all the same, with the same documents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from calipso.stores.inventory.inventory_mgr import InventoryMgr


@dataclass(frozen=True)
class Snapshot:
    """Documents by collection, and files of the data directory (the key of the secrets)."""

    documents: dict[str, list[RawBSONDocument]]
    files: dict[Path, bytes]


_KEPT: dict[str, Snapshot] = {}


def once(name: str, inv: InventoryMgr, home: Path, make: Callable[[], None]) -> None:
    """Fill the database of a test by `make`, or by what `make` stored for an earlier test.

    Both tests must use the same cloud, because its addresses are among the documents.
    """
    if name not in _KEPT:
        make()
        _KEPT[name] = _taken(inv.db, home)
        return
    found = _KEPT[name]
    for collection, documents in found.documents.items():
        inv.db[collection].delete_many({})
        inv.db[collection].insert_many(documents)
    for path, content in found.files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).touch(mode=0o600)
        (home / path).write_bytes(content)


def _taken(db: Database[dict[str, object]], home: Path) -> Snapshot:
    options = db.codec_options.with_options(document_class=RawBSONDocument)
    documents = {
        name: list(db.get_collection(name, codec_options=options).find({}))
        for name in db.list_collection_names()
    }
    files = {
        path.relative_to(home): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }
    return Snapshot({name: found for name, found in documents.items() if found}, files)
