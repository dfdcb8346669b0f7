"""A process of a pool dies while its broker is away: nobody but the watchdog hands its task on."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from calipso.discover.engine import watchdog
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import create_scan, start_scan
from calipso.model.scan import ScanRequest
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.scan.conftest import ToyCloud, toy

__all__ = ["toy"]

GONE = 4_000_000  # above the largest pid


class Resender(LocalPublisher):
    """Remembers the tasks that are sent again."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        self.sent.append(task_id)


@pytest.mark.parametrize(
    ("pool", "seconds", "again"),
    [
        ([GONE], 60, True),
        ([GONE, os.getpid()], 60, False),
        ([GONE], 1, False),  # its worker hands it on by itself
        ([], 60, False),  # a worker that does not report it
    ],
)
def test_a_task_whose_pool_process_is_gone_is_sent_again(
    toy: ToyCloud, pool: list[int], seconds: int, again: bool
):
    scan_id = create_scan(ScanRequest(environment="toy"))
    assert start_scan(scan_id, LocalPublisher())
    store = ScanStore()
    task = store.open_tasks(scan_id, store.level_of(scan_id))[0]
    WorkerStore().beat("graph@here#1", ["links"], pool)
    assert store.claim_task(task["_id"], "graph@here#1", take_over=False)
    began = {"$set": {"started_at": now() - timedelta(seconds=seconds)}}
    store.tasks.update_one({"_id": task["_id"]}, began)

    resender = Resender()
    watchdog.watch(resender, {"api": 1, "scan": 1, "db": 1, "cli": 1})

    assert (task["_id"] in resender.sent) is again
