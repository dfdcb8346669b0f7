"""ScanWriter: the common base of the writers of objects, links and cliques."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from bson import ObjectId
from pymongo import UpdateOne

from calipso.model.documents import Document
from calipso.model.inventory import derived_key
from calipso.stores.inventory.generations import not_newer
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.touched import Touched
from calipso.stores.mongo.encoding import encode
from calipso.utils.clock import now


class WriterOptions(TypedDict):
    """Arguments of a writer besides its scan; all but the generation may be left out."""

    generation: int
    record_changes: NotRequired[bool]
    alive: NotRequired[Callable[[], None]]


class ScanWriter:
    """Writes for one scan, and records changes.

    A document that a later scan has stamped stays unchanged, because the watchdog may have given up
    the worker of this scan.
    """

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
        """The writer calls `alive` before each portion; `alive` raises when the scan continued
        without it.
        """
        self.inv = inv
        self.environment = environment
        self.scan_id = scan_id
        self.generation = generation
        self.record_changes = record_changes
        self.alive = alive
        self._guard = inv.guard(not_newer(generation))
        self._now = now()
        #: What this writer really changed.
        self.touched = Touched()
        self._stamp: Document = {
            "scan_id": scan_id,
            "generation": generation,
            "last_scanned": self._now,
        }

    def _is_newer(self, document: Mapping[str, Any]) -> bool:
        """True for a document that a later scan has stamped."""
        return int(document.get("generation", 0)) > self.generation

    def _guarded(self, key: ObjectId, update: Document) -> UpdateOne:
        """Return an update that applies only if no later scan has stamped the document."""
        return UpdateOne({"_id": key} | self._guard, update)

    def _object_change(
        self, what: str, item: Mapping[str, Any], fields: Document, was: Document | None = None
    ) -> UpdateOne:
        """Return the change document of an object.

        `was` is what time travel needs beside `fields`: the whole object that is removed, or fields
        as they were that `fields` does not have in full.
        """
        subject = {
            "kind": "object",
            "type": item["type"],
            "id": item["id"],
            "name": item.get("name", item["id"]),
            "host": item.get("host", ""),
            "fields": fields,
        }
        return self._change_operation(what, subject | ({"was": was} if was else {}))

    def _change_operation(self, what: str, subject: Document) -> UpdateOne:
        return change_operation(self.environment, self.scan_id, what, subject, self._now)


def change_operation(
    environment: str, scan_id: str, what: str, subject: Document, when: datetime
) -> UpdateOne:
    """Return one change document. Its id is derived, so a task that runs twice records it once."""
    fields = ",".join(subject.get("fields", {}))
    parts = (environment, scan_id, what, subject["kind"], subject["type"], subject["id"], fields)
    key = derived_key(*parts)
    document = {"environment": environment, "scan_id": scan_id, "change": what, "time": when}
    return UpdateOne({"_id": key}, {"$setOnInsert": document | encode(subject)}, upsert=True)


def clique_version(key: ObjectId, old: Mapping[str, Any] | None, writer: ScanWriter) -> UpdateOne:
    """Return the version of a clique that ends now. One scan keeps the first one it replaces."""
    document = {
        "environment": writer.environment,
        "clique": key,
        "until": writer._now,
        "document": None if old is None else dict(old),
    }
    version = derived_key("clique", str(key), writer.scan_id)
    return UpdateOne({"_id": version}, {"$setOnInsert": document}, upsert=True)
