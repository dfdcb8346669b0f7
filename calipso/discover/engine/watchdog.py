"""Watchdog: sees to it that no scan stands still.

Brokers lose messages and workers die; what is registered in the store and not done is sent
again, a complete level is advanced, a waiting scan is started when its environment is free.
Sending something twice is harmless.

A message counts as lost when its queue is empty, or when the workers have begun messages that
were sent to its queue after it, and no living worker holds it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from calipso.discover.engine.scan import Publisher
from calipso.discover.engine.scan_manager import fail_scan, make_scan, start_scan, waiting_scans
from calipso.errors import ErrorKind
from calipso.model.documents import Document
from calipso.model.scan import RUNNING, ScanStatus
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds after which a message that asks for a look is dropped (celeryconfig), and as much again
#: for clocks that differ.
OLDEST_LOOK = 10.0

#: Seconds beyond its time limit until a task counts as one that does not end.
GRACE = 60.0


class TaskPublisher(Publisher, Protocol):
    """A publisher that can also send a single task."""

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        """Send one registered task, outside its chord."""


@dataclass(frozen=True)
class Queues:
    """What is known of the queues: messages that wait, highest number that was begun."""

    waiting: Mapping[str, int]
    begun: Mapping[str, int]


def watch(publisher: TaskPublisher, waiting: Mapping[str, int], worker: str = "") -> dict[str, int]:
    """One look at all scans, by this worker; `waiting` is the number of messages by queue.

    The message that asks for it went through the queue `scan`. Returns how many tasks were sent
    again, levels advanced and scans started.
    """
    store = ScanStore()
    store.order.pass_mark("scan", OLDEST_LOOK)
    alive = {worker["_id"]: worker for worker in WorkerStore().live()}
    done = Counter({"resent": 0, "advanced": 0})
    _end_abandoned(store, alive)
    queues = Queues(waiting, store.order.all_begun())
    for scan in store.find_scans({"status": ScanStatus.RUNNING.value, "runner": ""}):
        try:
            done.update(_look_after(scan, store, publisher, alive, queues))
        except Exception as error:
            if is_store_error(error):
                raise
            log.exception("scan cannot be looked after", extra={"scan": scan["_id"]})
    return dict(done) | {"started": start_waiting(publisher, worker)}


def _look_after(
    scan: Document,
    store: ScanStore,
    publisher: TaskPublisher,
    alive: Mapping[str, Document],
    queues: Queues,
) -> Counter[str]:
    """One look at one scan; returns what was done."""
    done: Counter[str] = Counter()
    if scan["cancel_requested"] and _end_cancelled(scan, store, alive):
        return done
    for task in store.open_tasks(scan["_id"], scan["level"]):
        if _is_lost(task, scan, store, alive, queues) and store.requeue(task):
            where = {"environment": scan["environment"], "scan": scan["_id"]}
            log.warning("task sent again", extra=where | {"task": task["title"]})
            publisher.publish_task(scan["_id"], task["_id"], task["queue"])
            done["resent"] += 1
    if _stands_still(scan, store, alive):
        publisher.publish_advance(scan["_id"], scan["level"])
        done["advanced"] += 1
    return done


def start_waiting(publisher: Publisher, worker: str = "") -> int:
    """Start the pending scans whose environment is free, oldest first."""
    store = ScanStore()
    _free_dead_locks(store)
    held = {lock["_id"]: lock["scan_id"] for lock in store.locks.find()}
    started = 0
    for scan in waiting_scans():
        key = f"{scan['inventory']}/{scan['environment']}"
        # one that holds its own lock lost the worker that was about to start it
        if held.get(key, scan["_id"]) == scan["_id"] and _started(scan["_id"], publisher, worker):
            held[key] = scan["_id"]
            started += 1
    return started


def _started(scan_id: str, publisher: Publisher, worker: str) -> bool:
    """Start one scan; one that cannot be started ends, and does not keep the others waiting."""
    try:
        return start_scan(scan_id, publisher, worker)
    except Exception as error:
        if is_store_error(error):
            raise
        log.exception("scan cannot start", extra={"scan": scan_id})
        fail_scan(scan_id, str(error), getattr(error, "hint", ""))
        return False


def after_resent(scan_id: str, task_id: str, publisher: TaskPublisher) -> None:
    """A task sent again has no chord: send what follows it in its chain, or advance the level."""
    store = ScanStore()
    task = store.task(task_id)
    if task["next"]:
        following = store.task(task["next"])
        if not following["done"]:
            publisher.publish_task(scan_id, following["_id"], following["queue"])
    elif store.level_done(scan_id, task["level"]):
        publisher.publish_advance(scan_id, task["level"])


def _end_abandoned(store: ScanStore, alive: Mapping[str, Document]) -> None:
    """Scans that one process ran alone end with it."""
    for scan in store.find_scans({"status": {"$in": RUNNING}, "runner": {"$ne": ""}}):
        if scan["runner"] not in alive and _age(scan["submit_timestamp"]) > (
            settings().worker_lost_after
        ):
            message = f"the process that ran this scan ended ({scan['runner']})"
            fail_scan(scan["_id"], message, "Run it again.", ErrorKind.WORKER_LOST)


def _end_cancelled(scan: Document, store: ScanStore, alive: Mapping[str, Document]) -> bool:
    """A cancelled scan ends as soon as nobody works for it; what is queued is not waited for."""
    busy = [
        task
        for task in store.open_tasks(scan["_id"], scan["level"])
        if task["state"] == "running" and task["worker"] in alive
    ]
    if busy:
        return False
    try:
        ended = make_scan(scan["_id"])
    except Exception as error:
        if is_store_error(error):
            raise
        fail_scan(scan["_id"], str(error), getattr(error, "hint", ""))
        return True
    try:
        ended.finish(scan)
    finally:
        ended.context.close()
    return True


def _is_lost(
    task: Document,
    scan: Document,
    store: ScanStore,
    alive: Mapping[str, Document],
    queues: Queues,
) -> bool:
    if task["state"] == "running":
        return _age(task["started_at"]) > _longest(task) or _is_gone(task, alive)
    if not alive:
        return False
    sent = task.get("published_at") or scan["published_at"]
    if task["position"]:
        # a later step of a chain is sent by the one before it
        same = {"level": task["level"], "next": task["_id"]}
        before = store.scan_tasks(scan["_id"], "done", "ended_at", **same)
        if not before or not before[0]["done"]:
            return False
        sent = max(sent, before[0]["ended_at"])
    missed_since = _missed_since(task, sent, store, queues)
    if missed_since is None:
        return False
    held = any(task["_id"] in worker.get("held", ()) for worker in alive.values())
    return _age(missed_since) > (_longest(task) if held else settings().lost_message_after)


def _missed_since(
    task: Document, sent: datetime, store: ScanStore, queues: Queues
) -> datetime | None:
    """Since when a message has been out of its queue, as far as can be seen; None: it is in it."""
    if not queues.waiting.get(task["queue"], 0):
        return sent
    if task.get("sequence", 0) >= queues.begun.get(task["queue"], 0):
        return None  # it waits in line
    if not task.get("overtaken_at"):
        store.note_overtaken(task)
    overtaken: datetime = task["overtaken_at"]
    return max(sent, overtaken)


def _longest(task: Document) -> float:
    """Seconds a task may run: what goes through the whole cloud has a time limit of its own."""
    limit = settings().longest_task
    return limit if task["kind"] == "fetch" else max(limit, settings().graph_task_seconds + GRACE)


def _is_gone(work: Document, alive: Mapping[str, Document]) -> bool:
    """True when the worker of a task or plan is dead, or the process of its pool is.

    A worker that has just started works before its first heartbeat.
    """
    worker = alive.get(work["worker"])
    if worker is None:
        return _age(work["started_at"]) > settings().worker_lost_after
    return _process_is_gone(work, worker)


def _process_is_gone(task: Document, worker: Document) -> bool:
    """True when the pool process of a task died, and its worker has not handed the task on.

    A worker does that at once; when the broker is away at that moment, nobody does.
    """
    processes = worker.get("processes")
    if not processes or worker["seen"] < task["started_at"]:
        return False
    handed_on_by_now = _age(task["started_at"]) > settings().lost_message_after
    return task.get("pid") not in processes and handed_on_by_now


def _stands_still(scan: Document, store: ScanStore, alive: Mapping[str, Document]) -> bool:
    claim = scan.get("claim_until")
    if claim is not None and claim > now():
        planner = scan["planner"]
        if not planner["worker"] or not _is_gone(planner, alive) or not store.free_claim(scan):
            return False
        log.warning("planner is gone", extra={"scan": scan["_id"], "worker": planner["worker"]})
        lost = scan.get("planners_lost", 0) + 1
        if lost >= settings().task_attempts:
            message = f"the planning of level {scan['level'] + 1} took {lost} workers with it"
            hint = "See the workers' logs; they may have run out of memory."
            fail_scan(scan["_id"], message, hint, ErrorKind.WORKER_LOST)
            return False
    return _age(scan["published_at"] if "published_at" in scan else scan["start_timestamp"]) > (
        settings().watchdog_interval
    ) and store.level_done(scan["_id"], scan["level"])


def _free_dead_locks(store: ScanStore) -> None:
    """A lock whose scan ended (or is gone) was left by a worker that died while finishing."""
    for lock in list(store.locks.find()):
        scan = store.scans.find_one({"_id": lock["scan_id"]}, {"status": 1})
        if scan is None or ScanStatus(scan["status"]).final:
            store.locks.delete_one({"_id": lock["_id"], "scan_id": lock["scan_id"]})


def _age(since: datetime) -> float:
    return (now() - since) / timedelta(seconds=1)
