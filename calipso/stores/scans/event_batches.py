"""EventBatches: which keys of an environment are looked at just now, by which scan.

An environment has one batch at a time, so no two looks at one key run at once. The document is the
lease: a worker that plans it or ends it holds it until `until`; in between its scan holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument

from calipso.model.documents import Document
from calipso.stores.mongo.conditional import change_if
from calipso.stores.store import Store
from calipso.utils.clock import now

#: Seconds a worker may take to plan or to end a batch; then another one does it.
LEASE = 60.0


class EventBatches(Store):
    """The collection `event_batches`; its `_id` is the name of the environment."""

    NAME = "event_batches"

    def get(self, environment: str) -> Document | None:
        """Return the batch of an environment; None when nothing is looked at."""
        found = self.collection.find_one({"_id": environment})
        return found if found and found.get("scan_id") else None

    def take(self, environment: str) -> Document | None:
        """Become the one who plans or ends the batch of an environment, for a while; None when
        another one does.
        """
        mine = ObjectId()
        moment = now()
        document = {"environment": environment, "scan_id": "", "until": None, "holder": None}
        self.collection.update_one({"_id": environment}, {"$setOnInsert": document}, upsert=True)
        free: Document = {"$or": [{"$eq": ["$until", None]}, {"$lt": ["$until", moment]}]}
        held = {"holder": mine, "until": moment + timedelta(seconds=LEASE)}
        found = self.collection.find_one_and_update(
            {"_id": environment},
            change_if([free], held),
            return_document=ReturnDocument.AFTER,
        )
        return found if found and found.get("holder") == mine else None

    def begin(self, batch: Document, scan_id: str, **fields: Any) -> bool:
        """Store what the scan of this id is to look at; False when the lease has ended."""
        begun = {"scan_id": scan_id, "begun": now(), **fields}
        return self._mine(batch, begun)

    def release(self, batch: Document, *, over: bool) -> None:
        """Let go of a batch; `over`: its scan has ended, and nothing is left of it."""
        fields: Document = {"holder": None, "until": None}
        if over:
            fields |= {"scan_id": "", "keys": [], "parts": []}
        self._mine(batch, fields)

    def _mine(self, batch: Document, fields: Document) -> bool:
        mine = [{"$eq": ["$holder", batch["holder"]]}]
        found = self.collection.find_one_and_update(
            {"_id": batch["_id"]}, change_if(mine, fields), return_document=ReturnDocument.BEFORE
        )
        return found is not None and found["holder"] == batch["holder"]
