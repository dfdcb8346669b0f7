"""Signs of life, metrics and the end of workers, on real workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from calipso.dispatch import client, submit
from calipso.model.scan import ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.operate.conftest import Cluster, samples, wait_for, wait_for_end
from tests.scan.conftest import ToyCloud, snapshot

pytestmark = pytest.mark.broker


def files(home: Path, prefix: str) -> set[str]:
    """Names of the workers that have this file."""
    return {path.name.removeprefix(prefix) for path in (home / "run").glob(f"{prefix}*")}


def end_of(cluster: Cluster, pid: int, seconds: float = 60) -> int:
    """Wait for the end of a worker; returns its exit code."""
    (child,) = [child for child in cluster.children if child.pid == pid]
    return child.wait(seconds)


def running_at(scan_id: str, scanner: str) -> Callable[[], bool]:
    def look() -> bool:
        tasks = ScanStore().scan_tasks(scan_id, "state", scanner=scanner)
        return any(task["state"] == "running" for task in tasks)

    return look


def test_a_worker_is_ready_while_it_takes_tasks_and_beats_while_it_lives(
    cluster: Cluster, home: Path
) -> None:
    pid = cluster.worker()
    (name,) = files(home, "ready-")
    assert name.startswith("w0@")
    heartbeat = home / "run" / f"heartbeat-{name}"
    first = heartbeat.stat().st_mtime
    wait_for(lambda: heartbeat.stat().st_mtime > first, 10)

    os.kill(pid, signal.SIGTERM)
    assert end_of(cluster, pid) == 0

    assert files(home, "ready-") == files(home, "heartbeat-") == set()
    assert WorkerStore().live() == []


def test_a_killed_worker_leaves_an_old_heartbeat_and_its_successor_a_new_one(
    cluster: Cluster, home: Path
) -> None:
    pid = cluster.worker()
    cluster.kill(pid)
    end_of(cluster, pid)
    (name,) = files(home, "heartbeat-")
    heartbeat = home / "run" / f"heartbeat-{name}"
    last = heartbeat.stat().st_mtime
    time.sleep(3)

    assert heartbeat.stat().st_mtime == last, "nobody touches it: a health check sees its age"


def test_beat_shows_life_by_sending(cluster: Cluster, home: Path) -> None:
    cluster.beat()
    heartbeat = home / "run" / "heartbeat-beat"
    wait_for(heartbeat.exists, 40)
    first = heartbeat.stat().st_mtime

    assert wait_for(lambda: heartbeat.stat().st_mtime > first, 15)


@pytest.mark.long
def test_a_worker_told_to_stop_finishes_its_task_and_leaves_the_rest_to_others(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    scan()
    alone = snapshot(inv)
    toy.state["slow"] = 3.0
    toy.write()
    cluster.beat()
    cluster.worker("scan,api,links,cliques")
    leaving = cluster.worker("cli", number=1)
    scan_id = submit(ScanRequest(environment="toy", clear=True))
    wait_for(running_at(scan_id, "ScanPnicsRoot"), 60)
    toy.state["slow"] = 0
    toy.write()

    os.kill(leaving, signal.SIGTERM)
    assert end_of(cluster, leaving) == 0
    tasks = ScanStore().scan_tasks(scan_id, scanner="ScanPnicsRoot")
    assert [task["state"] for task in tasks].count("running") == 0, "it has ended what it began"
    cluster.worker("cli")
    ended = wait_for_end(scan_id, 60)

    assert ended["status"] == "completed"
    assert snapshot(inv) == alone
    assert {task["attempts"] for task in ScanStore().scan_tasks(scan_id)} == {1}


@pytest.mark.long
def test_a_task_that_outlives_the_grace_period_of_its_worker_runs_again_elsewhere(
    cluster: Cluster, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    scan()
    alone = snapshot(inv)
    toy.state["slow"] = 60
    toy.write()
    cluster.beat()
    cluster.worker("scan,api,links,cliques")
    leaving = cluster.worker("cli", number=1)
    scan_id = submit(ScanRequest(environment="toy", clear=True))
    wait_for(running_at(scan_id, "ScanPnicsRoot"), 60)
    toy.state["slow"] = 0
    toy.write()

    os.kill(leaving, signal.SIGTERM)
    time.sleep(2)
    cluster.kill(leaving)  # what the supervisor, systemd and containers do after their time
    cluster.worker("cli")
    ended = wait_for_end(scan_id, 60)

    assert ended["status"] == "completed"
    assert snapshot(inv) == alone


def test_metrics_have_the_lengths_of_the_queues(cluster: Cluster, metrics_port: int) -> None:
    cluster.worker("scan,api,cli")
    for _ in range(3):
        client().send_task("calipso.scan.run", args=["none", "none"], queue="db")  # nobody's

    wait_for(lambda: samples(metrics_port).get('calipso_queue_length{queue="db"}') == 3, 40)
    assert samples(metrics_port)['calipso_queue_length{queue="cli"}'] == 0


def test_metrics_of_a_scan_are_right(cluster: Cluster, metrics_port: int, toy: ToyCloud) -> None:
    toy.state["broken"] = ["h10"]
    toy.write()
    cluster.worker()

    wait_for_end(submit(ScanRequest(environment="toy")))
    ended = 'calipso_scan_duration_seconds_count{environment="toy",status="completed_with_errors"}'
    wait_for(lambda: samples(metrics_port).get(ended), 40)
    found = samples(metrics_port)

    assert found[ended] == 1
    assert found['calipso_source_errors_total{kind="unreachable",source="cli"}'] == 1
    assert found['calipso_scan_objects_total{environment="toy",type="host"}'] == 4
    assert found['calipso_scan_objects_total{environment="toy",type="host_pnic"}'] == 4
    assert found['calipso_source_request_seconds_count{source="api"}'] == 1
    tasks = 'calipso_task_duration_seconds_count{outcome="success",task="calipso.scan.run"}'
    assert found[tasks] == ScanStore().tasks.count_documents({})
    assert found["process_resident_memory_bytes"] > 0


def test_metrics_of_pool_processes_add_up(
    cluster: Cluster, metrics_port: int, toy: ToyCloud
) -> None:
    cluster.worker("scan,api,cli", number=4)
    cluster.worker("links,cliques", pool="prefork", number=2, name="graph")
    for _ in range(2):
        wait_for_end(submit(ScanRequest(environment="toy")))

    name = 'calipso_task_duration_seconds_count{outcome="success",task="calipso.scan.run"}'
    graph = {"queue": {"$in": ["links", "cliques"]}}
    expected = ScanStore().tasks.count_documents(graph)
    assert expected >= 4
    wait_for(lambda: samples(metrics_port + 1).get(name) == expected, 40)


@pytest.mark.long
def test_a_taken_port_costs_the_metrics_and_nothing_else(
    cluster: Cluster, metrics_port: int, toy: ToyCloud
) -> None:
    cluster.worker()
    cluster.worker()  # has the same port: its name is none of ours

    ended = wait_for_end(submit(ScanRequest(environment="toy")))

    assert ended["status"] == "completed"
    assert "no metrics on" in (cluster.folder / "w1.log").read_text()


def test_housekeeping_runs_as_a_task(cluster: Cluster, inv: InventoryMgr) -> None:
    store = ScanStore()
    store.create(ScanRequest(environment="lab"), "old")
    store.update("old", {"status": "failed", "end_timestamp": now() - timedelta(days=100)})
    store.tasks.insert_one({"_id": "t", "scan_id": "old"})
    cluster.worker()

    client().send_task("calipso.housekeeping.run", queue="scan")

    wait_for(lambda: not store.tasks.find_one() and not store.scans.find_one(), 40)
