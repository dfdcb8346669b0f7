"""One bad record in a scan: it is told, all others are stored."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.hostile.test_values import nested
from tests.scan.conftest import Callable, ToyCloud, scan, toy

__all__ = ["scan", "toy"]


@pytest.mark.parametrize(
    "value", [10**30, "a\ud800b", nested(200)], ids=["huge number", "half a surrogate", "deep"]
)
def test_an_object_with_a_bad_value_is_changed_and_no_other_is_lost(
    value: Any, toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    scan()
    before = inv.collection("inventory").count_documents({})
    toy.state["regions"]["east"]["h1"]["eth0"] = value
    toy.write()

    record = scan()

    assert record["status"] == "completed"
    assert record["error_count"] == 0
    assert inv.collection("inventory").count_documents({}) == before
    told = [p for p in inv.find_all("object_problems", {}) if p["code"] == "value_changed"]
    assert told
    assert all("mac_address" in item["message"] for item in told)
    assert not inv.collection("inventory").count_documents({"stale_since": {"$exists": True}})


def test_an_object_whose_id_cannot_be_kept_is_left_out_alone(
    toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    toy.state["regions"]["east"]["h1"]["\ud800"] = "52:54:00:00:01:02"
    toy.write()

    record = scan()

    assert record["counts"]["host_pnic"] >= 3
    assert "left out" in str(record) + str(inv.find_all("messages", {}))


def test_what_has_no_id_today_is_not_removed_nor_is_any_other_of_that_fetch(
    toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    scan()
    toy.state["fields"] = {"h1-eth0": {"id": None}}
    toy.write()

    record = scan()

    assert record["status"] == "completed_with_errors"
    stored = {nic["id"]: "stale_since" in nic for nic in inv.find("toy", "host_pnic", host="h1")}
    assert stored == {"h1-eth0": True, "h1-eth1": False}


def test_an_object_whose_id_becomes_a_number_stays_and_the_others_can_go(
    toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    toy.state["fields"] = {"h1-eth0": {"id": "7"}}
    toy.write()
    scan()
    toy.state["fields"] = {"h1-eth0": {"id": 7}}
    del toy.state["regions"]["east"]["h1"]["eth1"]
    toy.write()

    scan()

    stored = {nic["id"]: "stale_since" in nic for nic in inv.find("toy", "host_pnic", host="h1")}
    assert stored == {"7": True}
