"""Signs of life of a worker and of beat: documents in `workers`, and files for health checks.

In `run/` of the data directory: `heartbeat-<worker>` is touched every two seconds,
`ready-<worker>` is there while the worker takes tasks. Beat touches `heartbeat-beat` with each
task that it sends.

Each sign has a thread of its own: a MongoDB that hangs keeps no file from being touched, and a
connection that does not close keeps no heartbeat from MongoDB. None of them ends by an error.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.signals import (
    after_task_publish,
    beat_init,
    worker_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from calipso.discover.engine.scan_manager import close_finished_scans
from calipso.errors import CalipsoError, ConfigError
from calipso.limits.calls import waiting_calls
from calipso.limits.shares import SHARES
from calipso.settings import settings
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.worker_store import WorkerStore
from workers.app import app
from workers.base import set_worker_name, worker_name
from workers.fitness import check_machine, compare_clocks
from workers.publisher import RUN

log = logging.getLogger(__name__)

INTERVAL = 2.0
#: Seconds between two looks at the clock of Redis.
CLOCK_INTERVAL = 60.0

_stop = threading.Event()
_stopping = threading.Event()
_signs: list[threading.Thread] = []


class Readiness(bootsteps.StartStopStep):
    """The file `ready-<worker>`: there from when the worker takes tasks until it no longer does.

    A worker that has lost its broker takes none: its consumer stops and starts again.
    """

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """The consumer consumes."""
        _touch(f"ready-{parent.hostname}")

    def stop(self, parent: Any) -> None:
        """The broker is away, or the worker ends."""
        _remove(f"ready-{parent.hostname}")

    terminate = stop


app.steps["consumer"].add(Readiness)


@worker_init.connect
def name_worker(sender: Any, **_: Any) -> None:
    """A name of its own for each start, so that a killed worker is not taken for its successor."""
    set_worker_name(f"{sender.hostname}#{uuid.uuid4().hex[:6]}")
    _remove(f"ready-{sender.hostname}")  # of one that was killed
    try:
        check_machine()
    except CalipsoError as error:
        log.critical("%s", error.message, extra={"hint": error.hint})
        raise SystemExit(1) from None  # an exception would be logged, and the worker start


@worker_ready.connect
def start_heart(sender: Any, **_: Any) -> None:
    """Show life from when the worker consumes."""
    queues = sorted(sender.app.amqp.queues.consume_from)
    if "thread" in type(sender.pool).__module__:
        SHARES.size = sender.pool.limit
    _signs[:] = [
        _every(INTERVAL, "alive", partial(_touch, f"heartbeat-{sender.hostname}")),
        _every(INTERVAL, "heartbeat", partial(_beat, queues, sender.pool)),
    ]
    # hosts are not kept connected for a scan that ended elsewhere
    _every(INTERVAL, "finished scans", close_finished_scans)
    _every(CLOCK_INTERVAL, "clock", _look_at_clock, at_once=False)  # it was looked at just now


@worker_shutting_down.connect
def take_no_more(**_: Any) -> None:
    """A worker that goes ends its tasks first. Until then it lives, and none is sent elsewhere."""
    _stopping.set()


@worker_shutdown.connect
def stop_heart(sender: Any, **_: Any) -> None:
    """A worker that goes in order says goodbye."""
    _stop.set()
    for sign in _signs:
        sign.join(INTERVAL)  # one under way would undo the goodbye
    _remove(f"ready-{sender.hostname}")
    _remove(f"heartbeat-{sender.hostname}")
    try:
        WorkerStore().forget(worker_name())
    except (CalipsoError, StoreFailure) as error:
        log.info("no goodbye to the store: %s", error)


@beat_init.connect
def watch_beat(**_: Any) -> None:
    """In beat's process: sending is its sign of life."""
    after_task_publish.connect(_beat_sent, weak=False)


def _beat_sent(**_: Any) -> None:
    _touch("heartbeat-beat")


def _every(
    seconds: float, name: str, work: Callable[[], object], *, at_once: bool = True
) -> threading.Thread:
    """Do it again and again until the worker ends, whatever it raises."""

    def run() -> None:
        wait = 0.0 if at_once else seconds
        while not _stop.wait(wait):
            wait = seconds
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the next time it may do
                log.warning("%s: %s", name, str(error) or type(error).__name__)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def _beat(queues: list[str], pool: Any) -> None:
    takes = [] if _stopping.is_set() else queues
    processes = pool.info.get("processes") or [os.getpid()]
    WorkerStore().beat(worker_name(), takes, processes, held_tasks(), threads())


def threads() -> dict[str, int]:
    """How many threads this worker has, how many work, and how many calls wait for long."""
    if not SHARES.size:
        return {}
    return {"size": SHARES.size, "busy": SHARES.busy, "waiting": len(waiting_calls())}


def held_tasks() -> set[str]:
    """`_id`s of the tasks of scans that this worker has taken from its queues and not ended."""
    requests = list(state.reserved_requests)
    # a task that was sent again has an id of its own, see workers/publisher.py
    return {str(request.id).partition(".")[0] for request in requests if request.name == RUN}


def _look_at_clock() -> None:
    """End this worker in order, its tasks first, where it would not be let start."""
    try:
        compare_clocks()
    except ConfigError as error:
        log.critical("%s; this worker ends", error.message, extra={"hint": error.hint})
        take_no_more()
        # the exit code: who supervises the worker starts it again
        state.should_stop = 1  # type: ignore[assignment]  # Celery's own type is None or int


def _file(name: str) -> Path:
    folder = settings().data_dir() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _touch(name: str) -> None:
    try:
        _file(name).touch()
    except OSError as error:
        log.warning("%s: %s", name, error)


def _remove(name: str) -> None:
    try:
        _file(name).unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s: %s", name, error)
