"""The sweep goes in stretches, and may be broken off anywhere and begun again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calipso.discover.engine import sweep
from calipso.discover.engine.hanging import Hanger
from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_manager import make_scan
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_inventory import Evidence
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.cloud_checks import contents
from tests.scan.conftest import ToyCloud

Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "STRETCH", 2)


def test_what_is_gone_and_what_is_unread_is_found_over_many_stretches(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    west = toy.state["regions"].pop("west")
    toy.state["broken"] = ["h1", "h2", "h3"]
    toy.write()

    record = scan()

    kept = {item["id"] for item in inv.find("toy", "host_pnic")}
    assert kept == {"h1-eth0", "h1-eth1", "h2-eth0", "h3-eth0"}
    assert all("stale_since" in item for item in inv.find("toy", "host_pnic"))
    assert not [
        item for item in inv.find_items({"environment": "toy"}) if "west" in item["id_path"]
    ]
    removed = {item["id"] for item in inv.find_all("changes", {"scan_id": record["_id"]})}
    assert {"west", *west, "h10-eth0"} <= removed
    assert record["stale"] == 4


@pytest.mark.parametrize("many", [0, 100])
@pytest.mark.parametrize("below", ["/e/h1", "/e/h1/"])
def test_a_sweep_of_one_place_leaves_paths_that_begin_alike(
    inv: InventoryMgr, below: str, many: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sweep, "STRETCH_HOSTS", many)
    inv.set({"environment": "e", "type": "host", "id": "h", "id_path": "/e/h1/x", "generation": 2})
    fetch = ("S", "F", object_key("e", "t", "parent"))
    found_by = dict(zip(("scanner", "fetcher", "parent"), fetch, strict=True))
    for path in ("/e/h1", "/e/h1/a", "/e/h1-b", "/e/h10", "/e/h10/c", "/e/h0"):
        here = {"environment": "e", "type": "t", "id": path, "id_path": path}
        inv.set(here | {"fetched_by": found_by, "generation": 1})
    evidence = Evidence(frozenset(), frozenset({fetch}), below)

    counts = sweep.Sweeper(inv, "e", "s2", generation=2).judge(evidence, below=below)

    stale = {item["id"] for item in inv.find_items({"stale_since": {"$exists": True}})}
    assert stale == {"/e/h1", "/e/h1/a"} - ({"/e/h1"} if below.endswith("/") else set())
    assert counts == {"removed": 0, "stale": len(stale)}


@pytest.mark.parametrize("portion", range(4))
def test_a_removal_that_is_broken_off_is_ended_by_the_next_attempt(
    toy: ToyCloud, inv: InventoryMgr, scan: Run, monkeypatch: pytest.MonkeyPatch, portion: int
):
    scan()
    gone = toy.state["regions"].pop("west")
    toy.write()
    whole = scan()
    expected = contents(inv, "toy")
    toy.state["regions"]["west"] = gone
    toy.write()
    scan()
    del toy.state["regions"]["west"]
    toy.write()
    real, run, calls = InventoryMgr.delete_by_keys, Scan._run, []

    def breaks_off(self: InventoryMgr, name: str, *args: Any) -> None:
        if name == "inventory":
            calls.append(name)
            if len(calls) == portion + 1:
                raise Broken
        real(self, name, *args)

    def again(self: Scan, record: dict[str, Any], task: dict[str, Any], *rest: Any) -> Any:
        try:
            return run(self, record, task, *rest)
        except Broken:
            return run(make_scan(self.scan_id), ScanStore().get(self.scan_id), task, *rest)

    monkeypatch.setattr(InventoryMgr, "delete_by_keys", breaks_off)
    monkeypatch.setattr(Scan, "_run", again)
    record = scan()

    assert contents(inv, "toy") == expected
    assert (record["removed"], record["stale"]) == (whole["removed"], whole["stale"])
    removed = inv.find_all("changes", {"scan_id": record["_id"]})
    assert len(removed) == len(inv.find_all("changes", {"scan_id": whole["_id"]}))


class Broken(BaseException):
    """The worker dies here."""


def test_objects_whose_parents_are_nowhere_are_hung_with_one_read_of_all_parents(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    about = {"parent_type": "zone", "id_path": "/e/gone/x", "name_path": "/e/gone/x"}
    for number in range(20):
        item = {"environment": "e", "type": "host", "id": f"h{number}"}
        inv.set(item | about | {"parent_id": f"z{number}"})
    read, reads = InventoryMgr.find_by_keys, []

    def counted(self: InventoryMgr, *args: Any) -> dict[Any, dict[str, Any]]:
        reads.append(args)
        return read(self, *args)

    monkeypatch.setattr(InventoryMgr, "find_by_keys", counted)
    Hanger(inv, "e", frozenset(), {}).hang(inv.find("e", "host"))

    assert len(reads) == 1
    assert {host["id_path"] for host in inv.find("e", "host")} == {f"/e/h{n}" for n in range(20)}
