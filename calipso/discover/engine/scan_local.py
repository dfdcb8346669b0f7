"""A whole scan in one process, without Celery: for tests, recording and small clouds."""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_manager import create_scan, fail_scan, make_scan
from calipso.discover.engine.scan_plan import Level
from calipso.model.documents import Document
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore


class LocalPublisher:
    """Keeps published levels until `run_local` takes them."""

    def __init__(self) -> None:
        self.levels: deque[Level] = deque()

    def publish_level(self, scan_id: str, level: Level) -> None:
        """Keep the level."""
        self.levels.append(level)

    def publish_advance(self, scan_id: str, level: int) -> None:
        """Nothing to do: `run_local` advances by itself."""


def run_local(
    request: ScanRequest, *, recorder: Any = None, threads: int = 8, scan_id: str | None = None
) -> Document:
    """Run a scan to its end in this process; returns the scan record."""
    runner = f"local:{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    with _heartbeat(runner):
        scan_id = create_scan(request, scan_id, runner=runner)
        scan = make_scan(scan_id, recorder=recorder)
        try:
            _drive(scan, threads)
        except BaseException:
            store = ScanStore()
            store.update(scan_id, {"cancel_requested": True})
            scan.finish(store.get(scan_id))
            raise
        finally:
            scan.context.close()
    record = ScanStore().get(scan_id)
    if not ScanStatus(record["status"]).final:
        fail_scan(scan_id, "another scan of this environment is running", "Wait for its end.")
    return ScanStore().get(scan_id)


def _drive(scan: Scan, threads: int) -> None:
    publisher = LocalPublisher()
    if not scan.start(publisher):
        return
    with ThreadPoolExecutor(threads) as pool:
        while publisher.levels:
            level = publisher.levels.popleft()
            list(pool.map(lambda chain: _run_chain(scan, chain), level.chains))
            scan.advance(level.number, publisher)


@contextmanager
def _heartbeat(name: str) -> Iterator[None]:
    """Tell the watchdog that this process lives, as long as it does."""
    workers, stop = WorkerStore(), threading.Event()
    workers.beat(name, [])

    def beat() -> None:
        while not stop.wait(settings().worker_lost_after / 4):
            with suppress(Exception):  # the next beat is seconds away
                workers.beat(name, [])

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
        workers.forget(name)


def _run_chain(scan: Scan, chain: list[Document]) -> None:
    for task in chain:
        scan.run_task(task["_id"], "local")
