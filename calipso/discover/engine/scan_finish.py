"""How a scan ends: coverage report, final state, environment free for the next scan."""

from __future__ import annotations

from calipso.discover.engine.coverage import finish_report
from calipso.discover.engine.scanners_metadata import ScannersMetadata
from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.scan import RUNNING, Problem, ScanRequest, ScanStatus, Stage
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.fence import Fence
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.scans.answers import AnswerStore
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now

DONE = (ScanStatus.COMPLETED, ScanStatus.COMPLETED_WITH_ERRORS)


def finish_scan(
    scan_id: str,
    store: ScanStore,
    context: ScanContext,
    metadata: ScannersMetadata,
    error: CalipsoError | None = None,
) -> None:
    """End a scan; `error` is what made it impossible to go on.

    One that has ended already stays as it is: this worker may have been given up.
    """
    if store.get(scan_id)["status"] not in RUNNING:
        return
    if error is not None:
        store.add_problem(
            scan_id, Problem(kind=str(error.kind), message=error.message, hint=error.hint)
        )
    store.complete_results(scan_id)
    scan = store.get(scan_id)
    request = ScanRequest.model_validate(scan["request"])
    skipped = metadata.skipped(context.environment) if request.whole_inventory() else {}
    status = finish_report(store, scan, failed=error is not None, skipped=skipped)
    if status in DONE:
        _drop_old_cliques(scan, store, context)
        _keep_derived(scan, store)
    final = {
        "status": status.value,
        "stage": Stage.FINISH.value,
        "end_timestamp": now(),
        "claim_until": None,
    }
    if not store.update(scan_id, final, status={"$in": RUNNING}):
        return
    AnswerStore(context.inv, scan["environment"], scan_id, settings()).forget()
    store.unlock(scan)
    if status in DONE and request.whole_inventory() and request.origin != "recording":
        EnvironmentStore().set_status(scan["environment"], scanned=True, last_scanned=now())


def _keep_derived(scan: Document, store: ScanStore) -> None:
    """Note that links and cliques belong to the inventory now, when all of them were found.

    A worker that was given up may have written something that its successor did not see change.
    """
    if not scan.get("fingerprint"):
        return
    if all(task["attempts"] <= 1 for task in store.scan_tasks(scan["_id"], "attempts")):
        tasks = [
            t for k in ("links", "cliques") for t in store.scan_tasks(scan["_id"], "ran", kind=k)
        ]
        if all(task.get("ran") for task in tasks):
            store.keep_derived(scan, scan["fingerprint"])


def _drop_old_cliques(scan: Document, store: ScanStore, context: ScanContext) -> None:
    """Cliques of focal points that have none any more, when all of them were looked for."""
    cliques = store.scan_tasks(scan["_id"], "ran", "reached", kind="cliques")
    if cliques and all(task.get("ran") and not task.get("reached") for task in cliques):
        writer = GraphWriter(
            context.inv,
            scan["environment"],
            scan["_id"],
            generation=scan["generation"],
            alive=Fence(store, scan["_id"]),
        )
        writer.drop_old_cliques()
