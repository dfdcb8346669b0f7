"""A document that MongoDB refuses is an error at once; only a store that is away is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, NetworkTimeout

from calipso.discover.engine.scan_levels import Levels
from calipso.discover.engine.stages import Stages
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import is_store_error
from tests.scan.conftest import ToyCloud, scan, toy
from workers.base import ScanTask

__all__ = ["scan", "toy"]

HALF = "x" * (9 * 1024 * 1024)
BIG = HALF * 2

#: Each raises an error of its own: of the driver, of an update, of a bulk.
REFUSED: dict[str, Callable[[Collection[Any]], object]] = {
    "a document": lambda c: c.insert_one({"text": BIG}),
    "an update": lambda c: c.update_one({"_id": 1}, {"$push": {"list": HALF}}),
    "one of a bulk": lambda c: c.bulk_write([UpdateOne({"_id": 1}, {"$push": {"list": HALF}})]),
    "a number": lambda c: c.insert_one({"number": 2**70}),
    "no document": lambda c: c.insert_one({"set": {1, 2}}),
    "an operator": lambda c: c.update_one({"_id": 1}, {"$nonsense": {"a": 1}}),
}
AWAY = [
    AutoReconnect("connection closed"),
    NetworkTimeout("timed out"),
    DuplicateKeyError("two upserts at once", 11000),
    BulkWriteError({"writeErrors": [{"code": 11000}], "writeConcernErrors": []}),
    BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}),
]


@pytest.fixture
def run() -> Callable[[Callable[[], Any]], int]:
    """Run work as a task, retries included; how often it was tried."""
    app = Celery("test", broker="memory://", backend="cache+memory://")
    tried: list[int] = []

    @app.task(bind=True, base=ScanTask)
    def work(self: ScanTask) -> None:
        tried.append(1)
        self.store_retry(wanted[0])

    wanted: list[Callable[[], Any]] = []

    def applied(function: Callable[[], Any]) -> int:
        tried.clear()
        wanted[:] = [function]
        work.apply()
        return len(tried)

    return applied


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_store_refuses_is_not_tried_again(
    name: str, inv: InventoryMgr, run: Callable[[Callable[[], Any]], int]
):
    collection = inv.db["refused"]
    collection.insert_one({"_id": 1, "list": [HALF]})

    with pytest.raises(Exception) as raised:  # noqa: PT011 - each has a type of its own
        REFUSED[name](collection)

    assert not is_store_error(raised.value)
    assert run(lambda: REFUSED[name](collection)) == 1


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_store_that_is_away_is_asked_again_until_it_is_back(
    error: Exception, run: Callable[[Callable[[], Any]], int]
):
    answers = iter([error, error, None])

    def work() -> None:
        answer = next(answers)
        if answer is not None:
            raise answer

    assert run(work) == 3


def test_a_result_the_store_refuses_is_an_error_of_its_task(
    toy: ToyCloud, scan: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    real = Stages.run

    def huge(self: Stages, task: dict[str, Any], *rest: Any) -> dict[str, Any]:
        result = real(self, task, *rest)
        return result | {"text": BIG} if task["kind"] == "sweep" else result

    monkeypatch.setattr(Stages, "run", huge)
    record = scan()

    assert record["status"] == "completed_with_errors"
    (error,) = record["errors"]
    assert "too large" in error["message"]
    assert error["hint"]


def test_a_level_the_store_refuses_ends_the_scan(
    toy: ToyCloud, scan: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    real = Levels.following

    def huge(self: Levels, record: dict[str, Any]) -> Any:
        level = real(self, record)
        if level is not None and level.number == 3:
            level.chains[0][0]["text"] = BIG
        return level

    monkeypatch.setattr(Levels, "following", huge)
    record = scan()

    assert (record["status"], record["level"]) == ("failed", 2)
    assert "too large" in record["errors"][0]["message"]
