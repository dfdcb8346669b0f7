"""One bad record in a scan is reported, and all others are stored."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.model.storable import TOO_DEEP
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.hostile.test_values import nested
from tests.scan.conftest import Callable, ToyCloud, scan, toy

__all__ = ["scan", "toy"]

NICS = {"h1-eth0", "h1-eth1", "h2-eth0", "h3-eth0", "h10-eth0"}


#: Value -> what is kept of it, or of its innermost part, and why it was changed.
CASES: list[tuple[Any, str, str]] = [
    (10**30, str(10**30), "mac_address: a number out of range, kept as text"),
    ("a\ud800b", "a\ufffdb", "mac_address: half of a surrogate pair, replaced"),
    (
        nested(200),
        TOO_DEEP,
        f"mac_address{'.a' * 53}...: nested more than 60 levels deep, left out below that",
    ),
]


@pytest.mark.parametrize(
    ("value", "kept", "reason"), CASES, ids=["huge number", "half a surrogate", "deep"]
)
def test_an_object_with_a_bad_value_is_changed_and_no_other_is_lost(
    value: Any,
    kept: str,
    reason: str,
    toy: ToyCloud,
    inv: InventoryMgr,
    scan: Callable[..., dict[str, Any]],
) -> None:
    scan()
    before = inv.collection("inventory").count_documents({})
    toy.state["regions"]["east"]["h1"]["eth0"] = value
    toy.write()

    record = scan()

    assert record["status"] == "completed"
    assert record["error_count"] == 0
    assert inv.collection("inventory").count_documents({}) == before
    (told,) = inv.find_all("object_problems", {})
    assert [told[key] for key in ("type", "id", "code")] == [
        "host_pnic",
        "h1-eth0",
        "value_changed",
    ]
    assert told["message"] == f"host_pnic h1-eth0: {reason}"
    found = (inv.get_by_id("toy", "h1-eth0") or {})["mac_address"]
    while isinstance(found, dict):
        found = found["a"]
    assert found == kept
    assert not inv.collection("inventory").count_documents({"stale_since": {"$exists": True}})


def test_an_object_whose_id_cannot_be_kept_is_left_out_alone(
    toy: ToyCloud, inv: InventoryMgr, scan: Callable[..., dict[str, Any]]
) -> None:
    toy.state["regions"]["east"]["h1"]["\ud800"] = "52:54:00:00:01:02"
    toy.write()

    record = scan()

    assert {nic["id"] for nic in inv.find("toy", "host_pnic")} == NICS
    (error,) = record["errors"]
    assert error["message"] == (
        "host_pnic h1-\ufffd is left out: id: half of a surrogate pair, replaced; "
        "name: half of a surrogate pair, replaced"
    )
    assert (error["scanner"], error["fetcher"]) == ("ScanPnicsRoot", "CliFetchToyNics")
    assert inv.find_all("object_problems", {}) == []


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
