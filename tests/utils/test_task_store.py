"""TaskStore: one worker each, whatever else is stored and whatever an answer looks like."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.task_store import TaskStore


def task(number: int, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"s/{number}",
        "scan_id": "s",
        "level": 1,
        "order": number,
        "queue": "api",
        "state": "pending",
        "done": False,
        "attempts": 0,
        "parents": [ObjectId()],
        **more,
    }


@pytest.fixture
def store(inv: InventoryMgr) -> TaskStore:
    found = TaskStore(inv.db)
    found.register(task(number) for number in range(20))
    return found


def test_of_many_that_claim_a_task_at_once_one_has_it(store: TaskStore):
    def claims(worker: str) -> list[str]:
        tasks = (f"s/{number}" for number in range(20))
        return [name for name in tasks if store.claim_task(name, worker, take_over=False)]

    workers = [f"w{number}" for number in range(8)]
    with ThreadPoolExecutor(len(workers)) as pool:
        won = dict(zip(workers, pool.map(claims, workers), strict=True))

    stored = {item["_id"]: item for item in store.scan_tasks("s")}
    assert sorted(name for names in won.values() for name in names) == sorted(stored)
    assert all(stored[name]["worker"] == worker for worker, names in won.items() for name in names)
    assert {item["attempts"] for item in stored.values()} == {1}


def test_of_many_that_end_a_task_at_once_one_did(store: TaskStore):
    begun = store.claim_task("s/1", "w", take_over=False)
    assert begun is not None

    def ends(worker: str) -> bool:
        return store.end_task(begun, {"by": worker})

    workers = [f"w{number}" for number in range(8)]
    with ThreadPoolExecutor(len(workers)) as pool:
        did = [
            worker for worker, ended in zip(workers, pool.map(ends, workers), strict=True) if ended
        ]

    (stored,) = store.scan_tasks("s", _id="s/1")
    assert did == [stored["by"]]


def test_a_task_is_taken_over_only_by_who_may_and_never_when_it_is_done(store: TaskStore):
    first = store.claim_task("s/1", "w1", take_over=False)
    assert store.claim_task("s/1", "w2", take_over=False) is None
    second = store.claim_task("s/1", "w2", take_over=True, retried=True)

    assert first is not None
    assert second is not None
    assert (second["attempts"], second["retries"]) == (2, 1)
    assert not store.has_task(first)
    assert store.has_task(second)
    assert not store.end_task(first, {})
    assert store.end_task(second, {})
    assert not store.has_task(second)
    assert store.claim_task("s/1", "w3", take_over=True) is None
    assert store.claim_task("s/unknown", "w3", take_over=True) is None


def test_a_lost_task_is_pending_again_unless_somebody_began_it_meanwhile(store: TaskStore):
    lost = store.claim_task("s/1", "w1", take_over=False)
    assert lost is not None
    store.claim_task("s/1", "w2", take_over=True)

    assert not store.requeue(lost)
    assert store.requeue(store.scan_tasks("s", _id="s/1")[0])
    assert store.claim_task("s/1", "w3", take_over=False)


def test_what_a_cloud_says_is_stored_as_it_is_and_never_evaluated(store: TaskStore):
    said = [{"message": "$$ROOT", "hint": "$done", "key": {"$add": [1, 2]}}, "$attempts"]

    begun = store.claim_task("s/1", "w", take_over=False)
    assert begun is not None
    assert store.end_task(begun, {"problems": said})

    assert store.scan_tasks("s", _id="s/1")[0]["problems"] == said


def test_tasks_are_looked_up_by_their_key_alone_so_that_history_costs_nothing(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    """The embedded store reads the whole collection for any second field of a condition."""
    conditions: list[dict[str, Any]] = []
    store = TaskStore(inv.db)
    store.register([task(1)])
    for name in ("find_one", "find_one_and_update", "update_one"):
        plain = getattr(store.tasks, name)

        def watched(condition: dict[str, Any], *rest: Any, _plain: Any = plain, **more: Any) -> Any:
            conditions.append(condition)
            return _plain(condition, *rest, **more)

        monkeypatch.setattr(store.tasks, name, watched)

    begun = store.claim_task("s/1", "w", take_over=False)
    assert begun is not None
    assert store.has_task(begun)
    assert store.requeue(begun)
    assert store.claim_task("s/1", "w", take_over=False)
    assert not store.end_task(begun, {})
    assert not store.is_done("s/1")

    assert conditions == [{"_id": "s/1"}] * 6
