"""Tasks that cannot begin, stores that are away, scans beside each other in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from calipso.discover.engine import scan_manager, watchdog
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import (
    create_scan,
    make_scan,
    start_scan,
    task_cannot_begin,
)
from calipso.discover.engine.stages import Stages
from calipso.errors import MetadataError, NoWorker, StoreError
from calipso.model.scan import Problem, ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud
from workers.publisher import time_limits

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def begun(toy: ToyCloud) -> str:
    """A scan whose first level is sent."""
    scan_id = create_scan(ScanRequest(environment="toy"))
    assert start_scan(scan_id, LocalPublisher())
    return scan_id


def first_task(scan_id: str) -> dict[str, Any]:
    store = ScanStore()
    return store.open_tasks(scan_id, store.level_of(scan_id))[0]


# -- what begins, and what cannot -----------------------------------------------------


def test_a_scan_whose_starter_died_with_the_lock_is_started(toy: ToyCloud):
    store = ScanStore()
    first = create_scan(ScanRequest(environment="toy"))
    second = create_scan(ScanRequest(environment="toy"))
    assert store.lock(store.get(second))

    assert watchdog.start_waiting(LocalPublisher()) == 1

    assert store.get(second)["status"] == "running"
    assert store.get(first)["status"] == "pending"


@pytest.mark.parametrize("starts", [start_scan, lambda _, p: watchdog.start_waiting(p)])
def test_a_store_that_is_away_at_the_start_fails_no_scan(
    toy: ToyCloud, monkeypatch: pytest.MonkeyPatch, starts: Callable[..., Any]
):
    scan_id = create_scan(ScanRequest(environment="toy"))

    def away(*_: Any) -> None:
        raise StoreError("MongoDB does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(EnvironmentStore, "get", away)
        with pytest.raises(StoreError):
            starts(scan_id, LocalPublisher())

    assert ScanStore().get(scan_id)["status"] == "pending"
    assert starts(scan_id, LocalPublisher())


def test_nobody_who_works_is_no_fault_of_a_store():
    assert is_store_error(StoreError("MongoDB does not answer"))
    assert not is_store_error(NoWorker("no worker"))


def test_a_task_that_cannot_begin_is_tried_again_and_then_ends_with_the_reason(begun: str):
    task, error = first_task(begun), MetadataError("scanners.json", ["no scanners.json"])

    told = [task_cannot_begin(begun, task["_id"], "w", error) for _ in range(4)]

    attempts = settings().task_attempts
    assert told == ["again"] * (attempts - 1) + ["done"] * (4 - attempts + 1)
    record = ScanStore().get(begun)
    assert [problem["message"] for problem in record["errors"]] == [
        f"{task['title']}: no scanners.json"
    ]
    assert record["levels"][str(record["level"])]["done"] == 1


def test_what_the_store_broke_off_is_no_attempt_of_a_worker(begun: str):
    task, running = first_task(begun), make_scan(begun)
    store = ScanStore()
    assert store.claim_task(task["_id"], "w", take_over=False)
    for _ in range(settings().task_attempts + 2):
        assert store.claim_task(task["_id"], "w", take_over=True, retried=True)

    assert running.run_task(task["_id"], "w", take_over=True, retried=True) == "done"

    (stored,) = store.scan_tasks(begun, _id=task["_id"])
    assert stored["ran"] is True


def test_what_fails_for_a_worker_that_was_given_up_is_no_failure_of_the_task(
    begun: str, monkeypatch: pytest.MonkeyPatch
):
    task, store = first_task(begun), ScanStore()
    run = Stages.run

    def stands_still(self: Stages, *arguments: Any) -> Any:
        assert store.claim_task(task["_id"], "another", take_over=True)
        raise TimeoutError("it is late")

    monkeypatch.setattr(Stages, "run", stands_still)
    assert make_scan(begun).run_task(task["_id"], "w") == "over"

    assert not store.is_done(task["_id"])
    assert store.get(begun)["errors"] == []
    monkeypatch.setattr(Stages, "run", run)
    assert make_scan(begun).run_task(task["_id"], "another", take_over=True) == "done"


def test_a_task_that_lost_as_many_workers_is_given_up(begun: str):
    task, store = first_task(begun), ScanStore()
    for _ in range(settings().task_attempts):
        assert store.claim_task(task["_id"], "w", take_over=True)

    make_scan(begun).run_task(task["_id"], "w", take_over=True)

    assert "each of which lost its worker" in store.get(begun)["errors"][0]["message"]


def test_a_scan_that_cannot_be_looked_after_keeps_no_other_waiting(begun: str):
    store = ScanStore()
    store.scans.insert_one({"_id": "by hand", "status": "running", "runner": ""})
    store.tasks.update_many({"scan_id": begun}, {"$set": {"done": True}})
    store.update(begun, {"published_at": store.get(begun)["submit_timestamp"].replace(year=2020)})
    sent: list[str] = []

    class Sender(LocalPublisher):
        def publish_advance(self, scan_id: str, level: int) -> None:
            sent.append(scan_id)

        def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
            """Nothing is lost here."""

    watchdog.watch(Sender(), {})

    assert sent == [begun]


def test_a_cancelled_scan_whose_environment_is_gone_ends(begun: str, inv: InventoryMgr):
    inv.db["environments_config"].delete_many({})
    ScanStore().update(begun, {"cancel_requested": True})

    watchdog.watch(LocalPublisher(), {})  # type: ignore[arg-type] - nothing is sent

    assert ScanStore().get(begun)["status"] == "failed"
    assert ScanStore().holder(ScanStore().get(begun)) == ""


# -- time limits ----------------------------------------------------------------------


def test_what_goes_through_the_whole_cloud_has_a_time_limit_of_its_own():
    seconds = settings().graph_task_seconds

    for queue in ("links", "cliques", "scan"):
        assert time_limits(queue)["soft_time_limit"] == seconds < time_limits(queue)["time_limit"]
    assert time_limits("cli") == {}


def test_a_finder_whose_time_is_over_is_an_error_of_the_scan(
    begun: str, monkeypatch: pytest.MonkeyPatch
):
    def endless(*_: Any) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(Stages, "run", endless)
    task = first_task(begun)

    make_scan(begun).run_task(task["_id"], "w", too_long=(SoftTimeLimitExceeded,))

    (error,) = ScanStore().get(begun)["errors"]
    assert (error["kind"], error["message"].startswith(task["title"])) == ("timeout", True)
    assert f"not done after {settings().graph_task_seconds:g} seconds" in error["message"]
    assert "CALIPSO_GRAPH_TASK_SECONDS" in error["hint"]


# -- scans beside each other in one process -------------------------------------------


class Connection:
    """Something a scan keeps open."""

    def __init__(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False


def test_scans_with_a_task_keep_their_connections_however_many_there_are(toy: ToyCloud):
    ids = [create_scan(ScanRequest(environment="toy")) for _ in range(6)]
    with ExitStack() as tasks:
        scans = [tasks.enter_context(scan_manager.open_scan(scan_id)) for scan_id in ids]
        kept = [scan.context.shared("connection", Connection) for scan in scans]
        assert all(connection.open for connection in kept)

    assert sum(connection.open for connection in kept) == scan_manager.OPEN_SCANS


def test_a_scan_that_ended_keeps_its_connections_until_its_last_task_has(toy: ToyCloud):
    scan_id = create_scan(ScanRequest(environment="toy"))
    with scan_manager.open_scan(scan_id) as running:
        connection = running.context.shared("connection", Connection)
        ScanStore().update(scan_id, {"status": "failed"})
        scan_manager.close_finished_scans()
        assert connection.open

    scan_manager.close_finished_scans()

    assert not connection.open


def test_tasks_beside_each_other_count_each_for_itself(begun: str):
    context = make_scan(begun).context
    both = threading.Barrier(2)
    told: dict[str, tuple[list[str], int]] = {}

    def host(name: str) -> None:
        context.count("ssh_commands")
        context.problem(Problem(kind="timeout", message=name, hint=""))

    def task(name: str) -> None:
        context.begin_task()
        both.wait(10)
        thread = threading.Thread(target=copy_context().run, args=(host, name))
        thread.start()
        thread.join(10)
        both.wait(10)
        problems, requests = context.drain()
        told[name] = ([problem.message for problem in problems], requests["ssh_commands"])

    threads = [threading.Thread(target=task, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert told == {"a": (["a"], 1), "b": (["b"], 1)}
