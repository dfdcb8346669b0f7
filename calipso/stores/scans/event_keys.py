"""EventKeys: what is to be looked at again, one document for each thing of an environment.

Each event that names a thing raises `version`. A look settles only the version that it began with:
if another event came meanwhile, the key stays and is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.events import Scope, Target
from calipso.settings import settings
from calipso.stores.mongo.conditional import alike, change_if
from calipso.stores.store import Store
from calipso.utils.clock import now

DIRTY = "dirty"
DEAD = "dead"

#: Messages that one key remembers; the others are still marked by their own list of keys.
MOST_MESSAGES = 1000
#: Seconds until the next try after the first failure; doubled each time.
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0


def pause_of(attempts: int) -> float:
    """Return the seconds to wait after this many failed attempts: 2, 4, 8 ... 300."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (max(attempts, 1) - 1))


class EventKeys(Store):
    """The collection `event_keys`."""

    NAME = "event_keys"

    def mark(
        self, environment: str, marks: Iterable[tuple[Target, str]], *, wait: float | None = None
    ) -> None:
        """Mark targets to be looked at, each for the `_id` of a message (empty: for no message).

        `wait` is the number of seconds without another mark before the look.
        """
        moment = now()
        quiet = moment + timedelta(seconds=settings().event_quiet if wait is None else wait)
        writes = [self._mark(environment, target, why, moment, quiet) for target, why in marks]
        for start in range(0, len(writes), 500):
            self.collection.bulk_write(writes[start : start + 500], ordered=True)

    def _mark(
        self, environment: str, target: Target, message: str, moment: datetime, quiet: datetime
    ) -> UpdateOne:
        key = {"_id": f"{environment}/{target.key}"}
        update: Document = {
            "$setOnInsert": {
                "environment": environment,
                "scope": target.scope.value,
                "id": target.id,
                "first_seen": moment,
            },
            "$set": {"state": DIRTY, "last_seen": moment, "quiet": quiet, "attempts": 0},
            "$max": {"looks": target.looks, "deep": target.deep},
            "$inc": {"version": 1},
            "$addToSet": {
                "hosts": {"$each": list(target.hosts)},
                "networks": {"$each": list(target.networks)},
            },
        }
        if message:
            update["$push"] = {"messages": {"$each": [message], "$slice": -MOST_MESSAGES}}
        return UpdateOne(key, update, upsert=True)

    def of(self, environment: str) -> list[Document]:
        """Return the keys of an environment that wait for a look, the oldest first."""
        found = self.collection.find({"environment": environment, "state": DIRTY})
        return sorted(found, key=lambda item: (item["first_seen"], item["_id"]))

    def number(self, environment: str) -> int:
        """Return how many keys of an environment wait for a look."""
        return self.collection.count_documents({"environment": environment, "state": DIRTY})

    def due(self, environment: str, moment: datetime | None = None) -> list[Document]:
        """Return the keys that are to be looked at now, the oldest first.

        A key waits until it was not marked for a moment, but not longer than `event_longest_wait`;
        a key that failed waits for its next try.
        """
        moment = moment or now()
        longest = timedelta(seconds=settings().event_longest_wait)
        return [key for key in self.of(environment) if _is_due(key, moment, longest)]

    def environments(self) -> list[str]:
        """Return the environments that have keys waiting."""
        return sorted(self.collection.distinct("environment", {"state": DIRTY}))

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of keys by environment and state."""
        found: dict[tuple[str, str], int] = {}
        for item in self.collection.find({}, {"environment": 1, "state": 1}):
            place = (str(item["environment"]), str(item["state"]))
            found[place] = found.get(place, 0) + 1
        return found

    def settle(self, key: Document) -> bool:
        """End a key that was looked at; False when another event came meanwhile.

        A key with further looks stays for the next one, and is not settled either. A key that is
        not there any more is settled: the process that settled it before was killed midway.
        """
        if not key["looks"]:
            same = {"_id": key["_id"], "version": key["version"]}
            if self.collection.delete_one(same).deleted_count:
                return True
        later = now() + timedelta(seconds=settings().event_settle)
        again = {"looks": max(key["looks"] - 1, 0), "quiet": later, "attempts": 0}
        again |= {"first_seen": later}
        unchanged = alike({"version": key["version"]})
        found = self.collection.update_one({"_id": key["_id"]}, change_if(unchanged, again))
        if not found.matched_count:
            return True
        self._begin_anew(key)
        return False

    def again_now(self, key: Document) -> None:
        """Look at a key again at once: what is below a new thing was not read yet."""
        again = {"quiet": now(), "first_seen": now(), "attempts": 0, "news": 1}
        same = alike({"version": key["version"]})
        self.collection.update_one({"_id": key["_id"]}, change_if(same, again))

    def _begin_anew(self, key: Document) -> None:
        """Another event came during the look: count its waiting from its own time on."""
        found = self.collection.find_one({"_id": key["_id"]}, {"version": 1, "last_seen": 1})
        if found and found["version"] != key["version"]:
            fields = {"first_seen": found["last_seen"], "attempts": 0}
            self.collection.update_one({"_id": key["_id"]}, {"$set": fields})

    def failed(self, key: Document, reason: str) -> str:
        """Note a failed look; returns `again`, or `dead` after the last try."""
        attempts = int(key.get("attempts", 0)) + 1
        dead = attempts >= settings().event_attempts
        later = now() + timedelta(seconds=pause_of(attempts))
        fields: Document = {"attempts": attempts, "reason": reason[:500], "failed_at": now()}
        fields |= {"quiet": later, "first_seen": later, "state": DEAD if dead else DIRTY}
        same = alike({"version": key["version"]})
        self.collection.update_one({"_id": key["_id"]}, change_if(same, fields))
        return DEAD if dead else "again"

    def dead(self, environment: str | None = None) -> list[Document]:
        """Return the keys that were given up, the newest first."""
        query: Document = {"state": DEAD}
        if environment is not None:
            query["environment"] = environment
        return sorted(self.collection.find(query), key=lambda item: item["failed_at"])[::-1]

    def get(self, key: str) -> Document:
        """Return a key by its `_id`. Raises NotFound."""
        found = self.collection.find_one({"_id": key})
        if found is None:
            raise NotFound(f"no key {key}", hint="calipso events dead")
        return found

    def retry(self, key: str) -> Document:
        """Try a key again that was given up, now. Raises NotFound."""
        found = self.get(key)
        fields = {"state": DIRTY, "attempts": 0, "quiet": now(), "first_seen": now()}
        self.collection.update_one({"_id": key}, {"$set": fields, "$inc": {"version": 1}})
        return found

    def drop(self, keys: Iterable[str]) -> int:
        """Forget keys; returns how many there were."""
        return self.collection.delete_many({"_id": {"$in": list(keys)}}).deleted_count

    def collapse(self, environment: str, messages: Iterable[str] = ()) -> int:
        """Replace the keys of an environment by one scan of everything; returns their number.

        Keys of handlers stay: no scan does their work.
        """
        waiting = [key for key in self.of(environment) if key["scope"] != Scope.MESSAGE.value]
        marks = [(Target(Scope.EVERYTHING), message) for message in messages]
        self.mark(environment, marks or [(Target(Scope.EVERYTHING), "")])
        others = [key["_id"] for key in waiting if key["scope"] != Scope.EVERYTHING.value]
        return self.drop(others)


def target_of(key: Mapping[str, Any]) -> Target:
    """Return what a stored key names."""
    return Target(
        Scope(key["scope"]),
        str(key["id"]),
        tuple(key.get("hosts", ())),
        tuple(key.get("networks", ())),
        bool(key.get("deep")),
        int(key.get("looks", 0)),
    )


def _is_due(key: Document, moment: datetime, longest: timedelta) -> bool:
    quiet: datetime = key["quiet"]
    waited: datetime = key["first_seen"] + longest
    return quiet <= moment or (waited <= moment and not key["attempts"])
