"""`group_by=` on graphs: a large neighbourhood as a picture of its hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from calipso.api import graphs
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.api.big import Big


@pytest.fixture
def network(inv: InventoryMgr, environment: Callable[..., str]) -> str:
    """The key of a network on all of 12 hosts."""
    Big(environment(), hosts=12, instances=4).write(inv)
    return str(inv.find_all("inventory", {"type": "network"}, sort=[("id", 1)])[0]["_id"])


def graph(client: FlaskClient, key: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/inventory/{key}/graph", query_string={"depth": 4, **query})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_graph_in_groups_stands_for_all_objects_and_opens_where_asked(
    admin: FlaskClient, network: str
) -> None:
    whole = graph(admin, network, limit=5000)
    hosts = {node["data"].get("host") for node in whole["nodes"]} - {None, ""}
    found = graph(admin, network, group_by="host", format="layout")
    data = [node["data"] for node in found["nodes"]]
    name = sorted(hosts)[0]
    opened = graph(admin, network, group_by="host", open=name)

    assert {item["name"] for item in data if item["type"] == "group"} == hosts
    assert sum(item.get("members", 1) for item in data) == len(whole["nodes"])
    assert len(found["layout"]["nodes"]) == len(data)
    assert {"up", ""} >= {item["state"] for item in data if item["type"] == "group"}
    groups = {node["data"]["name"] for node in opened["nodes"] if node["data"]["type"] == "group"}
    assert groups == hosts - {name}


@pytest.mark.parametrize("name", ["a,b", "R&D", "50%", "#1", "a+b", "a/b", "a:b"])
def test_a_group_of_any_name_opens(
    admin: FlaskClient, network: str, inv: InventoryMgr, name: str
) -> None:
    near = [node["data"] for node in graph(admin, network, limit=5000)["nodes"]]
    key = next(item["key"] for item in near if not item["focal_point"])
    inv.update_by_keys("inventory", [key], {"$set": {"project": name}})
    opened = graph(admin, network, group_by="project", open=[name, "another"], limit=5000)
    data = [node["data"] for node in opened["nodes"]]

    assert key in [one["key"] for one in data]


def test_a_picture_has_groups_too(admin: FlaskClient, network: str) -> None:
    answer = admin.get(f"/api/v1/inventory/{network}/graph?depth=4&group_by=host&format=svg")

    assert "compute-00001" in answer.text
    assert "<svg" in answer.text


def test_more_groups_than_the_limit_are_cut_and_more_objects_than_can_be_grouped_are_said(
    admin: FlaskClient, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = graph(admin, network, group_by="host", limit=3)
    monkeypatch.setattr(graphs, "MOST_GROUPED", 5)
    small = graph(admin, network, group_by="type")

    assert (len(cut["nodes"]), cut["truncated"], small["truncated"]) == (3, True, True)
