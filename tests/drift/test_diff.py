"""Diff: two scans, two times, around an object; kinds, projects, hosts, causes, findings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calipso.analysis.change_log import around
from calipso.analysis.diffing import between, diff_answer, difference, of_scans
from calipso.analysis.drift import judge
from calipso.cli.main import main
from calipso.errors import ConfigError
from calipso.model.answer import Verdict
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.utils.clock import now

HOSTILE = "web\x1b[2J\u202e"


@pytest.fixture
def cloud(inv: InventoryMgr) -> InventoryMgr:
    """Two scans: `one` stored a network and a tap, `two` an instance, and a smaller tap."""
    inv.ensure_indexes()
    begin = now() - timedelta(hours=2)
    for number, key in enumerate(("one", "two")):
        end = begin + timedelta(minutes=number * 90)
        inv.db["scans"].insert_one(
            {"_id": key, "environment": "prod", "inventory": "inventory", "status": "completed"}
            | {"submit_timestamp": end, "end_timestamp": end, "request": {"origin": "schedule"}}
        )
    write(inv, "one", False, network(1500), tap(1500), host())
    write(inv, "two", True, network(1500), tap(1400), instance())
    judge(inv, "prod", scan_id="two")
    return inv


def write(inv: InventoryMgr, scan: str, record: bool, *items: dict[str, Any]) -> None:
    writer = ObjectWriter(inv, "prod", scan, generation=1, record_changes=record)
    for item in items:
        writer.add(item)
    writer.flush()


def network(mtu: int) -> dict[str, Any]:
    return {"type": "network", "id": "n1", "name": "blue", "mtu": mtu, "project": "shop"}


def tap(mtu: int) -> dict[str, Any]:
    about = {"host": "compute-1", "network": "n1", "mtu": mtu}
    return {"type": "vnic", "id": "tap-1", "name": "tap-1"} | about


def host() -> dict[str, Any]:
    return {"type": "host", "id": "compute-1", "name": "compute-1", "host": "compute-1"}


def instance() -> dict[str, Any]:
    about = {"host": "compute-1", "project": "shop"}
    return {"type": "instance", "id": "i1", "name": HOSTILE} | about


def an_hour(inv: InventoryMgr) -> Any:
    return difference(inv, between("prod", now() - timedelta(hours=1), now()))


def test_changes_are_counted_by_kind_project_host_and_cause(cloud: InventoryMgr) -> None:
    counts = an_hour(cloud).counts()

    assert counts["type"] == {"vnic": 1, "instance": 1}
    assert counts["project"] == {"": 1, "shop": 1}
    assert counts["host"] == {"compute-1": 2}
    assert counts["cause"] == {"schedule two": 2}


def test_a_removed_object_counts_for_the_project_that_it_had(cloud: InventoryMgr) -> None:
    stored = cloud.get_by_id("prod", "n1")
    assert stored is not None
    ObjectWriter(cloud, "prod", "three", generation=2).note_removed([stored])
    cloud.delete_by_keys("inventory", [stored["_id"]])

    found = {item["id"]: item for item in an_hour(cloud).changes}

    assert (found["n1"]["change"], found["n1"]["project"]) == ("removed", "shop")


def test_findings_are_new_cleared_or_unchanged(cloud: InventoryMgr) -> None:
    found = an_hour(cloud)
    assert [item["rule"] for item in found.new] == ["mtu_below_network"]
    assert diff_answer(found).verdict is Verdict.NO
    middle = now()
    write(cloud, "three", True, tap(1500))
    judge(cloud, "prod")

    later = difference(cloud, between("prod", middle, now()))
    assert [item["rule"] for item in later.cleared] == ["mtu_below_network"]
    assert later.new == []
    assert diff_answer(later).verdict is Verdict.YES
    same = difference(cloud, between("prod", middle, middle))
    assert [item["rule"] for item in same.unchanged] == ["mtu_below_network"]


def test_a_change_window_is_unknown_when_nobody_judged_since(cloud: InventoryMgr) -> None:
    cloud.db["scans"].insert_one(
        {"_id": "late", "environment": "prod", "inventory": "inventory", "status": "completed"}
        | {"end_timestamp": now() + timedelta(seconds=1)}
    )
    end = now() + timedelta(seconds=2)

    answer = diff_answer(difference(cloud, between("prod", now(), end)))

    assert answer.verdict is Verdict.UNKNOWN


def test_only_what_is_near_an_object(cloud: InventoryMgr) -> None:
    item = cloud.get_by_id("prod", "i1")
    assert item is not None
    where = between("prod", now() - timedelta(hours=1), now())

    found = difference(cloud, where, around(cloud, item, 1))

    assert [change["id"] for change in found.changes] == ["i1"]


def test_scans_of_two_environments_and_times_in_the_wrong_order_are_refused(
    cloud: InventoryMgr,
) -> None:
    cloud.db["scans"].insert_one({"_id": "x", "environment": "other", "end_timestamp": now()})
    with pytest.raises(ConfigError, match="cannot be compared"):
        of_scans(cloud, "one", "x")
    with pytest.raises(ConfigError, match="is before"):
        of_scans(cloud, "two", "one")
    assert of_scans(cloud, "one", None).scans == ("one", "two")


def test_the_command_shows_it_and_ends_with_the_verdict(
    cloud: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "--from", "1h", "-e", "prod"]) == 1
    out, err = capsys.readouterr()
    assert "by type: 1 instance, 1 vnic" in out or "by type: 1 vnic, 1 instance" in out
    assert "new: major mtu_below_network" in out
    assert "no: 2 changes, 1 new" in err
    assert main(["diff", "--around", "i1", "--since", "1h", "-f", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [item["id"] for item in document["changes"]] == ["i1"]
    assert "was" not in document["changes"][0]
    assert main(["diff", "one", "two", "-f", "csv"]) in (0, 1)
    assert "\x1b" not in capsys.readouterr().out
    assert main(["diff", "one"]) == 1
    assert main(["diff"]) == 1
    assert "nothing to compare" in capsys.readouterr().err


def test_the_api_answers_the_same_within_the_rights(
    cloud: InventoryMgr, login: Callable[..., Any], environment: Callable[..., str]
) -> None:
    environment("prod")
    client = login("viewer", prod="view")
    start = (now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    answer = client.get(f"/api/v1/diff?env_name=prod&start={start}").json

    assert answer["verdict"] == "no"
    assert answer["counts"]["type"] == {"vnic": 1, "instance": 1}
    assert client.get("/api/v1/diff?env_name=prod&from_scan=one&to_scan=two").status_code == 200
    assert client.get("/api/v1/diff?env_name=prod").status_code == 400
    assert client.get("/api/v1/diff?env_name=prod&from_scan=nothing").status_code == 404
    other = login("viewer", other="view")
    assert other.get(f"/api/v1/diff?env_name=prod&start={start}").status_code == 404


def test_a_time_in_the_year_3000_is_no_error(cloud: InventoryMgr) -> None:
    far = datetime(3000, 1, 1, tzinfo=UTC)
    assert difference(cloud, between("prod", far, far)).changes == []


def test_resources_of_the_api_show_a_time(
    cloud: InventoryMgr, login: Callable[..., Any], environment: Callable[..., str]
) -> None:
    environment("prod")
    client = login("viewer", prod="view")
    time.sleep(0.01)
    then = now()
    time.sleep(0.01)
    write(cloud, "three", True, tap(9000), host() | {"id": "compute-2", "name": "compute-2"})
    key = object_key("prod", "vnic", "tap-1")
    at = f"at={then.isoformat().replace('+00:00', 'Z')}"

    def get(path: str) -> Any:
        answer = client.get(f"/api/v1/{path}{'&' if '?' in path else '?'}{at}")
        assert answer.status_code == 200, (path, answer.text)
        return answer.json

    assert get(f"inventory/{key}")["mtu"] == 1400
    assert client.get(f"/api/v1/inventory/{key}").json["mtu"] == 9000
    hosts = get("inventory?env_name=prod&type=host")["items"]
    assert [item["id"] for item in hosts] == ["compute-1"]
    assert get("search?q=compute-2")["items"] == []
    assert get("aggregates?type=environment&env_name=prod")["aggregates"]["object_types"] == {
        "host": 1,
        "instance": 1,
        "network": 1,
        "vnic": 1,
    }
    for path in (
        "links?env_name=prod",
        "cliques?env_name=prod",
        f"inventory/{key}/graph",
        f"inventory/{key}/paths",
        f"inventory/{key}/dependents",
        f"inventory/{key}/impact",
        f"inventory/{key}/links",
        "inventory/tree?env_name=prod",
        "spof?env_name=prod",
        "drift?env_name=prod",
        "changes?env_name=prod",
    ):
        get(path)
    early = "at=1990-01-01T00:00:00Z"
    assert client.get(f"/api/v1/inventory?env_name=prod&{early}").status_code == 422
    assert client.get(f"/api/v1/inventory/{key}?{early}").status_code == 404
    assert client.get("/api/v1/inventory?at=2999-01-01T00:00:00Z").status_code == 422
