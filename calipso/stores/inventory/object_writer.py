"""ObjectWriter: stores what a fetch found, in bulk, and notes what changed.

Writing the same objects twice changes nothing: ids are derived, and stored documents are
compared before they are written.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, UpdateOne

from calipso.model.inventory import object_key
from calipso.stores.inventory.changes import differences
from calipso.stores.inventory.generations import not_newer
from calipso.stores.inventory.inventory_mgr import InventoryMgr, Write
from calipso.stores.mongo.encoding import encode

Document = dict[str, Any]

#: Objects compared and written together; the embedded store likes 500 to 1000.
PORTION = 500


class ObjectWriter:
    """Buffers objects of one task and writes them in portions."""

    def __init__(
        self,
        inv: InventoryMgr,
        environment: str,
        scan_id: str,
        *,
        generation: int = 0,
        record_changes: bool = True,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`alive` is called before each portion; it raises when the scan went on without us."""
        self.inv = inv
        self.environment = environment
        self.scan_id = scan_id
        self.generation = generation
        self.record_changes = record_changes
        self.alive = alive
        self._guard = inv.guard(not_newer(generation))
        self.counts: Counter[str] = Counter()
        self._buffer: dict[ObjectId, Document] = {}
        self._now = datetime.now(UTC).replace(microsecond=0)

    def add(self, document: Document, *, enriches: bool = False) -> ObjectId:
        """Take one complete object; it is written by the next flush at the latest."""
        key = object_key(self.environment, document["type"], document["id"])
        if enriches:
            document = {**document, "enriched": sorted(document.keys() - {"id", "type"})}
        self._buffer[key] = encode(document) | {"_id": key}
        if not enriches and not document["type"].endswith("_folder"):
            self.counts[document["type"]] += 1
        if len(self._buffer) >= PORTION:
            self.flush()
        return key

    def flush(self) -> None:
        """Write what is buffered: changed documents in bulk, a stamp on the others.

        What a later scan has stamped stays as it is.
        """
        if not self._buffer:
            return
        self.alive()
        buffer, self._buffer = self._buffer, {}
        collection = self.inv.collection("inventory")
        stored = {
            item["_id"]: item
            for item in collection.find({"_id": {"$in": list(buffer)}}, batch_size=PORTION)
        }
        operations: list[Write] = []
        changes: list[UpdateOne] = []
        same: list[ObjectId] = []
        for key, new in buffer.items():
            old = stored.get(key)
            if old is not None and old.get("generation", 0) > self.generation:
                continue
            if "enriched" in new:
                self._enrich(key, new, old, operations, changes)
            elif old is None:
                operations.append(self._insert(new))
                changes += self._change("added", new, {})
            else:
                update = self._update(new, old)
                if update:
                    changes += self._difference(new, old)
                    operations.append(self._guarded(key, update))
                else:
                    same.append(key)
        # Changes first: if a worker dies in between, the rerun finds the same difference.
        self.inv.bulk("changes", changes)
        self.inv.bulk("inventory", operations)
        self.inv.update_by_keys("inventory", same, {"$set": self._stamp()}, self._guard)

    def note_removed(self, documents: Iterable[Document]) -> None:
        """Record that these go; they are removed by the caller."""
        self.inv.bulk(
            "changes", [c for item in documents for c in self._change("removed", item, {})]
        )

    # -- parts -------------------------------------------------------------------------

    def _stamp(self) -> Document:
        return {
            "scan_id": self.scan_id,
            "generation": self.generation,
            "last_scanned": self._now,
        }

    def _guarded(self, key: ObjectId, update: Document) -> UpdateOne:
        """The update of an object that no later scan has stamped meanwhile."""
        return UpdateOne({"_id": key} | self._guard, update)

    def _insert(self, new: Document) -> Write:
        return InsertOne(new | self._stamp() | {"environment": self.environment})

    def _update(self, new: Document, old: Document) -> Document | None:
        """The update that makes `old` equal `new`; None when only the stamp differs."""
        keep = {"_id", "environment", "scan_id", "generation", "last_scanned", "enriched"}
        keep |= {"clique", "problems"} | set(old.get("enriched", ())) - new.keys()
        changed = {key: value for key, value in new.items() if old.get(key, _MISSING) != value}
        gone = [key for key in old if key not in new and key not in keep]
        if not changed and not gone:
            return None
        update: Document = {"$set": changed | self._stamp()}
        if gone:
            update["$unset"] = dict.fromkeys(gone, "")
        return update

    def _enrich(
        self,
        key: ObjectId,
        new: Document,
        old: Document | None,
        operations: list[Write],
        changes: list[UpdateOne],
    ) -> None:
        """Add fields to an object that another fetch type stored; never create one."""
        if old is None:
            return
        fields = {name: value for name, value in new.items() if name not in ("_id", "id", "type")}
        fields["enriched"] = sorted(set(old.get("enriched", ())) | set(new["enriched"]))
        if all(old.get(name, _MISSING) == value for name, value in fields.items()):
            return
        if "enriched" in old:  # the first enrichment completes a new object: no change of it
            changes += self._difference(old | fields, old)
        operations.append(self._guarded(key, {"$set": fields}))

    def _difference(self, new: Document, old: Document) -> list[UpdateOne]:
        owned = set(old.get("enriched", ())) - new.keys()
        fields = differences({k: v for k, v in old.items() if k not in owned}, new)
        return self._change("changed", new, fields) if fields else []

    def _change(self, what: str, document: Document, fields: Document) -> list[UpdateOne]:
        if not self.record_changes or str(document["type"]).endswith("_folder"):
            return []
        return [
            change_operation(
                self.environment,
                self.scan_id,
                what,
                {
                    "kind": "object",
                    "type": document["type"],
                    "id": document["id"],
                    "name": document.get("name", document["id"]),
                    "host": document.get("host", ""),
                    "fields": fields,
                },
                self._now,
            )
        ]


def change_operation(
    environment: str, scan_id: str, what: str, subject: Document, when: datetime
) -> UpdateOne:
    """One change document; its id is derived, so that a task run twice records it once."""
    fields = ",".join(subject.get("fields", {}))
    parts = (environment, scan_id, what, subject["kind"], subject["type"], subject["id"], fields)
    text = "\0".join(parts)
    key = ObjectId(hashlib.sha256(text.encode()).digest()[:12])
    document = {"environment": environment, "scan_id": scan_id, "change": what, "time": when}
    return UpdateOne({"_id": key}, {"$setOnInsert": document | encode(subject)}, upsert=True)


_MISSING = object()
