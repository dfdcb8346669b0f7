"""Fence: stops a worker that writes for an ended scan, or for a task that another worker has.

A worker that stood still or lost its network does not know that the watchdog has given it up. Its
data is then older than the stored data. So each worker checks before it writes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from calipso.errors import Superseded
from calipso.stores.scans.scan_store import ScanStore

#: Seconds between two checks, because many small writes in a row do not need a read each. Between
#: two checks, the generation in each document protects the stored data.
LOOK_AGAIN = 1.0


class Fence:
    """A check before writes: raises Superseded when this worker must not write any more."""

    def __init__(
        self,
        store: ScanStore,
        scan_id: str,
        *,
        task: Mapping[str, Any] | None = None,
        level: int | None = None,
    ) -> None:
        """`task` is the task as this worker claimed it; `level` is the level that it plans."""
        self.store = store
        self.scan_id = scan_id
        self.task = task
        self.level = level
        self._looked = time.monotonic()

    def __call__(self) -> None:
        """Check again if the last check is old. Raises Superseded."""
        if time.monotonic() - self._looked < LOOK_AGAIN:
            return
        if not self.store.is_running(self.scan_id, self.level):
            raise Superseded(f"scan {self.scan_id} has continued or ended without this worker")
        if self.task is not None and not self.store.has_task(self.task):
            raise Superseded(f"task {self.task['_id']} now belongs to another worker")
        self._looked = time.monotonic()
