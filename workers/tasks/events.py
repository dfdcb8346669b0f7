"""Tasks of events: doorways to calipso.discover.engine.event_scans."""

from __future__ import annotations

from calipso.discover.engine import event_scans, scan_manager
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.scans.event_batches import EventBatches
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.scan_store import ScanStore
from workers.app import app
from workers.base import ScanTask, worker_name
from workers.publisher import CeleryPublisher

#: Steps that another one may follow at once.
GO_ON = ("settled", "handled", "planned", "nothing to read")
MOST_STEPS = 10


@app.task(bind=True, base=ScanTask, name="calipso.events.look", ignore_result=True)
def look(self: ScanTask, environment: str) -> str:
    """Do what is to be done for the events of an environment now."""

    def work() -> str:
        done = ""
        for _ in range(MOST_STEPS):
            done = event_scans.look(environment, submit)
            if done not in GO_ON:
                break
        return done

    return self.store_retry(work)


@app.task(bind=True, base=ScanTask, name="calipso.events.look_all", ignore_result=True)
def look_all(self: ScanTask) -> list[str]:
    """Send for a look at each environment that has something waiting; beat sends this."""
    try:
        names = event_scans.environments_to_look_at()
    except StoreFailure:
        return []  # the next look is a few seconds away
    for name in names:
        look.apply_async(args=(name,), queue="events", expires=30, retry=False)
    return names


def submit(request: ScanRequest, scan_id: str) -> None:
    """Record a scan and start it here; one that cannot start now is started by the watchdog."""
    created = scan_manager.create_scan(request, scan_id)
    scan_manager.start_scan(created, CeleryPublisher(app), worker_name())


def after_scan(scan_id: str) -> None:
    """A level of a scan has ended: when that was the last one, events may have waited for it."""
    scan = ScanStore().scans.find_one({"_id": scan_id}, {"status": 1, "environment": 1})
    if scan is None or not ScanStatus(scan["status"]).final:
        return
    name = str(scan["environment"])
    if EventBatches().get(name) or EventKeys().of(name):
        look.apply_async(args=(name,), queue="events", expires=30, retry=False)
