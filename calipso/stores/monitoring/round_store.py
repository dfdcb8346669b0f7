"""RoundStore: when each host is due, and what its rounds left behind: one document a host."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from calipso.model.documents import Document
from calipso.stores.mongo.conditional import change_if
from calipso.stores.store import Store

#: The round of what the API says has this name in place of a host.
API = ""


class RoundStore(Store):
    """One document of each host of each environment that is monitored."""

    NAME: ClassVar[str] = "monitoring_hosts"

    def plan(
        self, environment: str, hosts: Iterable[str], interval: float, moment: datetime
    ) -> None:
        """Have these hosts checked, and no others. New ones are spread over the interval."""
        wanted = {self.key(environment, host): host for host in hosts}
        planned = self.collection.find({"environment": environment}, {"_id": 1})
        known = {str(item["_id"]) for item in planned}
        new: list[Any] = []
        for key in wanted.keys() - known:
            share = hashlib.sha256(key.encode()).digest()[0] / 256
            due = moment + timedelta(seconds=interval * share)
            new.append(
                InsertOne(
                    {
                        "_id": key,
                        "environment": environment,
                        "host": wanted[key],
                        "due": due,
                        "planned": moment,
                    }
                )
            )
        try:
            if new:
                self.collection.bulk_write(new, ordered=False)
        except BulkWriteError:
            pass  # another process was faster
        gone = sorted(known - wanted.keys())
        for start in range(0, len(gone), 1000):
            self.collection.delete_many({"_id": {"$in": gone[start : start + 1000]}})

    def due(self, environment: str, moment: datetime) -> list[Document]:
        """Return the hosts that are due."""
        wanted = {"environment": environment, "due": {"$lte": moment}}
        return list(self.collection.find(wanted, {"memory": 0, "counters": 0}))

    def claim(self, document: Document, following: datetime, moment: datetime) -> bool:
        """Take a round of a host; False when another process has it."""
        expected = {"$eq": ["$due", document["due"]]}
        fields = {"due": following, "sent": moment}
        update = change_if([expected], fields)
        return bool(self.collection.update_one({"_id": document["_id"]}, update).modified_count)

    def get(self, environment: str, host: str) -> Document | None:
        """Return the document of a host."""
        return self.collection.find_one({"_id": self.key(environment, host)})

    def save(self, environment: str, host: str, started: datetime, fields: Document) -> bool:
        """Store the end of a round; False when a later round was stored already."""
        stored = {"$ifNull": ["$started", datetime(1970, 1, 1, tzinfo=started.tzinfo)]}
        update = change_if([{"$lt": [stored, started]}], fields | {"started": started})
        key = {"_id": self.key(environment, host)}
        return bool(self.collection.update_one(key, update).modified_count)

    def of(self, environment: str, fields: Iterable[str] = ()) -> list[Document]:
        """Return the documents of an environment, with these fields only."""
        projection = dict.fromkeys(fields, 1) or {"memory": 0, "counters": 0}
        return list(self.collection.find({"environment": environment}, projection))

    def flag_gateway(self, environment: str, down: bool) -> bool:
        """Note whether the gateway answers; True when that is news."""
        stored = {"$ifNull": ["$gateway_down", False]}
        update = change_if([{"$eq": [stored, not down]}], {"gateway_down": down})
        key = {"_id": self.key(environment, API)}
        return bool(self.collection.update_one(key, update).modified_count)

    def claim_settling(self, environment: str, before: datetime | None, until: datetime) -> bool:
        """Take the settling of an environment until a time; False when another process has it."""
        expected = {"$eq": [{"$ifNull": ["$settle_after", None]}, before]}
        update = change_if([expected], {"settle_after": until})
        key = {"_id": self.key(environment, API)}
        return bool(self.collection.update_one(key, update).modified_count)

    def note_settled(self, environment: str, fields: Document) -> None:
        """Note up to which scan an environment is settled, and what waits for a round."""
        self.collection.update_one({"_id": self.key(environment, API)}, {"$set": fields})

    def drop(self, environment: str, host: str) -> None:
        """Stop checking a host."""
        self.collection.delete_one({"_id": self.key(environment, host)})

    def mark_lost(self, environment: str, host: str) -> bool:
        """Note that nobody checked a host in time; True when that is news."""
        update = change_if([{"$ne": ["$lost", True]}], {"lost": True})
        key = {"_id": self.key(environment, host)}
        return bool(self.collection.update_one(key, update).modified_count)

    def soon(self, environment: str, host: str, moment: datetime) -> bool:
        """Have a host checked with the next tick; False when it is not monitored."""
        key = {"_id": self.key(environment, host)}
        return bool(self.collection.update_one(key, {"$set": {"due": moment}}).matched_count)

    @staticmethod
    def key(environment: str, host: str) -> str:
        """Return the `_id` of a host."""
        return f"{environment}/{host}"
