"""Task of the schedules: a doorway to calipso.discover.engine.schedules."""

from __future__ import annotations

import logging
from typing import Any

from kombu.exceptions import OperationalError

from calipso.discover.engine import scan_manager, schedules
from calipso.model.scan import ScanRequest
from calipso.stores.mongo.driver import StoreFailure
from workers.app import app
from workers.base import ScanTask
from workers.tasks.scan import start

log = logging.getLogger(__name__)


@app.task(bind=True, base=ScanTask, name="calipso.schedules.dispatch", ignore_result=True)
def dispatch(self: ScanTask) -> dict[str, Any]:
    """Submit the scans that are due; beat sends this every few seconds."""
    try:
        return dict(schedules.dispatch(submit))
    except StoreFailure as error:
        log.warning("schedules not looked at, the store is away: %s", str(error)[:200])
        return {"store": str(error)[:200]}  # the next look is a few seconds away


def submit(request: ScanRequest, scan_id: str) -> str:
    """Record a scan and have it started; one that cannot be queued is started by the watchdog."""
    created = scan_manager.create_scan(request, scan_id)
    try:
        start.apply_async(args=(created,), queue="scan", retry=False)
    except OperationalError as error:
        log.warning("scan not queued, the watchdog starts it: %s", error, extra={"scan": created})
    return created
