"""TaskStore: the tasks of scans, claimed and ended by one worker each.

A task is looked up by `_id` alone, see `stores.mongo.conditional`. Otherwise scans would become
slower with each stored scan.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.database import Database

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.stores.mongo.conditional import alike, change_if, more
from calipso.stores.scans.queue_order import QueueOrder
from calipso.stores.store import Store
from calipso.utils.clock import now


class TaskStore(Store):
    """Tasks of all scans: collection `scan_tasks`."""

    NAME = "scan_tasks"

    def __init__(self, db: Database[Document]) -> None:
        super().__init__(db)
        self.tasks = self.collection
        self.order = QueueOrder(db)

    def register(self, tasks: Iterable[Document]) -> None:
        """Store tasks before they are sent; registering again changes nothing."""
        operations = [UpdateOne({"_id": t["_id"]}, {"$setOnInsert": t}, upsert=True) for t in tasks]
        for start in range(0, len(operations), 500):
            self.tasks.bulk_write(operations[start : start + 500], ordered=False)

    def claim_task(
        self, task_id: str, worker: str, *, take_over: bool, retried: bool = False
    ) -> Document | None:
        """Begin a task and return it; None if it is done, or if another worker runs it.

        `retried` means that the attempt before ended because the store failed, not its worker.
        """
        mine = ObjectId()
        begun = {
            "state": "running",
            "worker": worker,
            "pid": os.getpid(),
            "started_at": now(),
            "claim": mine,
        }
        counts = {"attempts": more("attempts", 1), "retries": more("retries", int(retried))}
        expected = {"done": False} if take_over else {"done": False, "state": "pending"}
        found = self.tasks.find_one_and_update(
            {"_id": task_id},
            change_if(alike(expected), begun, counts),
            return_document=ReturnDocument.AFTER,
        )
        if not found or found.get("claim") != mine:
            return None
        if "sequence" in found:
            self.order.begun(found["queue"], found["sequence"])
        return found

    def has_task(self, task: Mapping[str, Any]) -> bool:
        """True while a task is open and no other worker has claimed it after this one."""
        found = self.tasks.find_one({"_id": task["_id"]}, {"done": 1, "claim": 1})
        return found is not None and not found["done"] and found.get("claim") == task["claim"]

    def is_done(self, task_id: str) -> bool:
        """True when the task is done or unknown."""
        found = self.tasks.find_one({"_id": task_id}, {"done": 1})
        return found is None or bool(found["done"])

    def end_task(self, task: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        """Mark a task done; True for the caller that did it.

        `task` is the task as this worker claimed it. If another worker has claimed it after that,
        this changes nothing: the other worker ends the task.
        """
        mine = alike({"done": False, "claim": task["claim"]})
        ended = {"done": True, "state": "done", "ended_at": now(), **fields}
        if not self.has_task(task):
            return False
        self._number_following(task)
        result = self.tasks.update_one({"_id": task["_id"]}, change_if(mine, ended))
        return result.modified_count == 1

    def _number_following(self, task: Mapping[str, Any]) -> None:
        """Give the next task of a chain its number, because it is sent when this task has ended."""
        if not task.get("next") or "sequence" not in task:
            return
        following = self.tasks.find_one({"_id": task["next"]}, {"queue": 1, "done": 1})
        if following is not None and not following["done"]:
            number = {"$set": {"sequence": self.order.take(following["queue"])}}
            self.tasks.update_one({"_id": following["_id"]}, number)

    def task(self, task_id: str) -> Document:
        """Return a task. Raises NotFound."""
        found = self.tasks.find_one({"_id": task_id})
        if found is None:
            raise NotFound(f"task {task_id} is unknown: its scan was removed")
        return found

    def open_tasks(self, scan_id: str, level: int) -> list[Document]:
        """Return the registered tasks of a level that are not done."""
        return list(self.tasks.find({"scan_id": scan_id, "level": level, "done": False}))

    def level_done(self, scan_id: str, level: int) -> bool:
        """True when no task of the level is open."""
        query = {"scan_id": scan_id, "level": level, "done": False}
        return self.tasks.find_one(query, {"_id": 1}) is None

    def scan_tasks(self, scan_id: str, *fields: str, **wanted: Any) -> list[Document]:
        """Return the tasks of a scan that have these values, in order; with fields, only these
        fields.

        This method compares the values itself, except `level`: see `stores.mongo.narrow`.
        """
        query = {"scan_id": scan_id}
        if "level" in wanted:
            query["level"] = wanted["level"]
        projection = dict.fromkeys((*fields, *wanted), 1) if fields else None
        found = self.tasks.find(query, projection).sort("order", 1)
        return [task for task in found if wanted.items() <= task.items()]

    def note_overtaken(self, task: Document) -> None:
        """Note when a worker first began a later message of the queue before this one."""
        task["overtaken_at"] = now()
        noted = {"overtaken_at": task["overtaken_at"]}
        pending = {"done": False, "state": "pending"}
        self.tasks.update_one({"_id": task["_id"]}, change_if(alike(pending), noted))

    def requeue(self, task: Document) -> bool:
        """Make a lost task pending again, with a new number; False if its state has changed."""
        lost = {"done": False, "attempts": task["attempts"]}
        again = {"state": "pending", "published_at": now(), "overtaken_at": None}
        again["sequence"] = self.order.take(task["queue"])
        result = self.tasks.update_one({"_id": task["_id"]}, change_if(alike(lost), again))
        return result.modified_count == 1
