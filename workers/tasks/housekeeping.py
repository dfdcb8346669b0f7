"""Housekeeping: a doorway to calipso.stores.scans.retention; beat sends it every hour."""

from __future__ import annotations

import logging

from calipso.stores.scans.retention import Housekeeping
from workers.app import app
from workers.base import ScanTask

log = logging.getLogger(__name__)


@app.task(bind=True, base=ScanTask, name="calipso.housekeeping.run", ignore_result=True)
def run(self: ScanTask) -> dict[str, int]:
    """Remove what is older than the settings keep it; returns how many documents."""
    removed = self.store_retry(lambda: Housekeeping().run())
    if removed:
        log.info("old records removed", extra={"removed": removed})
    return removed
