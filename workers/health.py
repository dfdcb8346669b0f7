"""Heartbeat of a worker: a document in `workers`, and a file for container health checks."""

from __future__ import annotations

import logging
import threading
import uuid
from pathlib import Path
from typing import Any

from celery.signals import worker_init, worker_ready, worker_shutting_down
from pymongo.errors import PyMongoError

from calipso.discover.scan_manager import close_finished_scans
from calipso.settings import settings
from calipso.utils.worker_store import WorkerStore
from workers.base import set_worker_name, worker_name

log = logging.getLogger(__name__)

INTERVAL = 2.0

_stop = threading.Event()


@worker_init.connect
def name_worker(sender: Any, **_: Any) -> None:
    """A name of its own for each start, so that a killed worker is not taken for its successor."""
    set_worker_name(f"{sender.hostname}#{uuid.uuid4().hex[:6]}")


@worker_ready.connect
def start_heart(sender: Any, **_: Any) -> None:
    """Begin the heartbeat once the worker consumes."""
    queues = sorted(sender.app.amqp.queues.consume_from)
    threading.Thread(target=_beat, args=(queues,), name="heartbeat", daemon=True).start()


@worker_shutting_down.connect
def stop_heart(**_: Any) -> None:
    """A worker that goes in order says goodbye."""
    _stop.set()
    try:
        WorkerStore().forget(worker_name())
    except PyMongoError as error:
        log.info("no goodbye to the store: %s", error)


def _beat(queues: list[str]) -> None:
    folder = settings().data_dir() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    name = worker_name()
    while not _stop.wait(INTERVAL):
        try:
            WorkerStore().beat(name, queues)
            Path(folder, f"heartbeat-{name.partition('#')[0]}").touch()
            close_finished_scans()  # hosts are not kept connected for a scan that ended elsewhere
        except (PyMongoError, OSError) as error:
            log.warning("heartbeat not stored: %s", error)
