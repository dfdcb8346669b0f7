"""Scan manager: requests become scan records, records become scans, scans report their progress."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from calipso.discover.engine.coverage import write_report
from calipso.discover.engine.remaining import seconds_left
from calipso.discover.engine.scan import Publisher, Scan
from calipso.discover.engine.scan_start import first_groups
from calipso.discover.engine.scanners_metadata import load_scanners
from calipso.discover.engine.task_failures import as_calipso_error
from calipso.errors import ConfigError, Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.scan import RUNNING, Problem, ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_inventory import ScanInventory
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.listening import not_served
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from calipso.utils.metadata_parser import nearest

log = logging.getLogger(__name__)

#: Scans of one environment that may wait to begin.
MOST_PENDING = 50

#: Scans without a task just now whose connections one process keeps open.
OPEN_SCANS = 4


@dataclass
class _Open:
    """A scan whose connections are open in this process, and how many tasks use them just now."""

    scan: Scan
    users: int = 0


_lock = threading.Lock()
_scans: OrderedDict[tuple[int, str], _Open] = OrderedDict()


def create_scan(request: ScanRequest, scan_id: str | None = None, *, runner: str = "") -> str:
    """A pending scan record for the request.

    Raises NotFound for an unknown environment, ConfigError for a scanner that is not there, and
    Conflict when many scans of it wait already.
    """
    EnvironmentStore().get(request.environment)
    _check_scanner(request.scanner)
    store = ScanStore()
    if not runner:
        _check_waiting(store, request.environment)
    return store.create(request, scan_id, runner=runner)


def check_start(request: ScanRequest) -> None:
    """See whether the objects that a request names are in the inventory, before it is stored.

    Raises NotFound or ConfigError, as the scan would say it later.
    """
    environment = EnvironmentStore().get(request.environment)
    if request.links_only or request.cliques_only or not (request.object_id or request.scanner):
        return
    metadata = load_scanners()
    context = ScanContext(environment, InventoryMgr(request.inventory), "")
    first_groups(request.model_dump(), context, metadata)


def _check_waiting(store: ScanStore, environment: str) -> None:
    """Raises Conflict when many scans of an environment wait: one more would find the same."""
    waiting = {"environment": environment, "status": ScanStatus.PENDING.value, "runner": ""}
    count = store.scans.count_documents(waiting, limit=MOST_PENDING)
    if count >= MOST_PENDING:
        raise Conflict(
            f"{count} scans of environment {environment} wait to begin",
            hint=f"Cancel some: `calipso scan list --env {environment} --status pending`.",
        )


def _check_scanner(name: str | None) -> None:
    """Raises ConfigError for a scanner that scanners.json does not have, before anything starts."""
    if name is None:
        return
    metadata = load_scanners()
    if name not in metadata.scanners:
        near = nearest(name, metadata.scanners)
        known = ", ".join(sorted(metadata.scanners))
        raise ConfigError(f"no scanner {name}{near}", hint=f"{metadata.path} has: {known}.")


def make_scan(scan_id: str, *, recorder: Any = None) -> Scan:
    """A Scan with connections of its own; the caller closes its context."""
    store = ScanStore()
    record = store.get(scan_id)
    environment = EnvironmentStore().get(record["environment"])
    metadata = load_scanners()
    inventory = ScanInventory(record["inventory"], scan_id)
    context = ScanContext(environment, inventory, scan_id, fetchers_package=metadata.package)
    context.recorder = recorder
    return Scan(scan_id, store, context, metadata, attempts=settings().task_attempts)


@contextmanager
def open_scan(scan_id: str) -> Iterator[Scan]:
    """The Scan of this process for a scan id, for one task; connections are kept for its length."""
    key = (os.getpid(), scan_id)
    if key not in _scans:
        close_finished_scans()  # a process of the links and cliques worker has no other occasion
    with _lock:
        if key not in _scans:
            _scans[key] = _Open(make_scan(scan_id))
        found = _scans[key]
        found.users += 1
        _scans.move_to_end(key)
    try:
        yield found.scan
    finally:
        with _lock:
            found.users -= 1
        _close([key for key, item in _idle()[:-OPEN_SCANS]])


def close_finished_scans() -> None:
    """Close the connections of scans that ended, and end what a cancelled scan still waits for."""
    with _lock:
        ids = [scan_id for pid, scan_id in _scans if pid == os.getpid()]
    if not ids:
        return
    over = {"$or": [{"status": {"$nin": RUNNING}}, {"cancel_requested": True}]}
    ended = [
        (os.getpid(), scan["_id"]) for scan in ScanStore().find_scans({"_id": {"$in": ids}} | over)
    ]
    with _lock:
        busy = [_scans[key] for key in ended if key in _scans and _scans[key].users]
    for item in busy:
        item.scan.context.bounds.end("the scan was cancelled, or has ended")
    idle = {key for key, _ in _idle()}
    _close([key for key in ended if key in idle])


def _idle() -> list[tuple[tuple[int, str], _Open]]:
    """Open scans of this process that no task uses, the one used last at the end."""
    with _lock:
        return [
            (key, item) for key, item in _scans.items() if key[0] == os.getpid() and not item.users
        ]


def _close(keys: list[tuple[int, str]]) -> None:
    """Close the connections of these scans; those that a task uses by now stay open."""
    with _lock:
        free = [key for key in keys if key in _scans and not _scans[key].users]
        closing = [_scans.pop(key) for key in free]
    for item in closing:
        item.scan.context.close()


def start_scan(scan_id: str, publisher: Publisher, worker: str = "") -> bool:
    """Start a pending scan if its environment is free; a scan that cannot start ends failed."""
    try:
        scan = make_scan(scan_id)
    except NotFound as error:
        fail_scan(scan_id, error.message, error.hint)
        return False
    except Exception as error:
        if not is_store_error(error):
            fail_scan(scan_id, str(error), getattr(error, "hint", ""))
        raise
    try:
        return scan.start(publisher, worker)
    finally:
        scan.context.close()


def task_cannot_begin(scan_id: str, task_id: str, worker: str, error: Exception) -> str:
    """A task failed before it began: a file broke after the scan started, or a key is gone.

    That is an attempt as well; after the last one the task ends, with the reason. Returns `again`,
    or what `Scan.run_task` would.
    """
    store = ScanStore()
    task = store.claim_task(task_id, worker, take_over=False)
    if task is None:
        return "done" if store.is_done(task_id) else "running"
    if task["attempts"] - task.get("retries", 0) < settings().task_attempts:
        store.requeue(task)
        return "again"
    log.error("task cannot begin", exc_info=error, extra={"scan": scan_id, "task": task["title"]})
    reason = as_calipso_error(error)
    message = f"{task['title']}: {reason.message}"[:500]
    problem = Problem(kind=str(reason.kind), message=message, hint=reason.hint)
    return store.finish_task(task, {"ran": False, "problems": [problem]})


def cancel_scan(scan_id: str) -> Document:
    """Ask a scan to stop; a pending one is cancelled at once. Raises NotFound."""
    store = ScanStore()
    scan = store.get(scan_id)
    store.update(scan_id, {"cancel_requested": True})
    cancelled = {"status": ScanStatus.CANCELLED.value, "end_timestamp": now()}
    store.update(scan_id, cancelled, status=ScanStatus.PENDING.value)
    return store.get(scan["_id"])


def waiting_scans() -> list[Document]:
    """Pending scans that wait for the workers, oldest first."""
    return ScanStore().find_scans({"status": ScanStatus.PENDING.value, "runner": ""})[::-1]


def progress(scan_id: str) -> Document:
    """How far a scan is: its record, and the workers and scans before it as long as it runs.

    Raises NotFound.
    """
    store = ScanStore()
    scan = store.get(scan_id)
    started, ended = scan.get("start_timestamp"), scan.get("end_timestamp")
    seconds = ((ended or now()) - started).total_seconds() if started else 0.0
    levels = [
        {"level": int(number), **level}
        for number, level in sorted(scan["levels"].items(), key=lambda item: int(item[0]))
    ]
    return {
        "id": scan["_id"],
        "environment": scan["environment"],
        "inventory": scan["inventory"],
        "status": scan["status"],
        "stage": scan["stage"],
        "level": scan["level"],
        "levels": levels,
        "counts": dict(sorted(scan["counts"].items())),
        "requests": dict(sorted(scan["requests"].items())),
        "removed": scan.get("removed", 0),
        "stale": scan.get("stale", 0),
        "errors": [error for error in scan["errors"] if not error["warning"]],
        "warnings": [error for error in scan["errors"] if error["warning"]],
        "error_count": scan["error_count"],
        "warning_count": scan["warning_count"],
        "seconds": round(seconds, 2),
        "seconds_left": seconds_left(store, scan),
        "submitted": scan["submit_timestamp"],
        "started": started,
        "ended": ended,
        "message": _message(scan),
    }


def queues_in_use() -> set[str]:
    """Queues that hold tasks of the scans that run just now."""
    return {
        queue
        for scan in ScanStore().find_scans({"status": ScanStatus.RUNNING.value, "runner": ""})
        for queue in _level(scan).get("queues", ())
    }


def tell_unserved() -> None:
    """Log it, once, when a running scan waits for a queue that no worker takes tasks from."""
    store = ScanStore()
    for scan in store.find_scans({"status": ScanStatus.RUNNING.value, "runner": ""}):
        missing, known = _unserved(scan), scan.get("waits_for", [])
        if missing == known or not store.update(scan["_id"], {"waits_for": missing}):
            continue
        where = {"environment": scan["environment"], "scan": scan["_id"]}
        if missing:
            log.warning(_waits_for(missing), extra=where)
        else:
            log.info("the queues are served: %s", ", ".join(known), extra=where)


def _level(scan: Document) -> Document:
    found: Document = scan["levels"].get(str(scan["level"]), {})
    return found


def _unserved(scan: Document) -> list[str]:
    """Queues that no worker serves and that tasks of the scan's level wait in."""
    level = _level(scan)
    missing = not_served(level.get("queues", ())) if not scan["runner"] else []
    if not missing or level["done"] >= level["tasks"]:
        return []
    waiting = ScanStore().scan_tasks(scan["_id"], "queue", level=scan["level"], done=False)
    return sorted({task["queue"] for task in waiting} & set(missing))


def _waits_for(queues: list[str]) -> str:
    names = ",".join(queues)
    return f"no worker is running for queue {names}: `calipso worker --queues {names}` starts one"


def _message(scan: Document) -> str:
    if scan["status"] == ScanStatus.RUNNING:
        missing = _unserved(scan)
        return _waits_for(missing) if missing else ""
    if scan["status"] != ScanStatus.PENDING:
        return ""
    held = ScanStore().holder(scan)
    if held not in ("", scan["_id"]):
        return f"waits for scan {held} of the same environment"
    if not any("scan" in worker.get("queues", ()) for worker in WorkerStore().live()):
        return "no worker is running for queue scan: start one with `calipso up`"
    return "waits for a worker"


def fail_scan(scan_id: str, message: str, hint: str = "", kind: str = "bug") -> None:
    """End a scan that cannot go on, with the reason; its environment is free again."""
    store = ScanStore()
    store.add_problem(scan_id, Problem(kind=kind, message=message, hint=hint))
    failed = {"status": ScanStatus.FAILED.value, "end_timestamp": now()}
    ended = store.update(scan_id, failed, status={"$in": RUNNING})
    scan = store.get(scan_id)
    store.unlock(scan)
    if ended:  # last: what it has read is worth a report, and none keeps it from ending
        store.complete_results(scan_id)
        write_report(store, scan, {})
