"""Confirming: an instance that an event says is deleted goes when the API and its host say so.

If the host cannot be read, the instance stays and is stale; the event is tried again until the host
answers.
"""

from __future__ import annotations

from dataclasses import replace

from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_inventory import Evidence
from calipso.stores.scans.scan_store import EVENT_ORIGIN, ScanStore


def with_unconfirmed(
    store: ScanStore, scan: Document, inv: InventoryMgr, evidence: Evidence
) -> Evidence:
    """Return the evidence of a scan for events with the instances of hosts that it could not read
    as unread. Those that the API lists were found by this scan and are not judged.
    """
    if scan["request"].get("origin") != EVENT_ORIGIN or not scan["request"].get("parts"):
        return evidence
    hosts = _unread_hosts(store, scan["_id"])
    if not hosts:
        return evidence
    found = inv.find(scan["environment"], "instance", ["id", "host"], host=sorted(hosts))
    return replace(evidence, unread=evidence.unread | {item["_id"] for item in found})


def _unread_hosts(store: ScanStore, scan_id: str) -> set[str]:
    fields = ("source", "failed", "problems")
    tasks = store.scan_tasks(scan_id, *fields, kind="fetch", source="cli")
    return {
        str(problem["host"])
        for task in tasks
        if task.get("failed")
        for problem in task.get("problems", ())
        if problem["host"] and not problem["warning"]
    }
