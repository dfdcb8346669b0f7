"""A worker dies while it plans a level: another one does, without waiting for the whole lease."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from calipso.discover.engine import watchdog
from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_levels import Levels
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import create_scan, make_scan, start_scan
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now
from tests.scan.conftest import ToyCloud, scan, snapshot, toy

__all__ = ["scan", "toy"]

DEAD, ALIVE = "sources@here#dead", "sources@here#alive"
GONE = 4_000_000  # above the largest pid
LONG_AGO = 30.0
LEASE = 600.0
LEVEL = 2  # the first of the toy cloud with anything to do


class Died(BaseException):
    """kill -9: nothing of ours runs after it."""


class Advancer(LocalPublisher):
    """Remembers which levels are to be advanced."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[int] = []

    def publish_advance(self, scan_id: str, level: int) -> None:
        self.due.append(level)

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        """Tasks are run by the test."""


@pytest.fixture
def planned(toy: ToyCloud) -> str:
    """A scan whose first level is done."""
    publisher = LocalPublisher()
    scan_id = create_scan(ScanRequest(environment="toy"))
    assert start_scan(scan_id, publisher)
    run_level(make_scan(scan_id), publisher)
    ScanStore().update(scan_id, {"published_at": now() - timedelta(seconds=LONG_AGO)})
    return scan_id


def run_level(running: Scan, publisher: LocalPublisher) -> int:
    """Run the tasks of the level that was sent; its number."""
    level = publisher.levels.popleft()
    for chain in level.chains:
        for task in chain:
            running.run_task(task["_id"], ALIVE)
    return level.number


def claimed(scan_id: str, worker: str, seconds: float = LONG_AGO, pid: int = GONE) -> None:
    """A worker took the plan of the next level so long ago."""
    store = ScanStore()
    assert store.claim_advance(scan_id, store.level_of(scan_id), LEASE, worker)
    since = now() - timedelta(seconds=seconds)
    store.update(scan_id, {"planner": {"worker": worker, "pid": pid, "started_at": since}})


def look() -> list[int]:
    """The levels that one look of the watchdog has advanced."""
    publisher = Advancer()
    watchdog.watch(publisher, {}, ALIVE)
    return publisher.due


@pytest.mark.parametrize(
    ("worker", "seconds", "processes", "again"),
    [
        (DEAD, LONG_AGO, [], True),
        (DEAD, 1.0, [], False),  # one that has just started, before its first heartbeat
        (ALIVE, LONG_AGO, [], False),
        (ALIVE, LONG_AGO, [GONE, os.getpid()], False),
        (ALIVE, LONG_AGO, [os.getpid()], True),  # a process of its pool died
        ("", LONG_AGO, [], False),  # nobody knows
    ],
)
def test_the_claim_of_a_planner_that_is_gone_is_free(
    planned: str, worker: str, seconds: float, processes: list[int], again: bool
):
    WorkerStore().beat(ALIVE, ["scan"], processes)
    claimed(planned, worker, seconds)

    due = look()

    assert due == ([LEVEL] if again else [])
    assert make_scan(planned).advance(LEVEL, LocalPublisher(), ALIVE) is again


def test_a_claim_that_nobody_gives_up_ends_with_its_lease(planned: str):
    WorkerStore().beat(ALIVE, ["scan"])
    claimed(planned, ALIVE)
    ScanStore().update(planned, {"claim_until": now() - timedelta(seconds=1)})

    assert look() == [LEVEL]


def test_a_worker_goes_on_where_an_attempt_of_its_own_failed(planned: str):
    claimed(planned, ALIVE)
    running = make_scan(planned)

    assert not running.advance(LEVEL, LocalPublisher(), ALIVE)  # a second message for it
    assert not running.advance(LEVEL, LocalPublisher(), "another", take_over=True)
    assert running.advance(LEVEL, LocalPublisher(), ALIVE, take_over=True)


def test_a_plan_that_kills_its_workers_ends_the_scan(planned: str):
    attempts = settings().task_attempts
    for number in range(attempts):
        assert ScanStore().get(planned)["status"] == "running"
        claimed(planned, f"{DEAD}{number}")
        look()

    record = ScanStore().get(planned)
    assert (record["status"], record["errors"][-1]["kind"]) == ("failed", "worker_lost")
    assert f"level {LEVEL + 1} took {attempts} workers" in record["errors"][-1]["message"]
    assert ScanStore().holder(record) == ""


def test_planners_lost_at_one_level_do_not_count_at_the_next(planned: str):
    claimed(planned, DEAD)
    assert look() == [LEVEL]
    assert ScanStore().get(planned)["planners_lost"] == 1

    make_scan(planned).advance(LEVEL, LocalPublisher(), ALIVE)

    assert ScanStore().get(planned)["planners_lost"] == 0


@pytest.mark.parametrize("retried", [False, True])
def test_a_scan_whose_starter_died_begins_with_its_first_level(
    toy: ToyCloud,
    inv: InventoryMgr,
    scan: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    retried: bool,
):
    whole = scan()
    found = snapshot(inv)
    inv.collection("inventory").delete_many({})
    scan_id = create_scan(ScanRequest(environment="toy"))
    with monkeypatch.context() as patch:
        patch.setattr(Levels, "first", died)
        with pytest.raises(Died):
            start_scan(scan_id, LocalPublisher(), ALIVE)
    assert ScanStore().get(scan_id)["status"] == "running"

    publisher, running = LocalPublisher(), make_scan(scan_id)
    if retried:  # its store failed: it tries again by itself
        assert start_scan(scan_id, publisher, ALIVE)
    else:
        assert not start_scan(scan_id, publisher, "another")
        ScanStore().update(scan_id, {"claim_until": None})
        assert running.advance(0, publisher, "another")
    while publisher.levels:
        running.advance(run_level(running, publisher), publisher)

    record = ScanStore().get(scan_id)
    assert (record["status"], record["counts"]) == ("completed", whole["counts"])
    assert snapshot(inv) == found


def died(*_: Any) -> None:
    raise Died
