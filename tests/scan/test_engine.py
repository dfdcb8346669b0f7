"""The scan engine on a toy cloud: what is read, kept, removed, marked and reported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from calipso.discover.engine import watchdog
from calipso.discover.engine.scan_local import LocalPublisher
from calipso.discover.engine.scan_manager import cancel_scan, create_scan, progress, start_scan
from calipso.errors import NotFound
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now
from tests.scan.conftest import ToyCloud, snapshot

Run = Callable[..., dict[str, Any]]


def changes(inv: InventoryMgr, record: dict[str, Any]) -> set[tuple[str, str, str]]:
    found = inv.find_all("changes", {"scan_id": record["_id"]})
    return {(item["change"], item["type"], item["id"]) for item in found}


def path(inv: InventoryMgr, item_id: str) -> str:
    found = inv.get_by_id("toy", item_id)
    assert found is not None
    return str(found["id_path"])


def test_a_scan_stores_the_tree_with_paths_and_hosts(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    record = scan()

    assert record["status"] == "completed"
    counts = {"region": 2, "host": 4, "host_pnic": 5, "links": 5, "cliques": 5}
    assert record["counts"] == counts
    nic = inv.get_by_id("toy", "h1-eth1")
    assert nic is not None
    assert nic["id_path"] == "/toy/toy-regions/east/h1/h1-host_pnics/h1-eth1"
    assert nic["name_path"] == "/toy/Regions/east/h1/Host Pnics/eth1"
    assert (nic["host"], nic["parent_type"]) == ("h1", "pnics_folder")


def test_every_parent_exists(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()

    items = inv.find_items({"environment": "toy"})
    known = {(item["type"], item["id"]) for item in items} | {("environment", "toy")}
    assert {(item["parent_type"], item["parent_id"]) for item in items} <= known


def test_second_scan_changes_nothing(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    before = snapshot(inv)

    record = scan()

    assert changes(inv, record) == set()
    assert snapshot(inv) == before
    assert record["generation"] == 2


def test_exactly_the_changes_are_recorded(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    toy.state["regions"]["east"]["h1"]["eth0"] = "52:54:00:ff:ff:ff"
    del toy.state["regions"]["east"]["h3"]
    toy.state["regions"]["west"]["h10"]["eth9"] = "52:54:00:00:10:09"
    toy.write()

    record = scan()

    found = changes(inv, record)
    assert {c for c in found if c[1] in ("host", "host_pnic")} == {
        ("changed", "host_pnic", "h1-eth0"),
        ("removed", "host", "h3"),
        ("removed", "host_pnic", "h3-eth0"),
        ("added", "host_pnic", "h10-eth9"),
    }
    assert {c[0] for c in found if c[1] == "host_pnic-network"} == {"added", "removed"}
    (changed,) = inv.find_all("changes", {"scan_id": record["_id"], "change": "changed"})
    assert changed["fields"] == {
        "mac_address": {"old": "52:54:00:00:01:00", "new": "52:54:00:ff:ff:ff"}
    }
    assert inv.get_by_id("toy", "h3-host_pnics") is None


def test_what_cannot_be_read_stays_and_is_marked_stale(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    before = snapshot(inv)
    toy.state["broken"] = ["h1"]
    toy.write()

    record = scan()

    assert record["status"] == "completed_with_errors"
    assert snapshot(inv) == before
    stale = inv.find_items({"environment": "toy", "stale_since": {"$exists": True}})
    assert {item["id"] for item in stale} == {"h1-eth0", "h1-eth1"}
    (error,) = record["errors"]
    assert (error["host"], error["kind"], error["hint"]) == ("h1", "unreachable", "Is it up?")
    assert changes(inv, record) == set()


def test_a_scan_after_the_outage_is_clean(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    toy.state["broken"] = ["h1"]
    toy.write()
    scan()
    toy.state["broken"] = []
    toy.write()

    record = scan()

    assert record["status"] == "completed"
    assert inv.find_items({"stale_since": {"$exists": True}}) == []
    assert changes(inv, record) == set()


def test_what_is_gone_goes_although_the_scan_tree_was_edited_meanwhile(
    toy: ToyCloud, inv: InventoryMgr, scan: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scan()
    own = tmp_path / "config"
    shutil.copytree(Path(__file__).parent / "toy" / "config", own)
    tree = json.loads((own / "scanners.json").read_text())
    tree["scanners"]["ScanPnicsRoot"].reverse()  # the fetch of NICs is the second one now
    (own / "scanners.json").write_text(json.dumps(tree))
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(own))
    settings.cache_clear()
    del toy.state["regions"]["east"]["h1"]["eth1"]
    toy.write()

    scan()

    assert inv.get_by_id("toy", "h1-eth1") is None
    assert inv.find_items({"stale_since": {"$exists": True}}) == []


def test_what_could_not_be_read_moves_with_its_host(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    toy.state["regions"]["west"]["h1"] = toy.state["regions"]["east"].pop("h1")
    toy.state["broken"] = ["h1"]
    toy.write()

    scan()

    nic = inv.get_by_id("toy", "h1-eth0")
    assert nic is not None
    assert "stale_since" in nic
    assert nic["id_path"] == "/toy/toy-regions/west/h1/h1-host_pnics/h1-eth0"
    assert nic["name_path"] == "/toy/Regions/west/h1/Host Pnics/eth0"


def test_a_host_that_left_is_removed_although_another_is_broken(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    toy.state["broken"] = ["h1"]
    del toy.state["regions"]["east"]["h2"]
    toy.write()

    scan()

    assert inv.get_by_id("toy", "h2-eth0") is None
    assert inv.get_by_id("toy", "h1-eth0") is not None


def test_a_partial_answer_is_read_and_what_it_lacks_stays(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    before = snapshot(inv)
    toy.state["told"] = {"east": ["h1"]}
    toy.state["regions"]["east"]["h1"]["eth5"] = "52:54:00:00:01:05"
    toy.write()

    record = scan()

    assert record["status"] == "completed_with_errors"
    assert record["errors"][0]["message"] == "east: half an answer"
    assert changes(inv, record) >= {("added", "host_pnic", "h1-eth5")}
    assert snapshot(inv)["objects"] > before["objects"]
    stale = inv.find_items({"type": "host", "stale_since": {"$exists": True}})
    assert {item["id"] for item in stale} == {"h2", "h3"}


@pytest.mark.parametrize("defect", ["forgotten", "crash"])
def test_a_fetcher_with_a_defect_removes_nothing(
    toy: ToyCloud, inv: InventoryMgr, scan: Run, defect: str
):
    scan()
    before = snapshot(inv)
    toy.state[defect] = ["h2"]
    toy.write()

    record = scan()

    assert record["status"] == "completed_with_errors"
    assert snapshot(inv) == before
    assert {error["host"] for error in record["errors"]} == {"h2", "h3"}  # one task, h2 first
    stale = inv.find_items({"type": "host_pnic", "stale_since": {"$exists": True}})
    assert {item["id"] for item in stale} == {"h2-eth0", "h3-eth0"}


def test_clear_replaces_what_was_there(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    inv.set({"environment": "toy", "type": "host", "id": "ghost", "id_path": "/toy/ghost"})

    scan(clear=True)

    assert inv.get_by_id("toy", "ghost") is None
    assert inv.get_by_id("toy", "h1-eth0") is not None


def test_clear_removes_nothing_that_could_not_be_read(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    inv.set({"environment": "toy", "type": "host", "id": "ghost", "id_path": "/toy/ghost"})
    toy.state["broken"] = ["h1"]
    toy.state["told"] = {"west": []}
    toy.write()

    scan(clear=True)

    assert inv.get_by_id("toy", "ghost") is None
    for kept in ("h1-eth0", "h10", "h10-host_pnics", "h10-eth0"):
        item = inv.get_by_id("toy", kept)
        assert item is not None, kept
        assert "stale_since" in item


def test_links_of_a_finder_that_is_gone_go_too(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    inv.collection("links").update_one(
        {"source_id": "h1-eth0"}, {"$set": {"finder": "FindLinksOfLastYear", "source_id": "old"}}
    )

    record = scan()

    links = inv.find_all("links", {"environment": "toy"})
    assert {link["finder"] for link in links} == {"FindLinksForToyNics"}
    assert len(links) == 5
    assert ("removed", "host_pnic-network") in {change[:2] for change in changes(inv, record)}


def test_a_finder_that_breaks_leaves_the_links_as_they_were(
    toy: ToyCloud, inv: InventoryMgr, scan: Run, monkeypatch: pytest.MonkeyPatch
):
    scan()
    before = snapshot(inv)
    toy.state["finder"] = "broken"
    toy.write()

    record = scan()

    assert record["status"] == "completed_with_errors"
    assert "FindLinksForToyNics" in record["errors"][0]["message"]
    assert record["errors"][0]["hint"]
    assert snapshot(inv) == before


def test_coverage_names_the_fetchers_that_are_not_for_this_environment(toy: ToyCloud, scan: Run):
    record = scan()

    lines = ScanStore().coverage.find({"scan_id": record["_id"], "host": ""})
    skipped = {line["source"]: line["skipped"] for line in lines}
    assert skipped["db"] == ["DbFetchToyPorts"]


def test_coverage_blames_the_source_that_failed_not_the_one_that_asked(toy: ToyCloud, scan: Run):
    toy.state["database_away"] = ["h2", "h3"]
    toy.write()

    record = scan()

    problems = {
        (line["host"], line["source"]): [(p["message"], p["count"]) for p in line["problems"]]
        for line in ScanStore().coverage.find({"scan_id": record["_id"]})
    }
    assert problems[("", "db")] == [("MySQL: no answer", 2)]
    assert problems[("h2", "cli")] == problems[("h3", "cli")] == []
    assert record["error_count"] == 1


def test_coverage_counts_a_failure_under_the_source_that_failed(toy: ToyCloud, scan: Run):
    toy.state["database_away"] = ["h2"]
    toy.write()

    record = scan()

    found = ScanStore().coverage.find({"scan_id": record["_id"], "host": "h2"})
    failed = {line["source"]: (line["failed"], line["reached"]) for line in found}
    assert failed == {"cli": (0, None), "db": (1, False)}


def test_coverage_names_each_host_and_source(toy: ToyCloud, scan: Run):
    toy.state["broken"] = ["h2"]
    toy.write()

    record = scan()

    lines = {
        (line["host"], line["source"]): line["reached"]
        for line in ScanStore().coverage.find({"scan_id": record["_id"]})
    }
    assert lines[("h1", "cli")] is True
    assert lines[("h2", "cli")] is False
    assert lines[("", "api")] is True


def test_scan_of_one_object_leaves_its_neighbours_alone(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    toy.state["regions"]["east"]["h1"] = {"eth0": "52:54:00:00:01:aa"}
    toy.state["regions"]["east"]["h2"]["eth5"] = "52:54:00:00:02:05"
    toy.state["regions"]["west"]["h10"]["eth5"] = "52:54:00:00:10:05"
    toy.write()

    record = scan(object_id="h1", object_type="host", inventory_only=True)

    assert record["status"] == "completed"
    assert changes(inv, record) == {
        ("changed", "host_pnic", "h1-eth0"),
        ("removed", "host_pnic", "h1-eth1"),
        ("removed", "host_pnic-network", "h1-eth1 -> h1 [in]"),
    }
    assert inv.find_items({"stale_since": {"$exists": True}}) == []


@pytest.mark.parametrize("one", ["h1", "h1-eth0"])
def test_scan_of_one_object_takes_nothing_from_its_neighbours(
    toy: ToyCloud, inv: InventoryMgr, scan: Run, one: str
):
    scan()
    before = snapshot(inv)
    cliques = len(inv.find_all("cliques", {"environment": "toy"}))

    record = scan(object_id=one)

    assert record["narrow"]
    assert snapshot(inv) == before
    assert len(inv.find_all("cliques", {"environment": "toy"})) == cliques


def test_scan_of_one_object_marks_only_what_it_failed_to_read(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    inv.set({"environment": "toy", "type": "vnic", "id": "v1", "id_path": path(inv, "h1") + "/v1"})
    toy.state["broken"] = ["h1"]
    toy.write()

    scan(object_id="h1")

    stale = inv.find_items({"environment": "toy", "stale_since": {"$exists": True}})
    assert {item["id"] for item in stale} == {"h1-eth0", "h1-eth1"}


def test_one_object_of_a_node_is_scanned_without_loss_of_the_others(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    before = snapshot(inv)
    toy.state["regions"]["east"]["h4"] = {"eth0": "52:54:00:00:04:00"}
    toy.write()

    scan(scanner="ScanRegion", parent_id="east", object_id="h4")

    after = snapshot(inv)["objects"]
    assert after > before["objects"]
    assert inv.get_by_id("toy", "h4-eth0") is not None


def test_the_id_of_the_environment_means_all_of_it(toy: ToyCloud, scan: Run):
    record = scan(object_id="toy", object_type="environment")

    assert record["counts"]["region"] == 2


def test_scan_of_one_node_reads_below_its_parent_only(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    toy.state["regions"]["east"]["h1"]["eth7"] = "52:54:00:00:01:07"
    toy.state["regions"]["east"]["h2"]["eth7"] = "52:54:00:00:02:07"
    toy.write()

    scan(scanner="ScanPnicsRoot", parent_id="h1-host_pnics", parent_type="pnics_folder")

    assert inv.get_by_id("toy", "h1-eth7") is not None
    assert inv.get_by_id("toy", "h2-eth7") is None


def test_an_own_inventory_collection_is_kept_apart(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan(inventory="inventory_dev")

    assert inv.find_items({"environment": "toy"}) == []
    own = InventoryMgr("inventory_dev")
    assert len(own.find("toy", "host_pnic")) == 5
    assert own.collection_name("links") == "links_dev"


def test_links_only_reads_no_source(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan(inventory_only=True)
    assert inv.find_all("links", {}) == []

    record = scan(links_only=True)

    assert record["counts"] == {"links": 5}
    assert len(inv.find_all("links", {"environment": "toy"})) == 5


def test_a_scan_that_reads_nothing_fails(toy: ToyCloud, inv: InventoryMgr, scan: Run):
    scan()
    before = snapshot(inv)
    toy.path.write_text("not json")

    record = scan()

    assert record["status"] == "failed"
    assert snapshot(inv) == before


def test_an_unknown_object_is_named_with_a_hint(toy: ToyCloud, scan: Run):
    scan()

    record = scan(object_id="h77")

    assert record["status"] == "failed"
    assert "h77" in record["errors"][0]["message"]
    assert "inventory list" in record["errors"][0]["hint"]


def test_two_scans_of_one_environment_never_run_at_once(toy: ToyCloud):
    publisher = LocalPublisher()
    first = create_scan(ScanRequest(environment="toy"))
    second = create_scan(ScanRequest(environment="toy"))

    assert start_scan(first, publisher)
    assert not start_scan(second, publisher)

    assert progress(second)["message"] == f"waits for scan {first} of the same environment"


def test_a_pending_scan_is_cancelled_at_once(toy: ToyCloud):
    scan_id = create_scan(ScanRequest(environment="toy"))

    cancel_scan(scan_id)

    assert progress(scan_id)["status"] == "cancelled"
    assert not start_scan(scan_id, LocalPublisher())


def test_a_scan_that_no_worker_takes_says_so(toy: ToyCloud):
    scan_id = create_scan(ScanRequest(environment="toy"))

    assert "no worker is running" in progress(scan_id)["message"]


def test_an_unknown_environment_is_refused_before_anything_is_recorded(toy: ToyCloud):
    with pytest.raises(NotFound):
        create_scan(ScanRequest(environment="nowhere"))

    assert ScanStore().find_scans({}) == []


def test_one_scan_id_submitted_twice_is_one_scan(toy: ToyCloud):
    first = create_scan(ScanRequest(environment="toy"), "slot-1")
    second = create_scan(ScanRequest(environment="toy"), "slot-1")

    assert first == second
    assert len(ScanStore().find_scans({})) == 1


def test_a_scan_whose_only_process_died_ends_failed(toy: ToyCloud):
    scan_id = create_scan(ScanRequest(environment="toy"), runner="local:gone:1")
    ScanStore().update(scan_id, {"submit_timestamp": now() - timedelta(hours=1)})

    watchdog.watch(SilentPublisher(), {})

    ended = progress(scan_id)
    assert ended["status"] == "failed"
    assert "local:gone:1" in ended["errors"][0]["message"]


def test_a_scan_that_cannot_start_ends_and_keeps_no_other_waiting(toy: ToyCloud):
    broken = create_scan(ScanRequest(environment="toy"))
    ScanStore().update(broken, {"inventory": "no $ collection"})  # as an older version stored it
    healthy = create_scan(ScanRequest(environment="toy"))

    started = watchdog.start_waiting(LocalPublisher())

    assert started == 1
    assert progress(healthy)["status"] == "running"
    assert progress(broken)["status"] == "failed"
    assert "not a name an inventory may have" in progress(broken)["errors"][0]["message"]


@pytest.mark.parametrize(
    "name", ["a b", "x$y", "", "system.users", "systems", "scans", "links_dev", "RDO_links", "1st"]
)
def test_an_inventory_is_no_other_collection(name: str):
    with pytest.raises(ValidationError, match="inventory"):
        ScanRequest(environment="toy", inventory=name)


@pytest.mark.parametrize(
    "half",
    [
        {"object_type": "host"},
        {"parent_type": "host"},
        {"scanner": "ScanHost"},
        {"clear": True, "scanner": "ScanHost", "parent_id": "h1"},
        {"clear": True, "object_id": "h1"},
    ],
)
def test_half_a_request_is_refused_rather_than_run_as_a_whole_scan(half: dict[str, Any]):
    with pytest.raises(ValidationError):
        ScanRequest(environment="toy", **half)


def test_a_cancelled_scan_that_nobody_works_for_ends_at_the_next_look(toy: ToyCloud):
    from calipso.discover.engine import watchdog

    scan_id = create_scan(ScanRequest(environment="toy"))
    assert start_scan(scan_id, LocalPublisher())
    cancel_scan(scan_id)

    watchdog.watch(SilentPublisher(), {"api": 1})

    assert progress(scan_id)["status"] == "cancelled"
    assert start_scan(create_scan(ScanRequest(environment="toy")), LocalPublisher())


class SilentPublisher(LocalPublisher):
    """Sends nothing."""

    def publish_task(self, scan_id: str, task_id: str, queue: str) -> None:
        """Nothing."""
