"""ScheduleStore: the collection `scheduled_scans`, the truth about what is to be scanned when.

Every change of state is one update that names the state it expects, so any number of beats and
workers may look at the same schedule: one of them wins, the others find nothing to do.

Fields beside those of Schedule: `name`, `enabled`, `scheduled_timestamp` (next slot),
`planned_at` (the clock when it was set), `claimed` (a slot taken, its scan not yet known to be
recorded), `last_slot`, `last_scan_id`, `last_problem` {at, message}, and `counts` of slots: run,
missed, skipped, failed.
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

    # -- what people do ----------------------------------------------------------------

    def add(self, name: str, schedule: Schedule, slot: datetime, moment: datetime) -> None:
        """Store a schedule with its first slot. Raises Conflict when the name is taken."""
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
                f"schedule {name} exists", hint="Give another name, or remove it first."
            ) from None

    def replace(
        self, key: Any, schedule: Schedule, slot: datetime | None, moment: datetime
    ) -> None:
        """Replace what a schedule asks for; its name and its history stay."""
        fields = encode(schedule.document())
        gone = {name: "" for name in (*WHEN_FIELDS, *ORIGINAL_OPTIONS) if name not in fields}
        fields |= {"scheduled_timestamp": slot, "planned_at": moment, "last_problem": None}
        self.schedules.update_one({"_id": key}, {"$set": fields, "$unset": gone})

    def names(self) -> list[str]:
        """Names of all schedules."""
        return sorted(name_of(item) for item in self.schedules.find({}, {"name": 1}))

    def get(self, name: str) -> Document:
        """A schedule by name or id. Raises NotFound with the nearest name."""
        keys: list[Any] = [name]
        with contextlib.suppress(InvalidId):
            keys.append(ObjectId(name))  # ids of documents the original wrote
        found = self.schedules.find_one({"name": name})
        found = found or self.schedules.find_one({"_id": {"$in": keys}})
        if found is None:
            names = self.names()
            known = ", ".join(names[:10]) or "none; add one with `calipso schedule add`"
            raise NotFound(f"no schedule {name}{nearest(name, names)}", hint=f"Schedules: {known}.")
        return dict(decode(found))

    def list(self, environment: str | None = None) -> Documents:
        """Schedules by name, those of one environment or all."""
        query = {"environment": environment} if environment else {}
        return sorted(map(decode, self.schedules.find(query)), key=name_of)

    def remove(self, key: Any) -> bool:
        """Remove a schedule; scans it started go on."""
        return self.schedules.delete_one({"_id": key}).deleted_count == 1

    def enable(self, key: Any, slot: datetime, moment: datetime) -> None:
        """Switch on, from this slot on; slots before it do not count as missed."""
        fields = {"enabled": True, "scheduled_timestamp": slot, "planned_at": moment}
        self.schedules.update_one({"_id": key}, {"$set": fields | {"last_problem": None}})

    def disable(self, key: Any, problem: str = "", moment: datetime | None = None) -> None:
        """Switch off; with a problem, say why."""
        fields: Document = {"enabled": False}
        if problem:
            fields["last_problem"] = {"at": moment, "message": problem}
        self.schedules.update_one({"_id": key}, {"$set": fields})

    def set_aside(self, key: Any, problem: str, moment: datetime) -> None:
        """Switch off a schedule that is not valid, and give up a slot that it has claimed."""
        self.schedules.update_one({"_id": key}, {"$set": {"claimed": None}})
        self.disable(key, problem, moment)

    # -- what the dispatcher does ------------------------------------------------------

    def active(self) -> Documents:
        """Schedules to look at: switched on, or with a slot whose scan is not confirmed."""
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
        """Set the next slot if the schedule is still as it was read; True when this call set it.

        With `claimed`, the slot it had is taken by the same update. Without a next slot the
        schedule has come to its end and is switched off.
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
        """Finish the claimed slot: its scan is recorded, or a problem says why not."""
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
    """Name of a schedule; documents of the original have only an id."""
    return str(document.get("name") or document["_id"])


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """`prod-daily`, or `prod-daily-2` when there is one."""
    names, number, name = set(taken), 1, wanted
    while name in names:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _increments(counts: Mapping[str, int] | None) -> Document:
    wanted = {f"counts.{name}": number for name, number in (counts or {}).items() if number}
    return {"$inc": wanted} if wanted else {}
