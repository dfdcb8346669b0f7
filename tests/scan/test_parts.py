"""A scan of several parts: one scan, each part as if it were scanned alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from calipso.model.scan import ScanRequest
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud, snapshot

Run = Callable[..., dict[str, Any]]


def host(name: str) -> dict[str, str]:
    return {"object_id": name, "object_type": "host"}


def pnics(inv: InventoryMgr) -> set[str]:
    return {item["id"] for item in inv.find("toy", "host_pnic")}


def test_several_hosts_are_read_and_the_others_stay_as_they_were(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    for name in ("h1", "h2", "h3"):
        toy.state["regions"]["east"][name] = {"eth9": "52:54:00:00:09:00"}
    toy.write()

    record = scan(parts=[host("h1"), host("h2")])

    assert record["status"] == "completed"
    assert pnics(inv) == {"h1-eth9", "h2-eth9", "h3-eth0", "h10-eth0"}


def test_a_part_that_is_gone_is_removed_and_the_others_are_still_read(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    del toy.state["regions"]["east"]["h1"]
    toy.state["regions"]["east"]["h2"] = {"eth9": "52:54:00:00:09:00"}
    toy.state["regions"]["east"]["h3"] = {}
    toy.write()

    scan(parts=[host("h1"), host("h2")])

    assert {item["id"] for item in inv.find("toy", "host")} == {"h2", "h3", "h10"}
    assert pnics(inv) == {"h2-eth9", "h3-eth0", "h10-eth0"}


def test_parts_of_one_fetch_ask_once(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()

    record = scan(parts=[host("h1"), host("h2"), host("h3")])

    first = ScanStore().scan_tasks(record["_id"], level=1)
    assert len({task["scanner"] for task in first}) == len(first) == 1


def test_a_new_object_below_a_node_is_found_and_its_new_neighbour_is_not(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    parent = inv.find("toy", "host")[0]["fetched_by"]
    for name in ("h7", "h8"):
        toy.state["regions"][parent["parent_id"]][name] = {"eth0": "52:54:00:00:07:00"}
    toy.state["regions"]["east"]["h1"] = {}
    toy.write()
    new = {"scanner": parent["scanner"], "object_id": "h7"}
    new |= {"parent_id": parent["parent_id"], "parent_type": parent["parent_type"]}

    scan(parts=[new, host("h1")])

    assert {item["id"] for item in inv.find("toy", "host")} == {"h1", "h2", "h3", "h7", "h10"}
    assert pnics(inv) == {"h7-eth0", "h2-eth0", "h3-eth0", "h10-eth0"}


def test_a_part_nobody_knows_is_left_out(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    before = snapshot(inv)

    record = scan(parts=[host("nobody"), host("h1")])

    assert record["status"] == "completed"
    assert snapshot(inv) == before


def test_a_scan_of_unknown_parts_only_ends_and_changes_nothing(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    before = snapshot(inv)

    record = scan(parts=[host("nobody")])

    assert record["status"] == "completed"
    assert snapshot(inv) == before


def test_a_host_that_cannot_be_read_is_stale_and_the_other_part_is_read(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    toy.state["broken"] = ["h1"]
    toy.state["regions"]["east"]["h1"] = {}
    toy.state["regions"]["east"]["h2"] = {}
    toy.write()

    record = scan(parts=[host("h1"), host("h2")])

    assert record["status"] == "completed_with_errors"
    stale = {item["id"] for item in inv.find("toy", "host_pnic") if "stale_since" in item}
    assert stale == {"h1-eth0", "h1-eth1"}
    assert pnics(inv) == stale | {"h3-eth0", "h10-eth0"}


@pytest.mark.parametrize(
    "more", [{"object_id": "h1"}, {"links_only": True}, {"clear": True}, {"cliques_only": True}]
)
def test_parts_exclude_other_limits(more: dict[str, Any]):
    with pytest.raises(ValidationError):
        ScanRequest(environment="toy", parts=[host("h1")], **more)
