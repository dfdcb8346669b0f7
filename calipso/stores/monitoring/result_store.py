"""ResultStore: the last result of each other system on each target, and when it is old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from bson import ObjectId
from pymongo import DeleteOne, UpdateOne

from calipso.model.documents import Document
from calipso.stores.mongo.conditional import change_if
from calipso.stores.mongo.encoding import encode
from calipso.stores.store import Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ResultStore(Store):
    """One document of each (target, slot)."""

    NAME: ClassVar[str] = "monitoring_results"

    def find(self, keys: Sequence[ObjectId]) -> dict[ObjectId, Document]:
        """Return stored results by their keys."""
        found: dict[ObjectId, Document] = {}
        for start in range(0, len(keys), 1000):
            wanted = {"_id": {"$in": list(keys[start : start + 1000])}}
            found |= {item["_id"]: item for item in self.collection.find(wanted)}
        return found

    def save(self, results: Mapping[ObjectId, Mapping[str, Any]]) -> None:
        """Store results. One that is older than the stored result changes nothing."""
        writes = []
        for key, fields in results.items():
            stored = {"$ifNull": ["$executed", _EPOCH]}
            newer = {"$lt": [stored, fields["executed"]]}
            writes.append(UpdateOne({"_id": key}, change_if([newer], encode(fields)), upsert=True))
        for start in range(0, len(writes), 1000):
            self.collection.bulk_write(writes[start : start + 1000], ordered=False)

    def remove(self, keys: Iterable[ObjectId]) -> None:
        """Forget results."""
        writes = [DeleteOne({"_id": key}) for key in keys]
        if writes:
            self.collection.bulk_write(writes, ordered=False)

    def expired(self, environment: str, moment: datetime, most: int = 1000) -> list[Document]:
        """Return results of an environment that are old and not yet marked as old."""
        wanted = {"environment": environment, "expires": {"$lt": moment}}
        return list(self.collection.find(wanted, limit=most))

    def note_unresolved(self, environment: str, names: Sequence[str]) -> None:
        """Count results that are about no object, or about several; the last names are kept."""
        if not names:
            return
        key = {"_id": self._unresolved(environment)}
        update: Document = {
            "$inc": {"count": len(names)},
            "$set": {"environment": environment, "names": [name[:200] for name in names[-20:]]},
        }
        self.db[self.NAME].update_one(key, update, upsert=True)

    def unresolved(self, environment: str) -> Document:
        """Return how many results were not resolved so far, and the last names."""
        found = self.collection.find_one({"_id": self._unresolved(environment)}) or {}
        return {"count": found.get("count", 0), "names": found.get("names", [])}

    @staticmethod
    def _unresolved(environment: str) -> str:
        return f"unresolved/{environment}"
