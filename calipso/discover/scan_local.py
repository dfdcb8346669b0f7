"""A whole scan in one process, without Celery: for tests, recording and small clouds."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from calipso.discover.scan import Scan
from calipso.discover.scan_manager import create_scan, make_scan
from calipso.discover.scan_plan import Level
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.utils.scan_store import ScanStore

Document = dict[str, Any]


class LocalPublisher:
    """Keeps published levels until `run_local` takes them."""

    def __init__(self) -> None:
        self.levels: deque[Level] = deque()

    def publish_level(self, scan_id: str, level: Level) -> None:
        """Keep the level."""
        self.levels.append(level)

    def publish_advance(self, scan_id: str, level: int) -> None:
        """Nothing to do: `run_local` advances by itself."""


def run_local(request: ScanRequest, *, recorder: Any = None, threads: int = 8) -> Document:
    """Run a scan to its end in this process; returns the scan record."""
    scan_id = create_scan(request)
    scan = make_scan(scan_id, recorder=recorder)
    publisher = LocalPublisher()
    try:
        if scan.start(publisher):
            with ThreadPoolExecutor(threads) as pool:
                while publisher.levels:
                    level = publisher.levels.popleft()
                    list(pool.map(lambda chain: _run_chain(scan, chain), level.chains))
                    scan.advance(level.number, publisher)
    except BaseException:
        store = ScanStore()
        store.update(scan_id, {"cancel_requested": True})
        record = store.get(scan_id)
        if not ScanStatus(record["status"]).final:
            scan.finish(record)
        raise
    finally:
        scan.context.close()
    return ScanStore().get(scan_id)


def _run_chain(scan: Scan, chain: list[Document]) -> None:
    for task in chain:
        scan.run_task(task["_id"], "local")
