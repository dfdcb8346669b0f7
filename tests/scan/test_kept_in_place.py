"""What a scan could not read stays, below a parent that stays, whatever went meanwhile.

The cloud of `crossed`: hosts hang below zones and are listed by projects, networks hang below
projects and are listed by regions.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis.strategies import DrawFn, composite

from calipso.discover.engine import sweep
from calipso.discover.engine.scan import Scan
from calipso.discover.engine.scan_local import run_local
from calipso.discover.engine.scan_manager import make_scan
from calipso.discover.engine.sweep import Sweeper
from calipso.model.inventory import object_key
from calipso.model.scan import ScanRequest
from calipso.settings import settings as calipso_settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_inventory import Evidence
from calipso.stores.scans.scan_store import ScanStore
from tests.scan.cloud_checks import every_parent_exists
from tests.scan.conftest import ENVIRONMENT

Cloud = dict[str, Any]
Write = Callable[[Cloud], None]


def a_cloud() -> Cloud:
    """One of each; the long name of the project makes its paths longer than those of hosts."""
    return {
        "regions": {"r1": {}},
        "projects": {"p1" * 16: {}},
        "aggregates": {"a1": {"by": "r1-aggregates"}},
        "zones": {"z1": {"by": "p1" * 16, "region": "r1"}},
        "hosts": {"h1": {"by": "p1" * 16, "zone": "z1"}},
        "nics": {"n1": {"by": "h1-host_pnics"}},
        "networks": {"net1": {"by": "r1", "project": "p1" * 16}},
        "ports": {"port1": {"by": "r1", "network": "net1"}},
        "failed": [],
        "ill": [],
    }


@pytest.fixture
def write(inv: InventoryMgr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Say what the cloud is from now on."""
    monkeypatch.setenv("CALIPSO_CONFIG_DIR", str(Path(__file__).parent / "crossed" / "config"))
    monkeypatch.setenv("CROSSED_CLOUD", str(tmp_path / "crossed.json"))
    calipso_settings.cache_clear()
    monkeypatch.setattr(sweep, "STRETCH", 2)
    EnvironmentStore().add(ENVIRONMENT | {"name": "e"})

    def to_file(cloud: Cloud) -> None:
        (tmp_path / "crossed.json").write_text(json.dumps(cloud))

    return to_file


def scan(**options: Any) -> Cloud:
    """A scan of the inventory in this process."""
    return run_local(ScanRequest(environment="e", inventory_only=True, **options), threads=2)


def places(inv: InventoryMgr) -> dict[str, str]:
    """Path of each object by its id."""
    return {item["id"]: item["id_path"] for item in inv.find_items({"environment": "e"})}


def test_hosts_of_a_renamed_zone_stay_when_their_list_fails(write: Write, inv: InventoryMgr):
    cloud = a_cloud()
    write(cloud)
    scan()
    cloud["zones"] = {"z2": cloud["zones"]["z1"]}
    write(cloud | {"failed": [f"hosts:{'p1' * 16}"]})

    record = scan()

    found = places(inv)
    assert "z1" not in found
    assert found["h1"] == "/e/e-regions/r1/r1-zones/h1"
    assert found["n1"] == "/e/e-regions/r1/r1-zones/h1/h1-host_pnics/n1"
    host = inv.get_by_id("e", "h1")
    assert host is not None
    assert (host["parent_id"], host["parent_type"]) == ("r1-zones", "availability_zones_folder")
    assert host["name_path"] == "/e/Regions/r1/Availability Zones/h1"
    assert "stale_since" in host
    assert (record["removed"], record["stale"]) == (1, 3)


def test_networks_of_a_deleted_project_stay_when_their_list_fails(write: Write, inv: InventoryMgr):
    cloud = a_cloud()
    cloud["projects"]["p2"] = {}
    cloud["networks"]["net1"]["project"] = "p2"
    write(cloud)
    scan()
    del cloud["projects"]["p2"]
    write(cloud | {"failed": ["networks:r1"]})

    scan()

    found = places(inv)
    assert "p2" not in found
    assert found["net1"] == "/e/e-projects/p2-networks/net1"
    assert found["port1"] == "/e/e-projects/p2-networks/net1/port1"  # read, and moved with it
    every_parent_exists(inv, "e")


def test_what_a_project_listed_stays_when_its_successor_cannot_list_it(
    write: Write, inv: InventoryMgr
):
    cloud = a_cloud()
    write(cloud)
    scan()
    cloud["projects"] = {"p2": {}}
    cloud["networks"], cloud["ports"] = {}, {}
    for item in (cloud["zones"]["z1"], cloud["hosts"]["h1"]):
        item["by"] = "p2"
    write(cloud | {"failed": ["zones:p2", "hosts:p2"]})

    scan()

    assert {"z1", "h1", "n1"} <= places(inv).keys()
    every_parent_exists(inv, "e")


def test_what_a_project_listed_stays_when_its_zone_goes_too(write: Write, inv: InventoryMgr):
    cloud = a_cloud() | {"ill": ["h1"]}
    write(cloud)
    scan()
    cloud["projects"] = {"p2": {}}
    cloud["networks"], cloud["ports"] = {}, {}
    cloud["zones"] = {"z2": {"by": "p2", "region": "r1"}}
    cloud["hosts"]["h1"] |= {"by": "p2", "zone": "z2"}
    write(cloud | {"failed": ["hosts:p2"], "ill": []})

    scan()

    assert {"h1", "n1"} <= places(inv).keys()
    host = inv.get_by_id("e", "h1")
    assert host is not None
    assert [problem["code"] for problem in host["problems"]] == ["link_down"]
    every_parent_exists(inv, "e")


def test_what_is_below_a_host_goes_with_it_when_another_host_does_not_answer(
    write: Write, inv: InventoryMgr
):
    cloud = a_cloud()
    cloud["hosts"]["h2"] = dict(cloud["hosts"]["h1"])
    cloud["nics"]["n2"] = {"by": "h2-host_pnics"}
    write(cloud)
    scan()
    del cloud["hosts"]["h1"]
    write(cloud | {"failed": ["nics:h2-host_pnics"]})

    scan()

    assert not places(inv).keys() & {"h1", "n1"}
    assert "n2" in places(inv)


def test_a_clear_scan_keeps_the_problems_of_what_it_could_not_come_to(
    write: Write, inv: InventoryMgr
):
    cloud = a_cloud() | {"ill": ["n1"]}
    write(cloud)
    scan()
    write(cloud | {"failed": [f"hosts:{'p1' * 16}"]})

    scan(clear=True)

    nic = inv.get_by_id("e", "n1")
    assert nic is not None
    assert "stale_since" in nic
    assert [problem["code"] for problem in nic["problems"]] == ["link_down"]


@pytest.mark.parametrize("away", ["p1" * 16, "p2"])
def test_a_problem_belongs_to_the_fetch_that_lists_its_object_whenever_it_is_reported(
    write: Write, inv: InventoryMgr, away: str
):
    cloud = a_cloud() | {"ahead": True, "ill": ["h1", "h2"]}
    cloud["projects"]["p2"] = {}
    cloud["hosts"]["h2"] = cloud["hosts"]["h1"] | {"by": "p2"}
    write(cloud)
    scan()
    write(cloud | {"ill": [], "failed": [f"hosts:{away}"]})

    scan()

    lost, read = ("h1", "h2") if away == "p1" * 16 else ("h2", "h1")
    reported = inv.find_all("object_problems", {"environment": "e"})
    assert [row["id"] for row in reported] == [lost]
    assert "problems" not in (inv.get_by_id("e", read) or {})


def test_an_object_below_a_removed_parent_goes_where_nothing_failed(
    write: Write, inv: InventoryMgr
):
    cloud = a_cloud()
    write(cloud)
    scan()
    cloud |= {"regions": {"r2": {}}, "zones": {}, "hosts": {}, "networks": {}, "ports": {}}
    write(cloud)

    scan()

    assert not places(inv).keys() & {"r1", "z1", "h1", "n1", "net1", "port1", "a1"}
    every_parent_exists(inv, "e")


def test_an_object_that_moved_out_of_the_part_that_is_scanned_is_not_removed(
    write: Write, inv: InventoryMgr
):
    cloud = a_cloud()
    write(cloud)
    scan()
    cloud["zones"]["z2"] = cloud["zones"]["z1"]
    cloud["hosts"]["h1"]["zone"] = "z2"
    write(cloud)
    scan(clear=False)
    cloud["hosts"]["h1"]["zone"] = "z1"
    write(cloud)

    scan(object_id="z2", object_type="availability_zone")

    assert places(inv)["h1"] == "/e/e-regions/r1/r1-zones/z1/h1"
    assert places(inv)["n1"].startswith("/e/e-regions/r1/r1-zones/z1/h1/")
    every_parent_exists(inv, "e")


def test_one_object_that_could_not_be_read_stays_and_the_others_go(write: Write, inv: InventoryMgr):
    cloud = a_cloud()
    cloud["nics"] |= {name: {"by": "h1-host_pnics"} for name in ("n2", "n3")}
    write(cloud)
    scan()
    cloud["nics"] = {"n3": {"by": "h1-host_pnics"}}
    write(cloud | {"unread": ["n1"]})

    record = scan()

    assert not places(inv).keys() & {"n2"}
    stale = {item["id"] for item in inv.find("e", "host_pnic") if "stale_since" in item}
    assert (stale, "n3" in places(inv)) == ({"n1"}, True)
    assert (record["status"], record["removed"], record["stale"]) == ("completed_with_errors", 1, 1)


# -- any cloud, any failures, any removals ---------------------------------------------


@composite
def clouds(draw: DrawFn) -> Cloud:
    """A cloud in which every reference holds."""

    def some(*names: str, least: int = 0) -> list[str]:
        return sorted(draw(strategies.sets(strategies.sampled_from(names), min_size=least)))

    def one(names: list[str]) -> str:
        return draw(strategies.sampled_from(names))

    regions = some("r1", "a-region-with-a-long-name-of-its-own", least=1)
    projects = some("p1", "p2" * 16, least=1)
    zones = {z: {"by": one(projects), "region": one(regions)} for z in some("z1", "z2", least=1)}
    hosts = {h: {"by": one(projects), "zone": one(sorted(zones))} for h in some("h1", "h2")}
    networks = {
        n: {"by": one(regions), "project": one(projects)} for n in some("net1", "net2", least=1)
    }
    return {
        "regions": {name: {} for name in regions},
        "projects": {name: {} for name in projects},
        "aggregates": {name: {"by": f"{one(regions)}-aggregates"} for name in some("a1")},
        "zones": zones,
        "hosts": hosts,
        "nics": {f"n-{h}-{n}": {"by": f"{h}-host_pnics"} for h in hosts for n in some("0", "1")},
        "networks": networks,
        "ports": {
            p: {"by": one(regions), "network": one(sorted(networks))} for p in some("q1", "q2")
        },
        "failed": [],
        "ill": some("r1", "p1", "z1", "h1", "net1", "q1", "a1", "n-h1-0", "n-h2-1"),
    }


def fetches(cloud: Cloud) -> list[str]:
    """Every fetch that a scan of this cloud makes."""
    found = ["regions:e-regions", "projects:e-projects"]
    for region in cloud["regions"]:
        found += [f"networks:{region}", f"ports:{region}", f"aggregates:{region}-aggregates"]
    for project in cloud["projects"]:
        found += [f"zones:{project}", f"hosts:{project}"]
    return found + [f"nics:{host}-host_pnics" for host in cloud["hosts"]]


@pytest.mark.long
@given(
    before=clouds(),
    after=clouds(),
    failing=strategies.lists(strategies.floats(0, 1, exclude_max=True), max_size=5),
    unread=strategies.lists(strategies.sampled_from(["n-h1-0", "n-h2-1"]), unique=True),
    breaks_at=strategies.integers(0, 12),
)
@settings(
    max_examples=int(os.environ.get("KEPT_EXAMPLES", "20")),
    phases=[Phase.explicit, Phase.generate],  # a scan is too slow to be shrunk
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_goes_that_could_not_be_read_and_the_next_good_scan_puts_all_right(
    write: Write,
    before: Cloud,
    after: Cloud,
    failing: list[float],
    unread: list[str],
    breaks_at: int,
):
    inventory = f"i{uuid.uuid4().hex[:8]}"
    inv = InventoryMgr(inventory)
    write(before)
    scan(inventory=inventory)
    old = inv.find_items({"environment": "e"})
    assert_same_as_fresh_scan(inv)
    possible = fetches(after)
    after["failed"] = sorted({possible[int(number * len(possible))] for number in failing})
    after["unread"] = unread
    write(after)

    with pytest.MonkeyPatch.context() as patch:
        break_off(patch, breaks_at)
        record = scan(inventory=inventory)

    every_parent_exists(inv, "e")
    assert_only_what_was_read_is_gone(inv, old, after, record["_id"])
    assert_problems_are_as_well_known_as_their_objects(inv, old, after, record["_id"])
    after["failed"], after["unread"] = [], []
    write(after)
    scan(inventory=inventory)
    assert_same_as_fresh_scan(inv)


def assert_only_what_was_read_is_gone(
    inv: InventoryMgr, old: list[Cloud], cloud: Cloud, scan_id: str
) -> None:
    """The rule of the sweep, written once more without its code."""
    now = {item["_id"]: item for item in inv.find_items({"environment": "e"})}
    root = object_key("e", "environment", "e")
    for item in old:
        found_by = item["fetched_by"]
        listing = (
            found_by["fetcher"].removeprefix("ApiFetchCrossed").removeprefix("CliFetchCrossed")
        )
        fetch = f"{listing.lower()}:{found_by['parent_id']}"
        asked = found_by["parent"]
        if item["_id"] in now:
            fresh = now[item["_id"]]["scan_id"] == scan_id
            assert ("stale_since" in now[item["_id"]]) is not fresh
        elif asked == root or (asked in now and now[asked]["scan_id"] == scan_id):
            assert fetch not in cloud["failed"], f"{item['id']} went, {fetch} failed"
            listed = cloud.get(listing.lower(), {}).get(item["id"])
            assert (
                listed is None or listed.get("by", found_by["parent_id"]) != (found_by["parent_id"])
            )
            assert item["id"] not in cloud["unread"], f"{item['id']} went, it could not be read"
        else:
            assert asked not in now, f"{item['id']} went, nobody asked {fetch}"
            below = f"/{found_by['parent_id']}/" in item["id_path"]
            others = {other.partition(":")[0] for other in cloud["failed"]}
            listed_elsewhere = not below and listing.lower() in others
            assert not listed_elsewhere, f"{item['id']} went, its list failed for another parent"


def assert_problems_are_as_well_known_as_their_objects(
    inv: InventoryMgr, old: list[Cloud], cloud: Cloud, scan_id: str
) -> None:
    """An object that was read has the problems of now, one that was not those of before."""
    before = {item["_id"]: told(item) for item in old}
    for item in inv.find_items({"environment": "e"}):
        if item["scan_id"] == scan_id:
            ill = "link_down" in [problem["code"] for problem in told(item)]
            assert ill is (item["id"] in cloud["ill"]), f"{item['id']} was read"
        else:
            assert told(item) == before[item["_id"]], f"{item['id']} was not read"


def told(item: Cloud) -> list[Cloud]:
    """Problems of an object, without the time when they were seen first."""
    return [{k: v for k, v in one.items() if k != "since"} for one in item.get("problems", ())]


def assert_same_as_fresh_scan(inv: InventoryMgr) -> None:
    """The inventory holds what a scan of an empty one finds, and nothing else."""
    fresh = InventoryMgr(f"f{uuid.uuid4().hex[:8]}")
    scan(inventory=fresh.inventory)
    assert stored(inv) == stored(fresh)


def stored(inv: InventoryMgr) -> list[Cloud]:
    stamps = ("scan_id", "generation", "last_scanned")
    items = inv.find_items({"environment": "e"})
    found = [
        {k: v for k, v in item.items() if k not in stamps} | {"problems": told(item)}
        for item in items
    ]
    return sorted(found, key=lambda item: str(item["_id"]))


class Broken(BaseException):
    """The worker dies here."""


def break_off(patch: pytest.MonkeyPatch, call: int) -> None:
    """Let the sweep die at one of its writes, and run once more."""
    bulk, run, calls = InventoryMgr.bulk, Scan._run, [0]
    sweeping = [False]

    def breaks(self: InventoryMgr, name: str, *args: Any, **options: Any) -> None:
        if sweeping[0]:
            calls[0] += 1
            if calls[0] == call:
                raise Broken
        bulk(self, name, *args, **options)

    def again(self: Scan, record: Cloud, task: Cloud, *rest: Any) -> Any:
        sweeping[0] = task["kind"] == "sweep"
        try:
            return run(self, record, task, *rest)
        except Broken:
            store = ScanStore()
            return run(make_scan(self.scan_id), store.get(self.scan_id), task, *rest)
        finally:
            sweeping[0] = False

    patch.setattr(InventoryMgr, "bulk", breaks)
    patch.setattr(Scan, "_run", again)


def test_the_sweep_ends_when_two_objects_are_each_others_parents(inv: InventoryMgr):
    for one, other in (("a", "b"), ("b", "a")):
        inv.set(
            {
                "environment": "e",
                "type": "t",
                "id": one,
                "id_path": f"/e/{one}",
                "name_path": f"/e/{one}",
                "generation": 1,
                "parent_id": other,
                "parent_type": "t",
            }
        )
    counts = Sweeper(inv, "e", "s2", generation=2).judge(Evidence(frozenset(), frozenset()))

    assert counts == {"removed": 0, "stale": 2}
