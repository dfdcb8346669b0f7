"""EventStore: the notifications of clouds that were taken, and what came of them.

A message is stored once, under its environment and its own id. `open` has the keys that are still
to be looked at; when it is empty, the message is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.events import MessageState
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.clock import now

#: MongoDB's error code for a duplicate key.
DUPLICATE = 11000
#: Numbers of changes, causes and keys on one message; the others are counted.
MOST = 100


def message_key(environment: str, message_id: str) -> str:
    """Return the `_id` of a message."""
    return f"{environment}/{message_id}"


class EventStore(Store):
    """The collection `events`."""

    NAME = "events"

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of these `_id`s that are stored."""
        wanted = {"_id": {"$in": list(keys)}}
        return {str(item["_id"]) for item in self.collection.find(wanted, {"_id": 1})}

    def add(self, messages: Sequence[Document]) -> None:
        """Store messages; one that is already stored stays as it is."""
        if not messages:
            return
        try:
            self.collection.insert_many([encode(item) for item in messages], ordered=False)
        except BulkWriteError as error:
            if any(item["code"] != DUPLICATE for item in error.details["writeErrors"]):
                raise

    def get(self, environment: str, message_id: str) -> Document:
        """Return a message. Raises NotFound."""
        found = self.collection.find_one({"_id": message_key(environment, message_id)})
        if found is None:
            raise NotFound(f"{environment}: no event {message_id}", hint="calipso events list")
        return dict(decode(found))

    def find(self, query: Mapping[str, Any], limit: int = 0) -> list[Document]:
        """Return messages that match, the newest first."""
        cursor = self.collection.find(dict(query)).sort("received", DESCENDING).limit(limit)
        return [decode(item) for item in cursor]

    def newest(self, environment: str) -> datetime | None:
        """Return when the last message of an environment was received."""
        found = self.find({"environment": environment}, limit=1)
        return found[0]["received"] if found else None

    def by_keys(self, keys: Iterable[str]) -> list[Document]:
        """Return messages by their `_id`s."""
        return [decode(item) for item in self.collection.find({"_id": {"$in": sorted(keys)}})]

    def looked_at(
        self,
        messages: Iterable[Document],
        keys: Mapping[str, bool],
        scan_id: str,
        changes: Mapping[str, int],
    ) -> list[Document]:
        """Note a look at these keys; returns the messages that are done by it.

        `keys` says of each whether it is settled; one that is not is looked at again. `changes`
        are the numbers of recorded changes by `_id` of the message.
        """
        moment, writes, done = now(), [], list[Document]()
        for message in messages:
            if message["state"] not in (MessageState.WAITING, MessageState.LOOKED):
                continue
            rest = [key for key in message["open"] if not keys.get(key, False)]
            seen = not [key for key in message["open"] if key not in keys]
            fields: Document = {"open": rest, "changes": changes.get(message["_id"], 0)}
            fields["changes"] += int(message.get("changes", 0))
            if scan_id:
                fields["scans"] = [*message.get("scans", ()), scan_id][-MOST:]
            if (seen or not rest) and message.get("looked") is None:
                fields |= {"looked": moment, "state": MessageState.LOOKED.value}
            if not rest:
                fields |= {"settled": moment, "state": MessageState.DONE.value}
                done.append(message | fields)
            writes.append(UpdateOne({"_id": message["_id"]}, {"$set": fields}))
        if writes:
            self.collection.bulk_write(writes, ordered=False)
        return done

    def end(self, keys: Iterable[str], state: MessageState, outcome: str) -> None:
        """End messages with a state and a sentence that says why."""
        fields = {"state": state.value, "outcome": outcome[:500], "settled": now()}
        wanted = sorted(keys)
        for start in range(0, len(wanted), 500):
            some = {"_id": {"$in": wanted[start : start + 500]}}
            self.collection.update_many(some, {"$set": fields})

    def reopen(self, keys: Iterable[str], open_keys: Iterable[str]) -> None:
        """Let dead messages wait for these keys again."""
        wanted = set(open_keys)
        for message in self.by_keys(keys):
            rest = sorted(wanted & set(message["keys"]))
            fields = {"state": MessageState.WAITING.value, "open": rest, "outcome": ""}
            update = {"$set": fields | {"settled": None}}
            self.collection.update_one({"_id": message["_id"]}, update)
