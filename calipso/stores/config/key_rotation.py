"""Replaces the key of stored secrets while other processes continue to read and write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database

from calipso.model.collections import COLLECTIONS
from calipso.model.documents import Document
from calipso.secrets.box import SecretBox, map_secrets
from calipso.utils.clock import now


def rotate(database: Database[Document], secrets: SecretBox) -> None:
    """Encrypt every stored secret with a new key and forget the old keys."""
    secrets.add_key()
    for _ in ("all", "again, for what other processes wrote with the old keys"):
        for collection, wanted in _places(database):
            for found in [*collection.find(wanted, {"_id": 1})]:
                _renew(collection, found["_id"], secrets)
    secrets.drop_old_keys()


def _places(database: Database[Document]) -> Iterator[tuple[Collection[Document], Document]]:
    """Yield the stored documents with secrets. Nobody uses the secrets of an expired test again."""
    running = {"connection_tests": {"status": "request", "deadline": {"$gt": now()}}}
    for name, spec in COLLECTIONS.items():
        if spec.secrets:
            yield database[name], running.get(name, {})


def _renew(collection: Collection[Document], key: Any, secrets: SecretBox) -> None:
    """Encrypt the secrets of a document with the newest key; changes by other processes stay."""
    while (stored := collection.find_one({"_id": key})) is not None:
        fresh = map_secrets(stored, secrets.renewed)
        changed = {name: value for name, value in fresh.items() if value != stored[name]}
        same = {name: stored[name] for name in changed}
        if not changed:
            return
        if collection.update_one({"_id": key} | same, {"$set": changed}).matched_count:
            return
