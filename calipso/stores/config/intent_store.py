"""IntentStore: the collection `intents`: what must hold, and the last answer to each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ReplaceOne, UpdateOne

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.intent import Intent
from calipso.model.inventory import derived_key
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.clock import now


class IntentStore(Store):
    """Intents of all environments; a name is unique in its environment."""

    NAME = "intents"

    def put(self, environment: str, intents: Iterable[Intent], by: str) -> list[Document]:
        """Store intents; one of the same name is replaced. Returns the documents."""
        self.ensure_indexes()
        documents = [
            {
                "_id": derived_key("intent", environment, intent.name),
                "environment": environment,
                "name": intent.name,
                "intent": intent.document(),
                "by": by,
                "changed": now(),
                "result": None,
            }
            for intent in intents
        ]
        if documents:
            self.collection.bulk_write(
                [ReplaceOne({"_id": d["_id"]}, encode(d), upsert=True) for d in documents]
            )
        return documents

    def of(self, environments: Iterable[str]) -> list[Document]:
        """Return the intents of these environments, by environment and name."""
        query = {"environment": {"$in": sorted(set(environments))}}
        found = [decode(item) for item in self.collection.find(query)]
        return sorted(found, key=lambda item: (item["environment"], item["name"]))

    def get(self, environment: str, name: str) -> Document:
        """Return one intent. Raises NotFound."""
        return self.by_key(str(derived_key("intent", environment, name)), name)

    def by_key(self, key: str, name: str = "") -> Document:
        """Return one intent by its `_id`. Raises NotFound."""
        wanted = ObjectId(key) if ObjectId.is_valid(key) else None
        found = self.collection.find_one({"_id": wanted})
        if found is None:
            raise NotFound(f"no intent {name or key}", hint="calipso intent list")
        return dict(decode(found))

    def remove(self, document: Mapping[str, Any]) -> None:
        """Remove an intent."""
        self.collection.delete_one({"_id": document["_id"]})

    def note(self, environment: str, results: Mapping[str, Document], moment: datetime) -> None:
        """Keep the answers to intents, by name. `since` is when the verdict became what it is."""
        stored = {item["name"]: item for item in self.of([environment])}
        updates = []
        for name, result in results.items():
            if name not in stored:
                continue
            old = stored[name].get("result") or {}
            same = old.get("verdict") == result["verdict"]
            since = old.get("since", moment) if same else moment
            document = encode(result | {"since": since, "checked": moment})
            updates.append(UpdateOne({"_id": stored[name]["_id"]}, {"$set": {"result": document}}))
        if updates:
            self.collection.bulk_write(updates, ordered=False)
