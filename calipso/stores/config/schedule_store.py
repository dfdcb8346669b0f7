"""ScheduleStore: the collection `scheduled_scans`, which schedules exist and when they run.

Each change of state is one update that names the expected state. So any number of beats and workers
may handle the same schedule: one of them succeeds, and the others change nothing.

Fields besides those of Schedule: `name`, `enabled`, `scheduled_timestamp` (next slot), `planned_at`
(time when that was set), `claimed` (a slot that was taken and whose scan is not yet confirmed),
`last_slot`, `last_scan_id`, `last_problem` {at, message}, and `counts` of slots: run, missed,
skipped, failed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from pymongo.errors import DuplicateKeyError

from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.schedule import ORIGINAL_OPTIONS, WHEN_FIELDS, Schedule
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.store import Store
from calipso.utils.metadata_parser import nearest

Documents = list[Document]

COUNTS = ("run", "missed", "skipped", "failed")


class ScheduleStore(Store):
    """Adds, lists and removes schedules, and moves them from slot to slot."""

    NAME = "scheduled_scans"

    def __init__(self, inv: InventoryMgr | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        self.schedules = self.collection

    # -- for people ----------------------------------------------------------------

    def add(self, name: str, schedule: Schedule, slot: datetime, moment: datetime) -> None:
        """Store a schedule with its first slot and return the document.

        Raises Conflict if the name is in use.
        """
        self.ensure_indexes()
        document = {
            "_id": str(ObjectId()),
            "name": name,
            **encode(schedule.document()),
            "enabled": True,
            "submit_timestamp": moment,
            "scheduled_timestamp": slot,
            "planned_at": moment,
            "claimed": None,
            "last_slot": None,
            "last_scan_id": "",
            "last_problem": None,
            "counts": dict.fromkeys(COUNTS, 0),
        }
        try:
            self.schedules.insert_one(document)
        except DuplicateKeyError:
            raise Conflict(
                f"schedule {name} already exists", hint="Give another name, or remove it first."
            ) from None

    def replace(
        self, key: Any, schedule: Schedule, slot: datetime | None, moment: datetime
    ) -> None:
        """Replace the definition of a schedule; its name and its history stay."""
        fields = encode(schedule.document())
        gone = {name: "" for name in (*WHEN_FIELDS, *ORIGINAL_OPTIONS) if name not in fields}
        fields |= {"scheduled_timestamp": slot, "planned_at": moment, "last_problem": None}
        self.schedules.update_one({"_id": key}, {"$set": fields, "$unset": gone})

    def names(self) -> list[str]:
        """Return the names of all schedules."""
        return sorted(name_of(item) for item in self.schedules.find({}, {"name": 1}))

    def get(self, name: str) -> Document:
        """Return a schedule by name or id. Raises NotFound with the nearest name."""
        keys: list[Any] = [name]
        with contextlib.suppress(InvalidId):
            keys.append(ObjectId(name))  # ids of documents that the original wrote
        found = self.schedules.find_one({"name": name})
        found = found or self.schedules.find_one({"_id": {"$in": keys}})
        if found is None:
            names = self.names()
            known = ", ".join(names[:10]) or "none; add one with `calipso schedule add`"
            raise NotFound(f"no schedule {name}{nearest(name, names)}", hint=f"Schedules: {known}.")
        return dict(decode(found))

    def list(self, environment: str | None = None) -> Documents:
        """Return the schedules of one environment, or all, sorted by name."""
        query = {"environment": environment} if environment else {}
        return sorted(map(decode, self.schedules.find(query)), key=name_of)

    def remove(self, key: Any) -> bool:
        """Remove a schedule. Scans that it started continue."""
        return self.schedules.delete_one({"_id": key}).deleted_count == 1

    def enable(self, key: Any, slot: datetime, moment: datetime) -> None:
        """Switch a schedule on, from this slot on. Earlier slots do not count as missed."""
        fields = {"enabled": True, "scheduled_timestamp": slot, "planned_at": moment}
        self.schedules.update_one({"_id": key}, {"$set": fields | {"last_problem": None}})

    def disable(self, key: Any, problem: str = "", moment: datetime | None = None) -> None:
        """Switch a schedule off; `problem` says why."""
        fields: Document = {"enabled": False}
        if problem:
            fields["last_problem"] = {"at": moment, "message": problem}
        self.schedules.update_one({"_id": key}, {"$set": fields})

    def set_aside(self, key: Any, problem: str, moment: datetime) -> None:
        """Switch off a schedule that is not valid, and release its claimed slot."""
        self.schedules.update_one({"_id": key}, {"$set": {"claimed": None}})
        self.disable(key, problem, moment)

    # -- for the dispatcher ------------------------------------------------------

    def active(self) -> Documents:
        """Return the schedules to look at: switched on, or with a slot whose scan is not
        confirmed.
        """
        query = {"$or": [{"enabled": {"$ne": False}}, {"claimed": {"$ne": None}}]}
        return [decode(found) for found in self.schedules.find(query)]

    def move(
        self,
        document: Mapping[str, Any],
        slot: datetime | None,
        moment: datetime,
        *,
        claimed: Mapping[str, Any] | None = None,
        problem: str = "",
        counts: Mapping[str, int] | None = None,
    ) -> bool:
        """Set the next slot if nobody has changed the schedule since; True when this call set it.

        With `claimed`, the same update also takes the slot that the schedule had. Without a next
        slot the schedule has ended, and the update switches it off.
        """
        fields: Document = {"scheduled_timestamp": slot, "planned_at": moment}
        if slot is None:
            fields["enabled"] = False
        if claimed:
            fields["claimed"] = dict(claimed)
        if problem:
            fields["last_problem"] = {"at": moment, "message": problem}
        expected = {
            "_id": document["_id"],
            "enabled": {"$ne": False},
            "claimed": None,
            "scheduled_timestamp": document.get("scheduled_timestamp"),
        }
        change = {"$set": fields} | _increments(counts)
        return self.schedules.update_one(expected, change).matched_count == 1

    def confirm(
        self,
        document: Mapping[str, Any],
        claimed: Mapping[str, Any],
        moment: datetime,
        *,
        problem: str = "",
        disable: bool = False,
    ) -> bool:
        """Finish the claimed slot: record its scan, or the problem that prevented it."""
        fields: Document = {"claimed": None}
        if problem:
            fields["last_problem"] = {"at": moment, "message": problem}
        else:
            fields |= {"last_slot": claimed["slot"], "last_scan_id": claimed["scan_id"]}
        if disable:
            fields["enabled"] = False
        expected = {"_id": document["_id"], "claimed.scan_id": claimed["scan_id"]}
        change = {"$set": fields} | _increments({"failed" if problem else "run": 1})
        return self.schedules.update_one(expected, change).matched_count == 1


def name_of(document: Mapping[str, Any]) -> str:
    """Return the name of a schedule. Documents of the original have only an id."""
    return str(document.get("name") or document["_id"])


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return a free name: `prod-daily`, or `prod-daily-2` if the first is in use."""
    names, number, name = set(taken), 1, wanted
    while name in names:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _increments(counts: Mapping[str, int] | None) -> Document:
    wanted = {f"counts.{name}": number for name, number in (counts or {}).items() if number}
    return {"$inc": wanted} if wanted else {}
