"""`/overview`: objects by health, the worst of them, what the last scan did not read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask.testing import FlaskClient

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1/overview"
WHEN = datetime(2026, 11, 20, 9, tzinfo=UTC)
PROBLEM = {"code": "tap_missing", "message": "no tap", "hint": "look"}


def set_first(inv: InventoryMgr, kind: str, at: int, **fields: object) -> str:
    """Set fields of one object of a type; its id."""
    found = inv.find_all("inventory", {"environment": "prod", "type": kind}, sort=[("id", 1)])[at]
    inv.update_by_keys("inventory", [found["_id"]], {"$set": fields})
    return str(found["id"])


def test_objects_are_counted_by_type_and_health(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    Big(environment(), hosts=3, instances=4).write(inv)
    everything = {"environment": "prod", "type": "instance"}
    keys = [item["_id"] for item in inv.find_all("inventory", everything)]
    inv.update_by_keys("inventory", keys, {"$set": {"state": "ACTIVE"}})
    set_first(inv, "instance", 0, state="ERROR")
    set_first(inv, "instance", 1, problems=[PROBLEM])
    set_first(inv, "instance", 2, stale_since=WHEN)
    set_first(inv, "instance", 3, state="ERROR", problems=[PROBLEM], stale_since=WHEN)

    found = admin.get(f"{ROOT}/prod").json
    counts = {item.pop("type"): item for item in found["types"]}

    assert counts["instance"] == {"total": 12, "good": 8, "degraded": 1, "bad": 2, "unknown": 1}
    assert found["objects"] == sum(item["total"] for item in counts.values())
    assert sum(found["healths"].values()) == found["objects"]


def test_the_worst_come_first_and_a_problem_before_a_mere_state(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    Big(environment(), hosts=3, instances=4).write(inv)
    only_bad = set_first(inv, "vnic", 0, state="down")
    ill = set_first(inv, "vedge", 0, problems=[PROBLEM])
    both = set_first(inv, "instance", 0, state="ERROR", problems=[PROBLEM])
    for at in range(3):
        set_first(inv, "host_pnic", at, state="DOWN")

    worst = admin.get(f"{ROOT}/prod").json["worst"]

    assert [item["id"] for item in worst[:2]] == [both, ill]
    assert only_bad in {item["id"] for item in worst[2:]}
    assert [item["health"] for item in worst[:3]] == ["bad", "degraded", "bad"]


def test_what_the_last_scan_did_not_read_is_said(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    Big(environment(), hosts=2, instances=2).write(inv)
    scan = inv.find_all("scans", {"environment": "prod"})[0]["_id"]
    lines = [
        {"host": "", "source": "api", "reached": True, "failed": 0},
        {"host": "compute-1", "source": "cli", "reached": True, "failed": 2},
        {"host": "compute-2", "source": "cli", "reached": False, "failed": 1},
    ]
    ScanStore().save_coverage(scan, "prod", lines)
    set_first(inv, "instance", 0, stale_since=WHEN, host="compute-2")

    found = admin.get(f"{ROOT}/prod").json

    assert found["last_scan"]["not_reached"] == ["compute-2"]
    assert (found["last_scan"]["hosts"], found["last_scan"]["failed"]) == (2, 3)
    assert [(one["host"], one["objects"]) for one in found["stale_hosts"]] == [("compute-2", 1)]
    assert (found["running_scan"], found["next_scan"]) == ("", None)


def test_an_environment_that_was_never_scanned_has_no_last_scan(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    environment()
    found = admin.get(f"{ROOT}/prod").json

    assert (found["objects"], found["last_scan"], found["worst"]) == (0, None, [])


def test_all_environments_that_one_may_view_are_listed_the_worst_first(
    login: Login, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    for name in ("other", "prod", "secret"):
        Big(environment(name), hosts=2, instances=2).write(inv)
    set_first(inv, "instance", 0, state="ERROR")
    viewer = login("viewer", prod="view", other="view")

    found = viewer.get(ROOT).json["items"]

    assert [item["environment"] for item in found] == ["prod", "other"]
    assert viewer.get(f"{ROOT}/secret").status_code == 404
