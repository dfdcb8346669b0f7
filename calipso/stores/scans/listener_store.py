"""ListenerStore: who listens to the events of which environment, how it goes, and what was counted.

The lease on the document of an environment makes sure that two managers do not listen twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from calipso.model.documents import Document
from calipso.model.events import ListenerState
from calipso.stores.mongo.conditional import change_if
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.clock import now

#: Seconds that a manager keeps an environment without a sign of life.
LEASE = 15.0

#: `_id` of the document with the name of this installation; no environment has a `/` in its name.
INSTALLATION = "/installation"

#: Event types that are counted by name for each environment; the others together.
MOST_TYPES = 200
OTHERS = "other"


class ListenerStore(Store):
    """The collection `event_listeners`; its `_id` is the name of the environment."""

    NAME = "event_listeners"

    def installation(self) -> str:
        """Return the name of this installation, made at the first use: part of the queue's name."""
        new = {"_id": INSTALLATION, "environment": "", "name": secrets.token_hex(4)}
        self.collection.update_one({"_id": INSTALLATION}, {"$setOnInsert": new}, upsert=True)
        found: Document = self.collection.find_one({"_id": INSTALLATION}) or new
        return str(found["name"])

    def all(self) -> list[Document]:
        """Return the documents of all environments, by name."""
        found = self.collection.find({"_id": {"$ne": INSTALLATION}})
        return sorted((decode(item) for item in found), key=lambda item: str(item["_id"]))

    def get(self, environment: str) -> Document:
        """Return the document of an environment; an empty one when nothing ever listened."""
        found = self.collection.find_one({"_id": environment})
        return dict(decode(found)) if found else {"_id": environment, "environment": environment}

    def claim(self, environment: str, manager: str) -> bool:
        """Take or keep the right to listen to an environment; False when another manager has it."""
        moment = now()
        new = {"environment": environment, "manager": "", "until": None}
        self.collection.update_one({"_id": environment}, {"$setOnInsert": new}, upsert=True)
        free: Document = {
            "$or": [
                {"$eq": ["$manager", {"$literal": manager}]},
                {"$eq": [{"$ifNull": ["$until", None]}, None]},
                {"$lt": ["$until", moment]},
            ]
        }
        held = {"manager": manager, "until": moment + timedelta(seconds=LEASE)}
        found = self.collection.find_one_and_update(
            {"_id": environment}, change_if([free], held), return_document=ReturnDocument.AFTER
        )
        return found is not None and found["manager"] == manager

    def give_up(self, environment: str, manager: str) -> None:
        """Let another manager listen to an environment."""
        mine = [{"$eq": ["$manager", {"$literal": manager}]}]
        free = {"manager": "", "until": None}
        self.collection.update_one({"_id": environment}, change_if(mine, free))

    def tell(self, environment: str, state: ListenerState, reason: str = "") -> bool:
        """Store the state of the listener of an environment; True when it is another one."""
        moment = now()
        known = self.get(environment)
        same = known.get("state") == state.value and known.get("reason") == reason[:500]
        fields: Document = {"environment": environment, "seen": moment}
        if not same:
            fields |= {"state": state.value, "reason": reason[:500]}
            fields["since"] = known.get("since") if known.get("state") == state else moment
        self.collection.update_one({"_id": environment}, {"$set": fields}, upsert=True)
        return not same

    def urls(self, environment: str, urls: Mapping[str, Mapping[str, Any]]) -> None:
        """Store what is known of each broker, by its address without secrets."""
        listed = [{"url": url, **encode(dict(known))} for url, known in sorted(urls.items())]
        fields = {"environment": environment, "urls": listed, "seen": now()}
        self.collection.update_one({"_id": environment}, {"$set": fields}, upsert=True)

    def count(
        self,
        environment: str,
        numbers: Mapping[tuple[str, str], int],
        last: Mapping[str, datetime] | None = None,
    ) -> None:
        """Add to the counters: numbers by event type and result; `last` message by exchange."""
        known = self.get(environment).get("events") or {}
        increments: dict[str, int] = {}
        for (kind, result), number in numbers.items():
            name = kind if kind in known or len(known) < MOST_TYPES else OTHERS
            place = f"events.{next(iter(encode({name: 0})))}.{result}"
            increments[place] = increments.get(place, 0) + number
        update: Document = {"$set": {"environment": environment, "seen": now()}}
        for exchange, moment in (last or {}).items():
            update["$set"][f"last.{next(iter(encode({exchange: 0})))}"] = moment
        if increments:
            update["$inc"] = increments
        self.collection.update_one({"_id": environment}, update, upsert=True)

    def add(self, environment: str, **numbers: float) -> None:
        """Add to other counters of an environment, such as `gaps__reconnect`; `__` is a dot."""
        increments = {name.replace("__", "."): number for name, number in numbers.items()}
        update = {"$inc": increments, "$setOnInsert": {"environment": environment}}
        self.collection.update_one({"_id": environment}, update, upsert=True)
