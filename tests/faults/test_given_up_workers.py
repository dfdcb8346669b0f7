"""A worker stands still in the middle of a scan, is given up, and goes on after the next one.

What it still does must change nothing of what the next scan found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from calipso.discover.engine.scan_levels import Levels
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import make_scan
from calipso.discover.engine.sweep import Sweeper
from calipso.model.scan import ScanStatus
from calipso.stores.inventory import fence
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.scans.scan_store import ScanStore
from tests.faults.test_planners import planned, run_level
from tests.scan.cloud_checks import contents
from tests.scan.conftest import ToyCloud, scan, toy

__all__ = ["planned", "scan", "toy"]

pytestmark = pytest.mark.slow

Run = Callable[..., dict[str, Any]]


def holds_nics(writer: ObjectWriter) -> bool:
    return any(item["type"] == "host_pnic" for item in writer._buffer.values())


def always(_: object) -> bool:
    return True


#: Where it stands still: before this, when the condition holds.
POINTS: list[tuple[type, str, Callable[[Any], bool]]] = [
    (ObjectWriter, "flush", lambda writer: bool(writer._buffer)),  # the folders of the root
    (ObjectWriter, "flush", holds_nics),
    (Sweeper, "judge", always),
    (Sweeper, "remove", always),
    (GraphWriter, "drop_links_of", always),
    (GraphWriter, "drop_links_of_others", always),
    (GraphWriter, "save_links", always),
    (GraphWriter, "save_cliques", always),
    (GraphWriter, "drop_old_cliques", always),
]
NAMES = [f"{owner.__name__}.{name}" for owner, name, _ in POINTS]


def ended_by_others(scan_id: str) -> None:
    """Another worker takes over what is open, and brings the scan to its end."""
    store, publisher, running = ScanStore(), LocalPublisher(), make_scan(scan_id)
    level = store.level_of(scan_id)
    for task in store.scan_tasks(scan_id, level=level, done=False):
        running.run_task(task["_id"], "another", take_over=True)
    store.update(scan_id, {"claim_until": None})
    running.advance(level, publisher, "another")
    while publisher.levels:
        running.advance(run_level(running, publisher), publisher, "another")
    assert ScanStatus(store.get(scan_id)["status"]).final


@pytest.mark.parametrize("looks", [True, False], ids=["it looks", "it has just looked"])
@pytest.mark.parametrize(("owner", "name", "where"), POINTS, ids=NAMES)
def test_a_worker_that_was_given_up_takes_nothing_from_the_next_scan(
    toy: ToyCloud,
    inv: InventoryMgr,
    scan: Run,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    where: Callable[[Any], bool],
    looks: bool,
):
    monkeypatch.setattr(fence, "LOOK_AGAIN", 0.0 if looks else 1e9)
    toy.state["regions"]["east"]["h9"] = {"eth0": "52:54:00:00:09:00"}
    toy.write()
    scan()
    del toy.state["regions"]["east"]["h9"]  # the scan that is broken off removes something
    toy.write()
    original, first, then = getattr(owner, name), threading.Lock(), {}

    def stands_still(self: Any, *args: Any, **options: Any) -> Any:
        if where(self) and first.acquire(blocking=False):
            ended_by_others(ScanStore().find_scans({"environment": "toy"}, limit=1)[0]["_id"])
            toy.state["regions"]["east"]["h1"]["eth0"] = "52:54:00:00:99:00"
            toy.state["regions"]["west"]["h11"] = {"eth0": "52:54:00:00:11:00"}
            toy.write()
            then["scan"] = scan()
            then["contents"] = contents(inv, "toy")
        return original(self, *args, **options)

    monkeypatch.setattr(owner, name, stands_still)
    record = scan()

    assert record["status"] == then["scan"]["status"] == "completed"
    assert record["_id"] != then["scan"]["_id"]
    assert contents(inv, "toy") == then["contents"]
    for collection in ("inventory", "links", "cliques"):
        stamps = {item["scan_id"] for item in inv.find_all(collection, {"environment": "toy"})}
        assert stamps == {then["scan"]["_id"]}, collection


def test_generations_rise_in_the_order_in_which_scans_start(toy: ToyCloud):
    store = ScanStore()
    waiting = {"_id": "a", "environment": "toy", "inventory": "inventory"}
    store.scans.insert_one(waiting | {"generation": 7})  # counted by an older version

    numbers = [store.next_generation(waiting) for _ in range(2)]
    store.scans.delete_many({})
    numbers.append(store.next_generation(waiting))

    assert numbers == [8, 9, 10]


def test_of_two_planners_one_sends_the_level(
    toy: ToyCloud, monkeypatch: pytest.MonkeyPatch, planned: str
):
    slow, fast = LocalPublisher(), LocalPublisher()
    store, real = ScanStore(), Levels.following
    level = store.level_of(planned)

    def late(self: Levels, record: dict[str, Any]) -> Any:
        monkeypatch.setattr(Levels, "following", real)
        store.update(planned, {"claim_until": None})
        assert make_scan(planned).advance(level, fast, "fast")
        return real(self, record)

    monkeypatch.setattr(Levels, "following", late)
    make_scan(planned).advance(level, slow, "slow")

    assert len(fast.levels) == 1
    assert not slow.levels


def test_a_planner_that_was_given_up_ends_no_scan_that_goes_on(
    toy: ToyCloud, monkeypatch: pytest.MonkeyPatch, planned: str
):
    store, real = ScanStore(), Levels.following
    level = store.level_of(planned)

    def late(self: Levels, _: dict[str, Any]) -> Any:
        monkeypatch.setattr(Levels, "following", real)
        store.update(planned, {"claim_until": None})
        assert make_scan(planned).advance(level, LocalPublisher(), "fast")
        raise ValueError("what it read is gone by now")

    monkeypatch.setattr(Levels, "following", late)
    make_scan(planned).advance(level, LocalPublisher(), "slow")

    assert store.get(planned)["status"] == "running"
    assert store.get(planned)["errors"] == []
