"""Logging of workers and beat: our format, and each task's scan on each of its lines.

Celery leaves logging alone once its signal `setup_logging` has a receiver.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

from celery.signals import (
    celeryd_after_setup,
    setup_logging,
    task_postrun,
    task_prerun,
    task_retry,
    worker_shutdown,
)

from calipso.model.scan import LogLevel
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.message_store import MessageHandler
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils import log as calipso_log
from workers import metrics, story

log = logging.getLogger(__name__)

#: Tasks after which a scan may have begun or ended.
MOVE_SCANS = ("calipso.scan.start", "calipso.scan.advance", "calipso.scan.watch")

#: Loggers whose lines may be kept with a scan from DEBUG on.
OURS = ("calipso", "workers")

#: Scans whose environment and log level one process remembers.
REMEMBERED = 50

_handler: MessageHandler | None = None
_scans: OrderedDict[str, tuple[str, int]] = OrderedDict()


@setup_logging.connect
def begin_logging(**_: Any) -> None:
    """Called by Celery in workers, beat and their pool processes."""
    calipso_log.setup_logging()
    logging.captureWarnings(capture=True)


@celeryd_after_setup.connect
def keep_lines_of_scans(**_: Any) -> None:
    """Workers store the lines of scans; before the pool starts, so that its processes do too."""
    global _handler
    if _handler is None:
        _handler = MessageHandler()
        logging.getLogger().addHandler(_handler)
        for name in OURS:  # a scan may ask for more than the worker's own log shows
            logging.getLogger(name).setLevel(logging.DEBUG)


@task_prerun.connect
def bind_scan(task: Any, args: Any = (), kwargs: Any = None, **_: Any) -> None:
    """Put environment, scan and task on each line until the task ends."""
    scan_id, task_id = ids_of(task.name, args, kwargs)
    if not scan_id:
        calipso_log.unbind_log()
        return
    name = task.name.rpartition(".")[2]
    try:
        title = _title(task_id) if task_id else name
        environment, level = _about(scan_id)
        calipso_log.bind_log(level=level, environment=environment, scan=scan_id, task=title)
    except StoreFailure:  # the task itself waits for the store and reports that
        calipso_log.bind_log(scan=scan_id, task=name)


@task_postrun.connect
def release_scan(
    task: Any, args: Any = (), kwargs: Any = None, retval: Any = None, **_: Any
) -> None:
    """The task has ended: its story is logged, and its lines go to the store."""
    try:
        scan_id, task_id = ids_of(task.name, args, kwargs)
        if task_id and retval == "done":
            story.task_ended(task_id, _about(scan_id)[0], metrics.seconds_of_task())
        elif task.name in MOVE_SCANS and retval:
            calipso_log.unbind_log()  # these lines are kept whatever level the scan asked for
            story.scans_moved()
    except StoreFailure as error:
        log.warning("not told: %s", error)
    flush_lines()
    calipso_log.unbind_log()


@task_retry.connect
def tell_retry(sender: Any, reason: Any, **_: Any) -> None:
    """A store is away: the task comes again by itself."""
    cause = getattr(reason, "exc", None) or reason
    name, text = type(cause).__name__, str(cause).partition(", Timeout:")[0][:300]
    log.warning("%s waits for a store and is tried again: %s: %s", sender.name, name, text)


@worker_shutdown.connect
def store_last_lines(**_: Any) -> None:
    """What is still in memory is stored before the process ends."""
    if _handler is not None:
        _handler.flush_for(5.0)


def flush_lines() -> None:
    """Wait a moment for this process's lines to be stored."""
    if _handler is not None:
        _handler.flush()


def ids_of(name: str, args: Any, kwargs: Any) -> tuple[str, str]:
    """Scan id and registered task's id of a Celery task; empty for tasks of no scan."""
    given = list(args or ())
    named = dict(kwargs or {})
    scan_id = str(named.get("scan_id") or (given[0] if given else ""))
    if not name.startswith("calipso.scan.") or not scan_id:
        return "", ""
    if name != "calipso.scan.run":
        return scan_id, ""
    return scan_id, str(named.get("task_id") or (given[1] if len(given) > 1 else ""))


def environment_of(scan_id: str) -> str:
    """The environment of a scan; empty while the store does not answer."""
    try:
        return _about(scan_id)[0]
    except StoreFailure:
        return ""


def _about(scan_id: str) -> tuple[str, int]:
    """Environment of a scan, and the level of the lines to keep of it."""
    if scan_id not in _scans:
        wanted = {"environment": 1, "request.log_level": 1}
        found = ScanStore().scans.find_one({"_id": scan_id}, wanted) or {}
        level = found.get("request", {}).get("log_level") or LogLevel.INFO
        _scans[scan_id] = str(found.get("environment", "")), LogLevel(level).number
        while len(_scans) > REMEMBERED:
            _scans.popitem(last=False)
    return _scans.get(scan_id, ("", logging.INFO))


def _title(task_id: str) -> str:
    found = ScanStore().tasks.find_one({"_id": task_id}, {"title": 1})
    return str(found["title"]) if found else ""
