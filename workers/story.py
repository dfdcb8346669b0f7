"""What a scan does, reported as it happens: a page of log lines, and metrics.

Read from what the engine stores of its tasks and scans, so that each is reported once, whichever
worker ends it, and also when the watchdog does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from calipso.errors import ErrorKind
from calipso.model.documents import Document
from calipso.model.scan import RUNNING, ScanStatus
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now
from workers import metrics
from workers.base import worker_name

log = logging.getLogger("calipso.scan")

TASK_FIELDS = ("title", "queue", "source", "level", "worker", "ended_at", "started_at")
TASK_RESULTS = ("problems", "requests", "runs", "counts", "ran", "attempts")
SCAN_FIELDS = ("environment", "inventory", "request", "status", "told", "counts", "requests")
SCAN_ENDS = ("start_timestamp", "end_timestamp", "error_count", "warning_count", "errors")

#: A scan that ended longer ago was reported by an earlier version, or not at all.
RECENT = timedelta(hours=1)

NO_OBJECTS = ("links", "cliques")
LEVELS = {
    ScanStatus.COMPLETED: logging.INFO,
    ScanStatus.COMPLETED_WITH_ERRORS: logging.WARNING,
    ScanStatus.FAILED: logging.ERROR,
    ScanStatus.CANCELLED: logging.WARNING,
}


def task_ended(task_id: str, environment: str, seconds: float) -> None:
    """Tell what one registered task of a scan met, if this worker ran it just now."""
    projection = dict.fromkeys((*TASK_FIELDS, *TASK_RESULTS), 1)
    task = ScanStore().tasks.find_one({"_id": task_id}, projection)
    if task is None or task.get("worker") != worker_name() or not task.get("ended_at"):
        return
    if task["ended_at"] < now() - timedelta(seconds=seconds + 1):
        return  # a copy of one that had ended before
    for problem in task.get("problems", ()):
        tell_problem(problem, task)
    metrics.task_of_scan(task, environment)
    log.debug(
        "task ended",
        extra={
            "seconds": round(seconds, 3),
            "counts": task.get("counts", {}),
            "queue": task["queue"],
        },
    )


def tell_problem(problem: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    """One thing that could not be read."""
    level = logging.WARNING if problem["warning"] else logging.ERROR
    if problem["kind"] == ErrorKind.SKIPPED_HOST:
        level = logging.DEBUG  # reported by the task that met the host first
    details = {name: problem[name] for name in ("host", "fetcher", "kind", "hint") if problem[name]}
    log.log(
        level,
        problem["message"],
        extra={"source": problem["source"] or task.get("source", "")} | details,
    )


def scans_moved() -> None:
    """Report each scan that began or ended since the last look; one worker reports each."""
    store = ScanStore()
    query = {
        "told": {"$ne": "end"},
        "status": {"$ne": ScanStatus.PENDING.value},
        "$or": [
            {"status": ScanStatus.RUNNING.value},
            {"end_timestamp": {"$gte": now() - RECENT}},
        ],
    }
    for scan in store.scans.find(query, dict.fromkeys((*SCAN_FIELDS, *SCAN_ENDS), 1)):
        told, ended = scan.get("told"), scan["status"] not in RUNNING
        if told is None and scan.get("start_timestamp"):
            if not store.update(scan["_id"], {"told": "start"}, told=None):
                continue
            told = "start"
            _tell_start(scan)
        if ended and store.update(scan["_id"], {"told": "end"}, told=told):
            _tell_end(scan)


def _tell_start(scan: Document) -> None:
    """Dated back: its first level was reported before."""
    request = scan["request"]
    asked = {name: value for name, value in request.items() if value and name != "environment"}
    line = log.makeRecord(
        log.name, logging.INFO, __file__, 0, "scan started", (), None, extra=_of(scan) | asked
    )
    line.created = scan["start_timestamp"].timestamp()
    log.handle(line)


def _tell_end(scan: Document) -> None:
    status = ScanStatus(scan["status"])
    began, ended = scan.get("start_timestamp"), scan["end_timestamp"]
    seconds = (ended - began).total_seconds() if began else 0.0
    counts = scan["counts"]
    result = {
        "seconds": round(seconds, 2),
        "objects": sum(number for name, number in counts.items() if name not in NO_OBJECTS),
        "links": counts.get("links", 0),
        "cliques": counts.get("cliques", 0),
        "errors": scan["error_count"],
        "warnings": scan["warning_count"],
    }
    if status is ScanStatus.FAILED and scan["errors"]:
        result["reason"] = scan["errors"][-1]["message"]
    words = status.value.replace("_", " ")
    log.log(LEVELS[status], "scan %s", words, extra=_of(scan) | scan["requests"] | result)
    metrics.scan_ended(scan["environment"], status.value, seconds)


def _of(scan: Document) -> Document:
    return {"scan": scan["_id"], "environment": scan["environment"]}
