"""Scans on real Celery workers: the same result as in one process, also when workers die."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from calipso.discover.engine.scan_manager import progress
from calipso.dispatch import cancel, submit
from calipso.model.scan import ScanRequest
from calipso.stores.inventory.finding_store import FindingStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.message_store import MessageStore
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud, scan, snapshot, toy
from tests.workers.conftest import Cluster, wait_for, wait_for_end

__all__ = ["scan", "toy"]

pytestmark = pytest.mark.broker


def submit_toy(**options: Any) -> str:
    return submit(ScanRequest(environment="toy", **options))


def test_workers_find_what_one_process_finds(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
):
    scan()
    alone = snapshot(inv)
    cluster.worker()

    ended = wait_for_end(submit_toy(clear=True))

    assert ended["status"] == "completed"
    assert ended["error_count"] == 0
    assert snapshot(inv) == alone


def test_a_level_is_complete_before_the_next_begins(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr
):
    cluster.worker()

    scan_id = submit_toy()
    wait_for_end(scan_id)

    tasks = ScanStore().scan_tasks(scan_id)
    assert all(task["done"] for task in tasks)
    assert len({task["attempts"] for task in tasks}) == 1
    levels = sorted({task["level"] for task in tasks})
    for lower, upper in itertools.pairwise(levels):
        last = max(task["ended_at"] for task in tasks if task["level"] == lower)
        first = min(task["started_at"] for task in tasks if task["level"] == upper)
        assert last <= first


def test_a_failing_host_does_not_fail_its_chord(cluster: Cluster, toy: ToyCloud):
    toy.state["broken"] = ["h1", "h10"]
    toy.write()
    cluster.worker()

    ended = wait_for_end(submit_toy())

    assert ended["status"] == "completed_with_errors"
    assert ended["error_count"] == 2
    assert ended["counts"]["host_pnic"] == 2  # type: ignore[index]


@pytest.mark.long
def test_a_killed_worker_costs_time_and_nothing_else(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
):
    scan()
    alone = snapshot(inv)
    toy.state["slow"] = 1.0
    toy.write()
    cluster.beat()
    cluster.worker("scan,events,api,links,cliques")
    sources = cluster.worker("cli", number=1)

    scan_id = submit_toy(clear=True)
    wait_for(lambda: _running(scan_id, "ScanPnicsRoot"), 30)
    cluster.kill(sources)
    toy.state["slow"] = 0
    toy.write()
    cluster.worker("cli")
    ended = wait_for_end(scan_id, 90)

    assert ended["status"] == "completed"
    assert snapshot(inv) == alone
    assert ScanStore().find_scans({"status": "completed", "_id": scan_id})
    assert max(task["attempts"] for task in ScanStore().scan_tasks(scan_id)) == 2


@pytest.mark.long
def test_a_lost_advance_is_made_up_for(cluster: Cluster, toy: ToyCloud, inv: InventoryMgr):
    import redis

    from calipso.settings import settings
    from calipso.utils.store_addresses import redis_url

    toy.state["slow"] = 0.5
    toy.write()
    worker = cluster.worker()
    scan_id = submit_toy()
    wait_for(lambda: _running(scan_id, "ScanPnicsRoot"), 30)
    cluster.kill(worker)
    redis.Redis.from_url(redis_url(settings())).flushdb()  # every message and every chord is gone

    cluster.worker()
    cluster.beat()
    ended = wait_for_end(scan_id, 120)

    assert ended["status"] == "completed"
    assert ended["counts"]["host_pnic"] >= 5  # type: ignore[index]


def test_a_cancelled_scan_ends_and_removes_nothing(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
):
    scan()
    before = snapshot(inv)
    toy.state["slow"] = 0.5
    del toy.state["regions"]["west"]
    toy.write()
    cluster.worker()

    scan_id = submit_toy()
    wait_for(lambda: progress(scan_id)["status"] == "running", 30)
    cancel(scan_id)
    ended = wait_for_end(scan_id)

    assert ended["status"] == "cancelled"
    assert snapshot(inv) == before


def test_the_second_scan_of_an_environment_waits_its_turn(cluster: Cluster, toy: ToyCloud):
    toy.state["slow"] = 0.3
    toy.write()
    cluster.worker()

    first, second = submit_toy(), submit_toy()
    wait_for_end(first)
    wait_for_end(second)  # either may get the environment first

    runs = [ScanStore().get(scan_id) for scan_id in (first, second)]
    assert [run["status"] for run in runs] == ["completed", "completed"]
    by_start = sorted(runs, key=lambda run: run["start_timestamp"])
    assert by_start[0]["end_timestamp"] <= by_start[1]["start_timestamp"]


def test_pool_children_do_the_graph_and_threads_the_sources(cluster: Cluster, toy: ToyCloud):
    cluster.worker("scan,api,db,cli", number=4)
    cluster.worker("links,cliques", pool="prefork", number=2)

    scan_id = submit_toy()
    ended = wait_for_end(scan_id)

    assert ended["status"] == "completed"
    workers = {task["queue"]: task["worker"] for task in ScanStore().scan_tasks(scan_id)}
    assert workers["links"].startswith("w1@")
    assert workers["cli"].startswith("w0@")


def _running(scan_id: str, scanner: str) -> bool:
    tasks = ScanStore().scan_tasks(scan_id, "state", scanner=scanner)
    time.sleep(0.05)
    return any(task["state"] == "running" for task in tasks)


def test_drift_is_judged_after_a_scan(cluster: Cluster, toy: ToyCloud, inv: InventoryMgr):
    cluster.worker()
    scan_id = submit_toy()
    wait_for_end(scan_id)

    wait_for(lambda: FindingStore(inv).runs_of(["toy"]), 30)

    assert FindingStore(inv).runs_of(["toy"])["toy"]["scan_id"] == scan_id
    # nothing differs: the log of the scan ends with its end
    assert "drift" not in str(MessageStore().of_scan(scan_id))
