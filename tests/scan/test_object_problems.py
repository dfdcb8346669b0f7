"""A problem with an object is on the object until the one who reported it finds it right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_manager import make_scan
from calipso.model.inventory import object_key
from calipso.model.scan import Problem
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_problems import ObjectProblems
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.conftest import ToyCloud

Run = Callable[..., dict[str, Any]]


def codes(inv: InventoryMgr, nic: str = "h1-eth0") -> list[str]:
    found = inv.get_by_id("toy", nic)
    assert found is not None
    return [problem["code"] for problem in found.get("problems", ())]


def rows(inv: InventoryMgr) -> list[dict[str, Any]]:
    return inv.find_all("object_problems", {"environment": "toy"})


def told(inv: InventoryMgr, record: dict[str, Any]) -> list[dict[str, Any]]:
    found = inv.find_all("changes", {"scan_id": record["_id"], "type": "host_pnic"})
    return [change["fields"] for change in found if change["change"] == "changed"]


@pytest.fixture
def ill(toy: ToyCloud, inv: InventoryMgr, scan: Run) -> ToyCloud:
    """The toy cloud, scanned twice: well, then with a NIC that has a problem."""
    scan()
    toy.state["ill"] = {"h1": {"eth0": "no cable"}}
    toy.write()
    scan()
    return toy


def test_a_reported_problem_is_on_its_object_with_cause_and_reporter(
    ill: ToyCloud, inv: InventoryMgr
):
    nic = inv.get_by_id("toy", "h1-eth0")
    assert nic is not None
    (problem,) = nic["problems"]

    assert (problem["code"], problem["message"]) == ("link_down", "no cable")
    assert problem["found_by"]["fetcher"] == "CliFetchToyNics"
    assert problem["found_by"]["parent_id"] == "h1-host_pnics"
    assert codes(inv, "h1-eth1") == []


def test_it_goes_when_the_same_fetch_does_not_report_it(
    ill: ToyCloud, inv: InventoryMgr, scan: Run
):
    ill.state["ill"] = {}
    ill.write()

    record = scan()

    assert (codes(inv), rows(inv)) == ([], [])
    assert told(inv, record) == [{"problems.link_down": {"old": "no cable"}}]


def test_it_is_one_change_when_it_appears_and_none_while_it_stays(
    ill: ToyCloud, inv: InventoryMgr, scan: Run
):
    (appeared,) = inv.find_all("changes", {"type": "host_pnic", "change": "changed"})
    since = inv.get_by_id("toy", "h1-eth0")["problems"][0]["since"]

    record = scan()

    assert appeared["fields"] == {"problems.link_down": {"new": "no cable"}}
    assert told(inv, record) == []
    assert inv.get_by_id("toy", "h1-eth0")["problems"][0]["since"] == since


def test_an_object_whose_parent_is_not_there_is_below_the_one_that_was_read_and_says_so(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    toy.state["below"] = {"h1": {"parent_id": "az-9", "parent_type": "availability_zone"}}
    toy.write()

    scan()

    host = inv.get_by_id("toy", "h1")
    assert host is not None
    assert (host["parent_type"], host["parent_id"]) == ("region", "east")
    assert codes(inv, "h1") == ["misplaced"]
    assert "its parent az-9 is not in the inventory" in host["problems"][0]["message"]
    assert codes(inv, "h2") == []
    assert len(inv.find("toy", "host_pnic")) == 5

    toy.state["below"] = {}
    toy.write()
    scan()

    assert (codes(inv, "h1"), rows(inv)) == ([], [])


@pytest.mark.parametrize("failure", ["broken", "database_away", "forgotten", "crash"])
def test_it_stays_when_its_fetch_failed(ill: ToyCloud, inv: InventoryMgr, scan: Run, failure: str):
    ill.state |= {"ill": {}, failure: ["h1"]}
    ill.write()

    scan()

    assert codes(inv) == ["link_down"]


def test_it_stays_when_its_object_could_not_be_read_although_others_could(
    ill: ToyCloud, inv: InventoryMgr, scan: Run
):
    ill.state["ill"] = {"h1": {"eth1": "loose"}}
    ill.write()
    scan()
    ill.state |= {"ill": {}, "unread": ["h1-eth1"]}
    ill.write()

    scan()
    assert (codes(inv, "h1-eth0"), codes(inv, "h1-eth1")) == ([], ["link_down"])

    ill.state["unread"] = []
    ill.write()
    scan()
    assert codes(inv, "h1-eth1") == []


def test_it_stays_when_another_part_is_scanned(ill: ToyCloud, inv: InventoryMgr, scan: Run):
    ill.state["ill"] = {}
    ill.write()

    scan(object_id="h2")
    assert codes(inv) == ["link_down"]
    scan(object_id="h1-eth1")
    assert codes(inv) == ["link_down"]
    scan(object_id="h1-eth0")
    assert codes(inv) == []


def test_it_goes_with_its_object(ill: ToyCloud, inv: InventoryMgr, scan: Run):
    ill.state["ill"] = {}
    del ill.state["regions"]["east"]["h1"]
    ill.write()

    scan()

    assert rows(inv) == []


def test_it_goes_with_the_environment(ill: ToyCloud, inv: InventoryMgr):
    EnvironmentStore().remove("toy", with_data=True)

    assert rows(inv) == []


def test_a_problem_of_an_object_that_is_not_stored_is_not_kept(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    toy.state["ill"] = {"h1": {"eth7": "no such NIC"}}
    toy.write()

    scan()

    assert rows(inv) == []


def test_an_object_with_a_changed_value_has_the_problem_whatever_type_and_id_the_source_spells(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    name = "n" * 300
    toy.state["regions"]["east"]["h1"]["eth0"] = 10**30
    toy.state["fields"] = {"h1-eth0": {"id": f" {name} ", "type": "ethernet"}}
    toy.write()

    scan()

    assert codes(inv, name) == ["value_changed"]


def test_all_messages_and_hints_of_one_kind_are_kept_as_they_were_reported(
    toy: ToyCloud, inv: InventoryMgr
):
    inv.set({"environment": "toy", "type": "host", "id": "h"})
    problems = ObjectProblems(inv, "toy", "s", generation=1)
    about = {"kind": "x", "code": "link_down", "object_type": "host", "object_id": "h"}
    texts = [("eth10 is lost; b, a", ""), ("eth1 is lost", "Look at it."), ("eth1", "Look")]

    problems.report([Problem(message=m, hint=h, **about) for m, h in texts], {"finder": "F"})
    problems.report([Problem(message="z", hint="Ask", **about)], {"finder": "G"})
    problems.place()

    (problem,) = inv.get_by_id("toy", "h")["problems"]
    parts = {"eth1; eth1 is lost; eth10 is lost; b, a", "z"}
    assert problem["message"] in {"; ".join(pair) for pair in permutations(parts)}
    assert problem["hint"] in {"Look; Look at it.; Ask", "Ask; Look; Look at it."}


def test_two_problems_of_one_kind_are_one_with_both_messages(toy: ToyCloud, inv: InventoryMgr):
    inv.set({"environment": "toy", "type": "host", "id": "h"})
    problems = ObjectProblems(inv, "toy", "s", generation=1)
    about = {"kind": "x", "code": "link_down", "object_type": "host", "object_id": "h"}

    problems.report([Problem(message=text, **about) for text in ("b", "a", "b")], {"finder": "F"})
    problems.place()

    (problem,) = inv.get_by_id("toy", "h")["problems"]
    assert problem["message"] == "a; b"


def test_what_a_link_finder_reports_stays_until_it_does_not(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    toy.state["loose"] = ["h1-eth0"]
    toy.write()
    scan()
    assert codes(inv) == ["veth_broken"]

    toy.state |= {"loose": [], "finder": "broken"}
    toy.write()
    scan(links_only=True)
    assert codes(inv) == ["veth_broken"]

    del toy.state["finder"]
    toy.write()
    record = scan(links_only=True)
    assert codes(inv) == []
    assert told(inv, record) == [{"problems.veth_broken": {"old": "h1-eth0 is loose"}}]


def test_what_a_link_finder_of_former_days_reported_goes(
    toy: ToyCloud, inv: InventoryMgr, scan: Run
):
    scan()
    former = ObjectProblems(inv, "toy", "s", generation=1)
    about = {"object_type": "host_pnic", "object_id": "h1-eth0"}
    former.report([Problem(kind="x", code="old", message="old", **about)], {"finder": "Former"})
    former.place()
    assert codes(inv) == ["old"]

    scan()

    assert codes(inv) == []


def test_problems_of_fetch_and_finder_do_not_remove_each_other(
    ill: ToyCloud, inv: InventoryMgr, scan: Run
):
    ill.state["loose"] = ["h1-eth0"]
    ill.write()
    scan()
    assert codes(inv) == ["link_down", "veth_broken"]

    ill.state["ill"] = {}
    ill.write()
    scan()
    assert codes(inv) == ["veth_broken"]


def test_what_a_later_scan_reported_stays_when_an_earlier_one_comes_late(inv: InventoryMgr):
    inv.set({"environment": "toy", "type": "host", "id": "h"})
    about = {"kind": "x", "code": "link_down", "object_type": "host", "object_id": "h"}
    for generation, text in ((2, "later"), (1, "earlier")):
        late = ObjectProblems(inv, "toy", f"s{generation}", generation=generation)
        late.report([Problem(message=text, **about)], {"finder": "F"})
        late.place()
    ObjectProblems(inv, "toy", "s1", generation=1).report_of_finder("F", [])

    (row,) = inv.find_all("object_problems", {"object": object_key("toy", "host", "h")})
    assert (row["message"], row["gone"]) == ("later", False)


@pytest.mark.parametrize("write", range(5))
def test_a_sweep_that_is_broken_off_is_ended_by_the_next_attempt(
    ill: ToyCloud, inv: InventoryMgr, scan: Run, monkeypatch: pytest.MonkeyPatch, write: int
):
    ill.state["ill"] = {"h1": {"eth1": "loose"}, "h2": {"eth0": "hot"}}
    ill.write()
    run, calls = Scan._run, []

    def breaks_off(name: str) -> None:
        real = getattr(InventoryMgr, name)

        def call(self: InventoryMgr, collection: str, *args: Any) -> None:
            if calls:
                calls.append(name)
                if len(calls) == write + 2:
                    raise Broken
            real(self, collection, *args)

        monkeypatch.setattr(InventoryMgr, name, call)

    def again(self: Scan, record: dict[str, Any], task: dict[str, Any], *rest: Any) -> Any:
        if task["kind"] != "sweep":
            return run(self, record, task, *rest)
        calls.append("sweep")
        try:
            return run(self, record, task, *rest)
        except Broken:
            return run(make_scan(self.scan_id), ScanStore().get(self.scan_id), task, *rest)

    for name in ("bulk", "update_by_keys", "delete_by_keys"):
        breaks_off(name)
    monkeypatch.setattr(Scan, "_run", again)
    record = scan(inventory_only=True)

    assert len(calls) > write + 1, "nothing was broken off"
    assert [codes(inv, nic) for nic in ("h1-eth0", "h1-eth1", "h2-eth0")] == [
        [],
        ["link_down"],
        ["link_down"],
    ]
    assert len(rows(inv)) == 2
    assert not any(row["pending"] for row in rows(inv))
    assert len(told(inv, record)) == 3


class Broken(BaseException):
    """The worker dies here."""
