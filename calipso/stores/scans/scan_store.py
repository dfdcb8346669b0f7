"""ScanStore: scan records and their tasks; it decides how far a scan is.

Celery transports the tasks, and this store records them. If a broker loses a task, the watchdog
sends it again, because it is registered here and not done.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING, ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.scan import Problem, ScanRequest, ScanStatus
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import encode
from calipso.stores.scans.task_problems import adding, bounded
from calipso.stores.scans.task_store import TaskStore
from calipso.utils.clock import now

#: `origin` of the scans that events ask for.
EVENT_ORIGIN = "event"

#: Most errors on the scan record itself; the coverage report has all errors.
ERRORS_ON_RECORD = 50


def claim(worker: str, lease: float) -> Document:
    """Return the fields of a scan whose next level this process plans, for at most this many
    seconds.
    """
    began = now()
    planner = {"worker": worker, "pid": os.getpid(), "started_at": began}
    return {"claim_until": began + timedelta(seconds=lease), "planner": planner}


def below_of_record(scan: Mapping[str, Any]) -> str | tuple[str, ...]:
    """Return the id_path (or several) of a scan record or task, as it was given."""
    below = scan.get("below", "")
    return str(below) if isinstance(below, str) else tuple(below)


class ScanStore(TaskStore):
    """Scans of all inventories; `scans`, `scan_tasks` and `scan_locks` are plain names."""

    def __init__(self, inv: InventoryMgr | None = None) -> None:
        super().__init__((inv or InventoryMgr()).db)
        db = self.db
        self.scans = db["scans"]
        self.locks = db["scan_locks"]
        self.generations = db["scan_generations"]
        self.coverage = db["coverage"]

    # -- scans -------------------------------------------------------------------------

    def create(self, request: ScanRequest, scan_id: str | None = None, *, runner: str = "") -> str:
        """Store a pending scan and return its id.

        Nothing is queued. A second call with the same id stores nothing.

        `runner` names the only process that may run it; empty: the workers run it.
        """
        document = {
            "_id": scan_id or str(ObjectId()),
            "environment": request.environment,
            "inventory": request.inventory,
            "request": request.model_dump(mode="json"),
            "runner": runner,
            "status": ScanStatus.PENDING.value,
            "stage": "",
            "level": -1,
            "levels": {},
            "counts": {},
            "requests": {},
            "errors": [],
            "error_count": 0,
            "warning_count": 0,
            "cancel_requested": False,
            "submit_timestamp": now(),
        }
        try:
            self.scans.insert_one(document)
        except DuplicateKeyError:
            if scan_id is None:
                raise
        return str(document["_id"])

    def get(self, scan_id: str) -> Document:
        """Return a scan record. Raises NotFound."""
        found = self.scans.find_one({"_id": scan_id})
        if found is None:
            raise NotFound(f"no scan {scan_id}", hint="calipso scan list")
        return found

    def level_of(self, scan_id: str) -> int:
        """Return the present level of a scan; -1 for a scan that is not stored."""
        found = self.scans.find_one({"_id": scan_id}, {"level": 1})
        return int(found["level"]) if found else -1

    def below_of(self, scan_id: str) -> str | tuple[str, ...]:
        """Return the id_path (or several) to which a scan is limited; empty for everything."""
        found = self.scans.find_one({"_id": scan_id}, {"below": 1})
        return below_of_record(found or {})

    def find_scans(self, query: Mapping[str, Any], limit: int = 0) -> list[Document]:
        """Return scan records, newest first."""
        return list(self.scans.find(query).sort("submit_timestamp", DESCENDING).limit(limit))

    def next_generation(self, scan: Document) -> int:
        """Return the number of a scan that starts now, which is higher than all numbers before it.

        A collection of its own stores the count, because scans are removed, and may start in
        another order than that of their submission.
        """
        query = {"environment": scan["environment"], "inventory": scan["inventory"]}
        known = self.scans.find(query | {"generation": {"$exists": True}}, {"generation": 1})
        highest = max((int(found["generation"]) for found in known), default=0)
        mine = {"_id": f"{scan['inventory']}/{scan['environment']}"}
        self.generations.update_one(mine, {"$max": {"generation": highest}}, upsert=True)
        counted = self.generations.find_one_and_update(
            mine, {"$inc": {"generation": 1}}, return_document=ReturnDocument.AFTER
        )
        return int((counted or {})["generation"])

    def take_derived(self, scan: Document) -> str:
        """Return the fingerprint with which links and cliques were found from the inventory as it
        is; empty when they were not.

        From now on they count as not found, until `keep_derived`: whatever ends the scan before
        that, the next one finds everything again.
        """
        mine = {"_id": f"{scan['inventory']}/{scan['environment']}"}
        before = self.generations.find_one_and_update(mine, {"$unset": {"derived": ""}})
        return str((before or {}).get("derived", ""))

    def keep_derived(self, scan: Document, fingerprint: str) -> None:
        """Note that links and cliques belong to the inventory that this scan leaves."""
        mine = {"_id": f"{scan['inventory']}/{scan['environment']}"}
        self.generations.update_one(mine, {"$set": {"derived": fingerprint}})

    def has_baseline(self, scan: Document) -> bool:
        """True when an earlier scan read the whole inventory, from which changes are counted."""
        query = {
            "environment": scan["environment"],
            "inventory": scan["inventory"],
            "status": {"$in": ["completed", "completed_with_errors"]},
            "request.links_only": False,
            "request.cliques_only": False,
            "request.object_id": None,
            "request.scanner": None,
            "request.origin": {"$ne": EVENT_ORIGIN},
        }
        return bool(self.find_scans(query, limit=1))

    def update(self, scan_id: str, fields: Mapping[str, Any], **expected: Any) -> bool:
        """Set fields of a scan if it still has the expected values; False if it has not."""
        result = self.scans.update_one({"_id": scan_id, **expected}, {"$set": dict(fields)})
        return result.matched_count == 1

    def keep_highest(self, scan_id: str, numbers: Mapping[str, int]) -> None:
        """Raise numbers of a scan. They never become smaller, although a rerun finds less to do."""
        self.scans.update_one({"_id": scan_id}, {"$max": dict(numbers)})

    def is_running(self, scan_id: str, level: int | None = None) -> bool:
        """True while a scan has not ended; with a level, while the scan is at this level."""
        found = self.scans.find_one({"_id": scan_id}, {"status": 1, "level": 1})
        if found is None or found["status"] != ScanStatus.RUNNING.value:
            return False
        return level in (None, found["level"])

    def lock(self, scan: Document) -> bool:
        """Take the environment for this scan; True when it has it."""
        key = f"{scan['inventory']}/{scan['environment']}"
        try:
            self.locks.insert_one({"_id": key, "scan_id": scan["_id"], "since": now()})
        except DuplicateKeyError:
            held = self.locks.find_one({"_id": key})
            return held is not None and held["scan_id"] == scan["_id"]
        return True

    def unlock(self, scan: Document) -> None:
        """Release the environment."""
        key = f"{scan['inventory']}/{scan['environment']}"
        self.locks.delete_one({"_id": key, "scan_id": scan["_id"]})

    def holder(self, scan: Document) -> str:
        """Return the id of the scan that has the environment; empty when it is free."""
        held = self.locks.find_one({"_id": f"{scan['inventory']}/{scan['environment']}"})
        return str(held["scan_id"]) if held else ""

    def claim_advance(
        self, scan_id: str, level: int, lease: float, worker: str = "", *, take_over: bool = False
    ) -> bool:
        """Let one worker plan the level after this one; True for that worker.

        The claim of a dead worker ends when the watchdog frees it, at the latest with its lease.
        With `take_over` a worker may continue after its own failed attempt.
        """
        free: list[Document] = [{"claim_until": {"$exists": False}}, {"claim_until": None}]
        free.append({"claim_until": {"$lt": now()}})
        if take_over and worker:
            free.append({"planner.worker": worker})
        wanted = {"_id": scan_id, "level": level, "status": ScanStatus.RUNNING.value, "$or": free}
        result = self.scans.update_one(wanted, {"$set": claim(worker, lease)})
        return result.matched_count == 1

    def free_claim(self, scan: Document) -> bool:
        """Take the claim from a planner that is gone; False when the scan has moved on."""
        held = {"_id": scan["_id"], "level": scan["level"], "claim_until": scan["claim_until"]}
        lost = {"$set": {"claim_until": None}, "$inc": {"planners_lost": 1}}
        return self.scans.update_one(held, lost).matched_count == 1

    def finish_task(self, task: Document, result: Mapping[str, Any]) -> str:
        """End a task that this worker began, and count it.

        Returns `done`, also if the task was already done, or `over` if another worker has it.
        """
        problems, others = bounded(result.get("problems", ()))
        stored = {**result, "problems": [problem.model_dump() for problem in problems]}
        stored |= {"more_problems": others} if others else {}
        if self.end_task(task, stored):
            self.add_results(task, {**result, "problems": problems, "more_problems": others})
            return "done"
        return "done" if self.is_done(task["_id"]) else "over"

    def add_results(self, task: Document, result: Mapping[str, Any]) -> None:
        """Add a finished task to the progress of its scan.

        A worker that stood still may call this after the scan has ended and all results were added
        up. Then this adds them up again, including this task.
        """
        increments: Document = {f"levels.{task['level']}.done": 1}
        for name in ("counts", "requests"):
            for key, number in result.get(name, {}).items():
                increments[f"{name}.{key}"] = number
        scan = self.scans.find_one_and_update(
            {"_id": task["scan_id"]},
            {"$inc": increments},
            {"added_up": 1},
            return_document=ReturnDocument.AFTER,
        )
        if scan and scan.get("added_up"):
            self.complete_results(task["scan_id"])
            return
        self.add_problems(
            task["scan_id"], result.get("problems", ()), result.get("more_problems", ())
        )

    def complete_results(self, scan_id: str) -> None:
        """Add up the results of all tasks again.

        A worker that died between two writes did not add the results of its task. Errors are
        counted again too, because those that did not fit on the record may have been counted twice.
        """
        fields = ("level", "done", "counts", "requests", "problems", "more_problems")
        tasks = self.scan_tasks(scan_id, *fields, done=True)
        totals: Counter[str] = Counter(f"levels.{task['level']}.done" for task in tasks)
        for task in tasks:
            for name in ("counts", "requests"):
                for key, number in task.get(name, {}).items():
                    totals[f"{name}.{key}"] += number
        scan = self.get(scan_id)
        warnings = {error["key"]: bool(error["warning"]) for error in scan["errors"]}
        new: list[Problem] = []
        for data in (data for task in tasks for data in task.get("problems", ())):
            problem = Problem.model_validate(data)
            if problem.kind == "skipped_host" or problem.key() in warnings:
                continue
            warnings[problem.key()] = problem.warning
            new.append(problem)
        self.add_problems(scan_id, new[:ERRORS_ON_RECORD])
        counted = Counter(warnings.values())
        for entry in (entry for task in tasks for entry in task.get("more_problems", ())):
            counted[entry["warning"]] += entry["number"]
        numbers = {"warning_count": counted[True], "error_count": counted[False]}
        self.update(scan_id, {**totals, **numbers, "added_up": True})

    def add_problem(self, scan_id: str, problem: Problem) -> None:
        """Note an error or warning on the scan. Equal ones are stored once."""
        self.add_problems(scan_id, [problem])

    def add_problems(
        self, scan_id: str, problems: Iterable[Problem], numbers: Sequence[Document] = ()
    ) -> None:
        """Note errors and warnings on the scan with one write. Equal ones are stored once.

        `numbers` counts others that the task does not store, see `task_problems`.
        """
        # the first task that met a host that is skipped now reports it
        found = [problem for problem in problems if problem.kind != "skipped_host"]
        if found or numbers:
            self.scans.update_one({"_id": scan_id}, adding(found, numbers, ERRORS_ON_RECORD))

    def save_coverage(self, scan_id: str, environment: str, lines: list[Document]) -> None:
        """Store the coverage report of a scan.

        If two workers end the scan at once, one report is stored.
        """
        writes = []
        for line in lines:
            key = f"{scan_id}/{line['host']}/{line.get('source', '')}"
            stamp = {"_id": key, "scan_id": scan_id, "environment": environment}
            writes.append(ReplaceOne({"_id": key}, encode(line) | stamp, upsert=True))
        for start in range(0, len(writes), 500):
            self.coverage.bulk_write(writes[start : start + 500], ordered=False)
