"""`/changes` and the changes of an object: what, when, around what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.api.responders.resource import changes
from calipso.model.inventory import object_key
from calipso.stores.inventory.changes import net
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1"
START = datetime(2026, 11, 20, tzinfo=UTC)
HOST = "compute-00001"


class History:
    """Scans of `prod`, an hour from each other, and what each of them wrote."""

    def __init__(self, inv: InventoryMgr) -> None:
        self.inv = inv
        self.hour = 0

    def scan(self, *documents: dict[str, Any], gone: Any = ()) -> str:
        """A scan that found these objects, and that links are gone."""
        self.hour += 1
        moment = START + timedelta(hours=self.hour)
        scan_id = f"scan-{self.hour}"
        self.inv.db["scans"].insert_one(
            {
                "_id": scan_id,
                "environment": "prod",
                "inventory": "inventory",
                "submit_timestamp": moment,
            }
        )
        writer = ObjectWriter(self.inv, "prod", scan_id)
        writer._now = moment
        for document in documents:
            writer.add({name: v for name, v in document.items() if name != "_id"})
        writer.flush()
        graph = GraphWriter(self.inv, "prod", scan_id)
        graph._now = moment
        self.inv.bulk("changes", [graph.link_change("removed", link, {}) for link in gone])
        self.inv.delete_by_keys("links", [link["_id"] for link in gone])
        return scan_id


@pytest.fixture
def history(inv: InventoryMgr, environment: Callable[..., str]) -> History:
    """Three scans: an instance goes down, a NIC too, then a new vNIC and a lost link."""
    environment("other")
    Big(environment("prod"), hosts=3, instances=4).write(inv)
    inv.db["scans"].delete_many({})
    found = History(inv)
    first = inv.find("prod", "instance", host=HOST)[0]
    nic = inv.get_by_id("prod", f"{HOST}-eth0", "host_pnic")
    switch = inv.get_by_id("prod", f"{HOST}-OVS", "vedge")
    assert nic
    assert switch
    found.scan(first | {"state": "down"})
    found.scan(nic | {"state": "down"})
    lost = inv.find_all("links", {"target": switch["_id"]})[:1]
    found.scan(switch | {"type": "vnic", "id": "new"}, nic | {"mtu": 9000}, gone=lost)
    return found


def told(client: FlaskClient, path: str) -> list[tuple[str, str, str]]:
    """(scan, change, type) of what is answered, newest first."""
    answer = client.get(ROOT + path)
    assert answer.status_code == 200, answer.text
    return [(item["scan_id"], item["change"], item["type"]) for item in answer.json["items"]]


def test_changes_are_listed_newest_first_with_old_and_new(
    admin: FlaskClient, history: History
) -> None:
    everything = told(admin, "/changes?env_name=prod")
    last = admin.get(f"{ROOT}/changes?env_name=prod&type=instance").json["items"][0]

    assert [scan for scan, _, _ in everything] == ["scan-3"] * 3 + ["scan-2", "scan-1"]
    assert last["fields"] == {"state": {"old": "up", "new": "down"}}
    assert last["time"] == "2026-11-20T01:00:00Z"


def test_pages_hold_each_change_once(admin: FlaskClient, history: History) -> None:
    found, marker = [], ""
    while marker is not None:
        page = admin.get(f"{ROOT}/changes?limit=2{marker}").json
        found += [item["_id"] for item in page["items"]]
        marker = page["next"] and f"&marker={page['next']}"

    assert len(found) == len(set(found)) == 5


def test_what_is_again_as_it_was_is_no_net_change(
    admin: FlaskClient, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    nic = history.inv.get_by_id("prod", f"{HOST}-eth0", "host_pnic")
    first = history.inv.find("prod", "instance", host=HOST)[0]
    assert nic
    assert first["state"] == "down"
    history.scan(first | {"state": "up"}, nic | {"mtu": 1500, "state": "unknown"})
    query = f"{ROOT}/changes?env_name=prod&net=true"
    found = {item["type"]: item for item in admin.get(query).json["items"]}

    assert found.keys() == {"host_pnic", "vnic", "vnic-vedge"}
    old = {"state": {"old": "up", "new": "unknown"}, "mtu": {"new": 1500}}
    assert found["host_pnic"]["fields"] == old
    assert found["host_pnic"]["scan_id"] == "scan-4"
    assert [kind for _, _, kind in told(admin, f"{query[len(ROOT) :]}&change=added")] == ["vnic"]
    page = admin.get(f"{query}&limit=2&total=true").json
    rest = admin.get(f"{query}&limit=2&marker={page['next']}").json
    assert (page["total"], len(page["items"]), len(rest["items"])) == (3, 2, 1)
    monkeypatch.setattr(changes, "MOST_NET", 3)
    assert admin.get(query).status_code == 422


@pytest.mark.parametrize(
    ("happened", "left"),
    [
        (["added", "removed"], None),
        (["added", "changed"], "added"),
        (["changed", "removed"], "removed"),
        (["removed", "added"], "changed"),
        (["added", "removed", "added"], "added"),
        (["removed", "added", "removed"], "removed"),
    ],
)
def test_what_happened_to_a_thing_is_put_together(happened: list[str], left: str | None) -> None:
    subject = {"kind": "object", "type": "vnic", "id": "1", "fields": {}}

    assert [item["change"] for item in net([subject | {"change": c} for c in happened])] == (
        [left] if left else []
    )


@pytest.mark.parametrize(
    ("query", "scans"),
    [
        ("since=2026-11-20T02:00:00Z", ["scan-3"] * 3 + ["scan-2"]),
        ("since=2026-11-20T03:00:00%2B01:00&until=2026-11-20T02:30:00", ["scan-2"]),
        ("until=2026-11-20T01:00:00Z", ["scan-1"]),
        ("kind=link", ["scan-3"]),
        ("kind=object&change=added", ["scan-3"]),
        ("change=removed", ["scan-3"]),
        ("type=host_pnic", ["scan-3", "scan-2"]),
        (f"id={HOST}-eth0&scan_id=scan-2", ["scan-2"]),
        ("host=compute-00002", []),
        ("from_scan=scan-1", ["scan-3"] * 3 + ["scan-2"]),
        ("from_scan=scan-1&to_scan=scan-2", ["scan-2"]),
        ("from_scan=scan-2&to_scan=scan-2", []),
        ("from_scan=scan-1&scan_id=scan-1", []),
    ],
)
def test_filters_narrow_the_changes(
    admin: FlaskClient, history: History, query: str, scans: list[str]
) -> None:
    assert [scan for scan, _, _ in told(admin, f"/changes?env_name=prod&{query}")] == scans


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from_scan=scan-1", 400),
        ("env_name=prod&to_scan=scan-1", 400),
        ("env_name=prod&from_scan=none", 404),
        ("env_name=other&from_scan=scan-1", 404),
        ("env_name=prod&from_scan=scan-2&to_scan=scan-1", 422),
        ("since=yesterday", 400),
    ],
)
def test_what_cannot_be_compared_is_refused(
    admin: FlaskClient, history: History, query: str, status: int
) -> None:
    assert admin.get(f"{ROOT}/changes?{query}").status_code == status


def test_changes_of_an_object_are_its_own_and_those_of_its_links(
    admin: FlaskClient, history: History
) -> None:
    nic = object_key("prod", "host_pnic", f"{HOST}-eth0")
    switch = object_key("prod", "vedge", f"{HOST}-OVS")

    assert told(admin, f"/inventory/{nic}/changes") == [
        ("scan-3", "changed", "host_pnic"),
        ("scan-2", "changed", "host_pnic"),
    ]
    assert told(admin, f"/inventory/{switch}/changes") == [("scan-3", "removed", "vnic-vedge")]
    assert told(admin, f"/inventory/{switch}/changes?kind=object") == []
    since = "since=2026-11-20T02:30:00Z"
    assert len(told(admin, f"/inventory/{nic}/changes?{since}")) == 1


def test_with_depth_changes_of_the_neighbourhood_are_listed_too(
    admin: FlaskClient, history: History
) -> None:
    switch = object_key("prod", "vedge", f"{HOST}-OVS")
    near = told(admin, f"/inventory/{switch}/changes?depth=2")

    assert {kind for _, _, kind in near} >= {"host_pnic", "vnic-vedge"}
    assert [scan for scan, _, _ in near][:3] == ["scan-3", "scan-3", "scan-2"]
    assert len(told(admin, f"/inventory/{switch}/changes?depth=2&limit=1")) == 1


def test_changes_of_foreign_environments_are_in_no_list(login: Login, history: History) -> None:
    client = login("viewer", other="view")

    assert client.get(f"{ROOT}/changes?total=true").json == {"items": [], "next": None, "total": 0}
    assert client.get(f"{ROOT}/changes?env_name=prod&from_scan=scan-1").status_code == 404
