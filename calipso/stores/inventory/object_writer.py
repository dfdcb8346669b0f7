"""ObjectWriter: stores the objects of a fetch, in bulk, and notes changes.

A second write of the same objects changes nothing: ids are derived, and the writer compares with
the stored documents first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Unpack

from bson import ObjectId
from pymongo import InsertOne, UpdateOne

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.model.owners import KEPT_FIELDS, PLACED, STAMPS, of_source
from calipso.model.types import is_folder
from calipso.stores.inventory.changes import differences, dotted
from calipso.stores.inventory.inventory_mgr import InventoryMgr, Write
from calipso.stores.inventory.scan_writer import ScanWriter, WriterOptions
from calipso.stores.mongo.embedded import PORTION
from calipso.stores.mongo.encoding import encode

#: Fields that an update does not touch, besides those that enriched the object.
_KEPT = KEPT_FIELDS | STAMPS | {"_id", "environment", "enriched", "clique"}


class ObjectWriter(ScanWriter):
    """Buffers objects of one task and writes them in portions.

    Takes the same arguments as ScanWriter.
    """

    def __init__(
        self, inv: InventoryMgr, environment: str, scan_id: str, **options: Unpack[WriterOptions]
    ) -> None:
        super().__init__(inv, environment, scan_id, **options)
        self.counts: Counter[str] = Counter()
        self._buffer: dict[ObjectId, Document] = {}

    def add(self, document: Document, *, enriches: bool = False) -> ObjectId:
        """Take one complete object. The next flush writes it, if not earlier."""
        key = object_key(self.environment, document["type"], document["id"])
        document = of_source(document, placed=not enriches)
        if enriches:
            document = {**document, "enriched": sorted(document.keys() - {"id", "type"})}
        self._buffer[key] = encode(document) | {"_id": key}
        if not enriches and not is_folder(document["type"]):
            self.counts[document["type"]] += 1
        if len(self._buffer) >= PORTION:
            self.flush()
        return key

    def flush(self) -> None:
        """Write the buffered objects: changed documents in bulk, a stamp on the others.

        A document that a later scan has stamped stays unchanged.
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
            if old is not None and self._is_newer(old):
                continue
            if "enriched" in new:
                self._enrich(key, new, old, operations, changes)
            elif old is None:
                self.touched.note(None, new)
                operations.append(self._insert(new))
                changes += self._change("added", new, {})
            else:
                update = self._update(new, old)
                if update:
                    fields = self._differences(new, old)
                    changes += self._changed(new, old, fields) if fields else []
                    if fields or "stale_since" in old:
                        self.touched.note(old, new)
                    operations.append(self._guarded(key, update))
                else:
                    same.append(key)
        # Write changes first: if a worker dies in between, the rerun finds the same difference.
        self.inv.bulk("changes", changes)
        self.inv.bulk("inventory", operations)
        self.inv.update_by_keys("inventory", same, {"$set": self._stamp}, self._guard)

    def note_removed(self, documents: Iterable[Document]) -> None:
        """Record the removal of these objects, with all their fields. The caller removes them."""
        items = list(documents)
        for item in items:
            self.touched.note(item, None)
        if not self.record_changes:
            return
        whole = self.inv.find_by_keys(item["_id"] for item in items)
        changes: list[UpdateOne] = []
        for item in items:
            changes += self._change("removed", item, {}, whole.get(item["_id"], item))
        self.inv.bulk("changes", changes)

    # -- parts -------------------------------------------------------------------------

    def _insert(self, new: Document) -> Write:
        return InsertOne(new | self._stamp | {"environment": self.environment})

    def _update(self, new: Document, old: Document) -> Document | None:
        """Return the update that makes `old` equal to `new`; None when only the stamp differs."""
        keep = _KEPT | (set(old.get("enriched", ())) - new.keys())
        changed = {key: value for key, value in new.items() if old.get(key, _MISSING) != value}
        gone = [key for key in old if key not in new and key not in keep]
        if not changed and not gone:
            return None
        update: Document = {"$set": changed | self._stamp}
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
        """Add fields to an object that another fetch type stored. Never create an object."""
        if old is None:
            return
        fields = {name: value for name, value in new.items() if name not in ("_id", "id", "type")}
        fields["enriched"] = sorted(set(old.get("enriched", ())) | set(new["enriched"]))
        if all(old.get(name, _MISSING) == value for name, value in fields.items()):
            return
        differences = self._differences(old | fields, old)
        if differences:
            self.touched.note(old, old | fields)
        # the first enrichment completes a new object, so it is not a change
        if "enriched" in old and differences:
            changes += self._changed(old | fields, old, differences)
        operations.append(self._guarded(key, {"$set": fields}))

    def _differences(self, new: Document, old: Document) -> Document:
        """Return the changed values, without those that only enrich the object."""
        owned = set(old.get("enriched", ())) - new.keys()
        return differences({k: v for k, v in old.items() if k not in owned}, new)

    def _changed(self, new: Document, old: Document, fields: Document) -> list[UpdateOne]:
        """Return the change document of these differences, with what was there before."""
        moved = {key for key in PLACED if old.get(key) != new.get(key, old.get(key))}
        was = {key: old.get(key) for key in moved | dotted(fields)}
        return self._change("changed", new, fields, was)

    def _change(
        self, what: str, document: Document, fields: Document, was: Document | None = None
    ) -> list[UpdateOne]:
        if not self.record_changes or is_folder(document["type"]):
            return []
        return [self._object_change(what, document, fields, was)]


_MISSING = object()
