"""A lost message is noticed by the order of its queue, also when the queue never gets empty."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from calipso.discover.engine import watchdog
from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import create_scan, make_scan
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans import queue_order
from calipso.stores.scans.queue_order import QueueOrder
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.scan.conftest import ToyCloud

BUSY = {"api": 9, "db": 9, "cli": 9, "scan": 9, "links": 9, "cliques": 9}
LOST_AFTER = 0.3


class Resender(LocalPublisher):
    """Notes what is sent again."""

    def __init__(self) -> None:
        super().__init__()
        self.resent: list[str] = []

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        """Note it."""
        self.resent.append(task_id)


class Driven:
    """A scan whose levels the test runs task by task."""

    def __init__(self) -> None:
        self.publisher = Resender()
        self.scan: Scan = make_scan(create_scan(ScanRequest(environment="toy")))
        self.scan.start(self.publisher)

    def level(self, title: str) -> list[dict[str, Any]]:
        """Run all levels before the one of this title; returns the tasks of that one."""
        while True:
            level = self.publisher.levels.popleft()
            if level.title == title:
                return level.tasks()
            for task in level.tasks():
                self.run(task)
            self.scan.advance(level.number, self.publisher)

    def run(self, task: dict[str, Any]) -> None:
        """A worker takes the task and ends it."""
        self.scan.run_task(task["_id"], "w1")

    def looks(self) -> list[str]:
        """Two looks of the watchdog, more than LOST_AFTER apart; returns what was sent again."""
        for _ in range(2):
            watchdog.watch(self.publisher, BUSY, "w1")
            time.sleep(LOST_AFTER + 0.05)
        watchdog.watch(self.publisher, BUSY, "w1")
        return self.publisher.resent


@pytest.fixture
def driven(toy: ToyCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driven]:
    monkeypatch.setenv("CALIPSO_LOST_MESSAGE_AFTER", str(LOST_AFTER))
    settings.cache_clear()
    WorkerStore().beat("w1", list(BUSY))
    driven = Driven()
    yield driven
    driven.scan.context.close()


def test_a_message_that_later_ones_overtook_is_sent_again(driven: Driven):
    lost, other = driven.level("ScanPnicsRoot")
    driven.run(other)

    assert driven.looks() == [lost["_id"]]


def test_a_message_that_waits_in_line_is_not_sent_again(driven: Driven):
    first, _waits = driven.level("ScanPnicsRoot")
    driven.run(first)

    assert driven.looks() == []


def test_a_message_that_a_living_worker_holds_is_not_sent_again(driven: Driven):
    held, other = driven.level("ScanPnicsRoot")
    WorkerStore().beat("w2", ["cli"], held=[held["_id"]])
    driven.run(other)

    assert driven.looks() == []


def test_a_message_that_a_dead_worker_held_is_sent_again(driven: Driven, inv: InventoryMgr):
    held, other = driven.level("ScanPnicsRoot")
    WorkerStore().beat("w2", ["cli"], held=[held["_id"]])
    dead = {"seen": now() - timedelta(hours=1)}
    inv.db["workers"].update_one({"_id": "w2"}, {"$set": dead})
    driven.run(other)

    assert driven.looks() == [held["_id"]]


def test_a_message_sent_again_waits_in_line_like_a_new_one(driven: Driven):
    lost, other = driven.level("ScanPnicsRoot")
    driven.run(other)
    driven.looks()
    driven.publisher.resent.clear()

    assert driven.looks() == []

    QueueOrder(ScanStore().tasks.database).begun("cli", ScanStore().order.take("cli"))
    assert driven.looks() == [lost["_id"]]


def test_messages_of_other_scans_are_evidence_too(driven: Driven):
    tasks = driven.level("ScanPnicsRoot")
    later = ScanStore().order.take("cli")

    ScanStore().order.begun("cli", later)

    assert sorted(driven.looks()) == sorted(task["_id"] for task in tasks)


def test_a_check_of_the_watchdog_shows_that_the_queue_scan_went_on(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
):
    order = ScanStore().order
    early = order.take("scan")
    order.pass_mark("scan", 10)
    late = order.take("scan")

    order.pass_mark("scan", 10)  # it may have been sent before the first look
    assert order.all_begun()["scan"] < early

    monkeypatch.setattr(queue_order, "now", lambda: now() + timedelta(seconds=11))
    order.pass_mark("scan", 10)
    assert early <= order.all_begun()["scan"] < late


def test_the_next_task_of_a_chain_gets_its_number_when_it_is_sent(driven: Driven):
    store = ScanStore()
    first, second = driven.level("ScanPnicsRoot")
    store.tasks.update_one({"_id": first["_id"]}, {"$set": {"next": second["_id"]}})
    sent_meanwhile = store.order.take("cli")

    driven.run(first)

    assert store.task(second["_id"])["sequence"] > sent_meanwhile


def test_a_store_that_answers_late_makes_no_message_younger(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    order, clock = ScanStore().order, [now()]
    monkeypatch.setattr(queue_order, "now", lambda: clock[0])
    order.take("scan", 5)
    order.pass_mark("scan", 10)
    find_one = Collection.find_one

    def late(self: Collection[Any], *args: Any) -> Any:
        clock[0] += timedelta(seconds=4)
        return find_one(self, *args)

    clock[0] += timedelta(seconds=8)  # sent before the first look, perhaps
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "find_one", late)
        order.pass_mark("scan", 10)

    assert order.all_begun().get("scan", 0) == 0


def test_a_worker_that_was_given_up_gives_no_task_a_new_number(inv: InventoryMgr):
    store = ScanStore()
    common = {"scan_id": "s", "level": 0, "queue": "cli", "done": False, "state": "pending"}
    store.register(
        [
            common | {"_id": "t1", "order": 1, "next": "t2", "sequence": 1, "attempts": 0},
            common | {"_id": "t2", "order": 2, "sequence": 7, "attempts": 0},
        ]
    )
    lost = store.claim_task("t1", "w", take_over=False)
    other = store.claim_task("t1", "another", take_over=True)
    assert lost
    assert other

    assert not store.end_task(lost, {})
    assert store.task("t2")["sequence"] == 7

    assert store.end_task(other, {})
    assert store.task("t2")["sequence"] == store.order.take("cli") - 1
