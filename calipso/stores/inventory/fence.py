"""Fence: stops a worker that writes for a scan that has ended, or for a task another one has.

A worker that stood still or was cut off does not know that the watchdog has given it up. What it
writes then is older than what is stored. So each worker looks before it writes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from calipso.errors import Superseded
from calipso.stores.scans.scan_store import ScanStore

#: Seconds between two looks: many small writes in a row are not worth a read each. In between, the
#: generation that is written with each document protects what is stored.
LOOK_AGAIN = 1.0


class Fence:
    """Called before writes; raises Superseded when this worker must not write any more."""

    def __init__(
        self,
        store: ScanStore,
        scan_id: str,
        *,
        task: Mapping[str, Any] | None = None,
        level: int | None = None,
    ) -> None:
        """`task` is one as it was claimed; `level` the one that is being planned."""
        self.store = store
        self.scan_id = scan_id
        self.task = task
        self.level = level
        self._looked = time.monotonic()

    def __call__(self) -> None:
        """Look again if the last look is old. Raises Superseded."""
        if time.monotonic() - self._looked < LOOK_AGAIN:
            return
        if not self.store.is_running(self.scan_id, self.level):
            raise Superseded(f"scan {self.scan_id} went on, or ended, without this worker")
        if self.task is not None and not self.store.has_task(self.task):
            raise Superseded(f"task {self.task['_id']} was given to another worker")
        self._looked = time.monotonic()
