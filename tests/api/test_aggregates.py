"""`/aggregates`: counts, and counts over time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big
from tests.api.conftest import Login

ROOT = "/api/v1/aggregates"
START = datetime(2026, 11, 20, tzinfo=UTC)


def add_scan(inv: InventoryMgr, hour: int, **fields: object) -> None:
    """A scan that read everything."""
    whole = {"links_only": False, "cliques_only": False, "object_id": None, "scanner": None}
    inv.db["scans"].insert_one(
        {
            "_id": f"scan-{hour}",
            "environment": "prod",
            "inventory": "inventory",
            "status": "completed",
            "request": whole,
            "counts": {"host": 3, "instance": 10 * hour, "links": 7},
            "end_timestamp": START + timedelta(hours=hour),
        }
        | fields
    )


def test_objects_links_and_cliques_are_counted_by_type(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    for name in ("prod", "other"):
        Big(environment(name), hosts=3, instances=4).write(inv)
    found = admin.get(f"{ROOT}?type=environment&env_name=prod").json

    assert found["env_name"] == "prod"
    assert found["aggregates"]["object_types"] == {
        "host": 3,
        "host_pnic": 6,
        "instance": 12,
        "network": 3,
        "otep": 3,
        "region": 1,
        "vedge": 3,
        "vnic": 12,
    }
    assert found["aggregates"]["link_types"]["instance-vnic"] == 12
    assert found["aggregates"]["cliques"] == {"instance": 12}


def test_messages_are_counted_for_environments_one_may_view(
    login: Login, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    for name, level, hour in (
        ("prod", "error", 1),
        ("prod", "info", 30),
        ("prod", "error", 2),
        ("other", "error", 1),
    ):
        if hour == 1:
            environment(name)
        moment = START + timedelta(hours=hour)
        line = {"environment": name, "level": level, "timestamp": moment}
        inv.db["messages"].insert_one(line)
    client = login("viewer", prod="view")

    assert client.get(f"{ROOT}?type=message").json["aggregates"] == {
        "levels": {"error": 2, "info": 1},
        "environments": {"prod": 3},
        "days": {"2026-11-20": {"error": 2}, "2026-11-21": {"info": 1}},
    }
    assert client.get(f"{ROOT}?type=message&env_name=other").status_code == 404


def test_constants_are_counted(login: Login) -> None:
    names = login("viewer").get(f"{ROOT}?type=constant").json["aggregates"]["names"]

    assert names["link_states"] == 3
    assert "_comment" not in names


@pytest.mark.parametrize("query", ["", "?type=nothing", "?type=environment"])
def test_what_to_count_must_be_said(admin: FlaskClient, query: str) -> None:
    assert admin.get(f"{ROOT}{query}").status_code == 400


def test_counts_over_time_are_those_of_whole_scans(
    admin: FlaskClient, inv: InventoryMgr, environment: Callable[..., str]
) -> None:
    environment("prod")
    for hour in (3, 1, 2):
        add_scan(inv, hour)
    add_scan(inv, 4, status="failed")
    add_scan(inv, 5, inventory="inventory_dev")
    add_scan(inv, 6, request={"links_only": True})
    path = f"{ROOT}/history?env_name=prod"
    first = int((START + timedelta(hours=1)).timestamp() * 1000)
    series = admin.get(path).json["series"]

    assert [one["target"] for one in series] == ["host", "instance", "links"]
    assert [number for number, _ in series[1]["datapoints"]] == [10, 20, 30]
    assert series[0]["datapoints"][0] == [3, first]
    some = admin.get(f"{path}&type=instance&since=2026-11-20T02:00:00Z&limit=1").json["series"]
    assert [number for number, _ in some[0]["datapoints"]] == [30]
    assert admin.get(f"{path}&until=2026-11-20T00:30:00Z").json["series"] == []
