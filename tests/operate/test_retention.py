"""Housekeeping: what is old goes, what later scans build on stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from calipso.model.scan import ScanRequest
from calipso.settings import load_settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.retention import Housekeeping
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now

NOW = now()


def days(number: float) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


def a_scan(scan_id: str, age: float, status: str = "completed", **options: Any) -> str:
    """A scan of that age, with a task, a coverage line and a log line."""
    store = ScanStore()
    request = ScanRequest(environment=options.pop("environment", "lab"), **options)
    store.create(request, scan_id)
    ended = {"end_timestamp": days(age)} if status not in ("pending", "running") else {}
    fields = {"status": status, "submit_timestamp": days(age), "generation": 1, **ended}
    store.update(scan_id, fields)
    store.tasks.insert_one({"_id": f"{scan_id}/t", "scan_id": scan_id, "done": True})
    store.coverage.insert_one({"scan_id": scan_id, "environment": "lab", "host": "h1"})
    db = InventoryMgr().db
    db["messages"].insert_one({"scan_id": scan_id, "timestamp": days(age), "message": scan_id})
    return scan_id


def stored(name: str, field: str = "scan_id") -> set[str]:
    return {item[field] for item in InventoryMgr().db[name].find()}


def test_tasks_go_after_a_day_and_scans_after_three_months(inv: InventoryMgr) -> None:
    for scan_id, age in {"now": 0.1, "week": 7, "old": 91, "older": 200}.items():
        a_scan(scan_id, age)

    removed = Housekeeping(moment=NOW).run()

    assert stored("scan_tasks") == {"now"}
    assert stored("scans", "_id") == stored("coverage") == {"now", "week"}
    assert stored("messages") == {"now", "week"}
    assert removed["scans"] == 2


def test_a_scan_that_has_not_ended_is_never_touched(inv: InventoryMgr) -> None:
    a_scan("running", 400, "running")
    a_scan("pending", 400, "pending")

    Housekeeping(moment=NOW).run()

    assert stored("scans", "_id") == stored("scan_tasks") == {"running", "pending"}


def test_the_last_whole_scan_of_an_environment_stays_however_old(inv: InventoryMgr) -> None:
    a_scan("first", 400)
    a_scan("last whole", 300)
    a_scan("links", 200, links_only=True)
    a_scan("failed", 150, "failed")
    a_scan("elsewhere", 300, environment="other")

    Housekeeping(moment=NOW).run()

    assert stored("scans", "_id") == {"last whole", "failed", "elsewhere"}  # failed: newest number
    newest = ScanStore().get("failed")
    assert ScanStore().has_baseline(newest)
    assert ScanStore().next_generation(newest) == 2


def test_changes_of_each_inventory_go_after_a_year(inv: InventoryMgr) -> None:
    a_scan("dev", 1, inventory="inventory_dev")
    for name in ("changes", "changes_dev"):
        for age in (1, 364, 366):
            inv.db[name].insert_one({"environment": "lab", "time": days(age), "age": age})

    Housekeeping(moment=NOW).run()

    for name in ("changes", "changes_dev"):
        assert {item["age"] for item in inv.db[name].find()} == {1, 364}


def test_log_lines_go_after_two_weeks_also_of_a_scan_that_stays(inv: InventoryMgr) -> None:
    a_scan("s1", 20)

    Housekeeping(moment=NOW).run()

    assert stored("scans", "_id") == {"s1"}
    assert stored("messages") == set()


def test_answers_and_dead_workers_go(inv: InventoryMgr) -> None:
    inv.db["answers"].insert_many([{"_id": age, "created": days(age)} for age in (0.5, 2)])
    inv.db["workers"].insert_many([{"_id": f"w{age}", "seen": days(age)} for age in (0.5, 2)])
    WorkerStore().beat("w0", ["scan"])

    Housekeeping(moment=NOW).run()

    assert stored("answers", "_id") == {0.5}
    assert stored("workers", "_id") == {"w0", "w0.5"}


def test_dead_workers_go_also_when_there_is_more_than_a_run_can_remove(inv: InventoryMgr) -> None:
    inv.db["workers"].insert_many([{"_id": f"w{n}", "seen": days(2)} for n in range(1200)])
    a_scan("old", 400)

    removed = Housekeeping(moment=NOW, portion=10, budget=0.5).run()

    assert next(iter(removed)) == "workers"
    assert len(stored("workers", "_id")) == 1200 - removed["workers"]


@pytest.mark.parametrize("name", ["tasks", "scans", "changes", "messages", "workers"])
def test_zero_keeps_for_ever(name: str, inv: InventoryMgr) -> None:
    a_scan("old", 4000)
    a_scan("older", 4001)
    inv.db["changes"].insert_one({"environment": "lab", "time": days(4000), "scan_id": "old"})
    inv.db["workers"].insert_one({"_id": "w", "seen": days(4000)})
    kinds = ("tasks", "scans", "changes", "messages", "workers")
    never = dict.fromkeys((f"retention_days_{kind}" for kind in kinds), 0)
    collection = {"tasks": "scan_tasks"}.get(name, name)

    Housekeeping(load_settings(**never), moment=NOW).run()
    kept = inv.db[collection].count_documents({})
    Housekeeping(load_settings(**never | {f"retention_days_{name}": 1}), moment=NOW).run()

    assert inv.db[collection].count_documents({}) < kept


def test_much_goes_in_portions_and_a_run_has_an_end(inv: InventoryMgr) -> None:
    old = [{"environment": "lab", "time": days(400)} for _ in range(2500)]
    inv.db["changes"].insert_many(old)

    assert Housekeeping(moment=NOW, budget=0).run() == {}
    assert Housekeeping(moment=NOW, portion=1000).run() == {"changes": 2500}
    assert Housekeeping(moment=NOW).run() == {}


def test_what_a_killed_recording_left_goes_after_a_day_and_nothing_else(inv: InventoryMgr) -> None:
    for name in ("recording_0a1b2c3d4e5f", "recording_f5e4d3c2b1a0", "inventory_dev"):
        InventoryMgr(name).collection("links").insert_one({"environment": "lab"})
        InventoryMgr(name).db["scan_generations"].insert_one({"_id": f"{name}/lab"})
    a_scan("killed", 2, "failed", inventory="recording_0a1b2c3d4e5f")
    a_scan("just ended", 0.5, inventory="recording_f5e4d3c2b1a0")
    a_scan("other", 2, inventory="inventory_dev")

    Housekeeping(moment=NOW).run()

    names = inv.db.list_collection_names()
    assert [name for name in names if "recording_0a1b" in name] == []
    assert {"recording_f5e4d3c2b1a0_links", "links_dev"} <= set(names)
    assert stored("scans", "_id") == stored("coverage") == {"just ended", "other"}
    counted = {"recording_f5e4d3c2b1a0/lab", "inventory_dev/lab"}
    assert stored("scan_generations", "_id") == counted
