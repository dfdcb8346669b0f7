"""Drift and intents after a scan: a doorway to calipso.analysis. An id in, numbers out."""

from __future__ import annotations

import logging

from calipso.analysis.drift import TOLD, judge, judged_scan
from calipso.analysis.intents import check_stored
from calipso.discover.engine.scan_finish import DONE
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.notices import of_finding
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now
from workers.app import app
from workers.base import ScanTask

log = logging.getLogger(__name__)

NAME = "calipso.drift.judge"
#: Seconds after a scan of a part, in which more of them may end.
PAUSE = 30


@app.task(bind=True, base=ScanTask, name=NAME, ignore_result=True)
def run(self: ScanTask, environment: str, inventory: str, scan_id: str = "") -> dict[str, int]:
    """Apply the drift rules to an environment, and check its intents; returns numbers."""

    def work() -> dict[str, int]:
        inv = InventoryMgr(inventory)
        FindingStore(inv).begin_run(environment)
        found = judge(inv, environment, scan_id=scan_id)
        check_stored(inv, environment)
        if inventory == settings().inventory:
            notices = [
                *(of_finding(environment, one, cleared=False) for one in found.new[:TOLD]),
                *(of_finding(environment, one, cleared=True) for one in found.cleared[:TOLD]),
            ]
            AlertStore(inv.db).publish(environment, notices)
        return {"open": found.found, "new": len(found.new), "cleared": len(found.cleared)}

    return self.store_retry(work)


def after_scan(scan_id: str) -> bool:
    """Send the task for a scan that has ended with an inventory; False for any other scan.

    Scans of events are small and many: each environment waits for one run at a time, which begins
    a little later, and covers all of them.
    A broker that does not take it is no reason to fail the scan: the next scan judges again.
    """
    scan = ScanStore().get(scan_id)
    if ScanStatus(scan["status"]) not in DONE or not judged_scan(scan):
        return False
    environment, inventory = str(scan["environment"]), str(scan["inventory"])
    if not FindingStore(InventoryMgr(inventory)).queue_run(environment, now()):
        return False
    whole = ScanRequest.model_validate(scan["request"]).whole_inventory()
    arguments, wait = [environment, inventory, scan_id], 0 if whole else PAUSE
    try:
        app.send_task(NAME, args=arguments, queue="cliques", countdown=wait)
    except Exception as error:  # noqa: BLE001 - brokers raise errors of many classes
        log.warning("drift not judged: %s", error, extra={"scan": scan_id})
        return False
    return True
