"""An inventory as it was: equal to a copy that was kept at that time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from calipso.analysis.found import find
from calipso.analysis.graphs import near_graph
from calipso.cli.main import main
from calipso.discover.engine.scan_local import run_local
from calipso.errors import ConfigError
from calipso.model.owners import FIELDS
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.changes import differences, dotted, stable
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.past import PastInventory
from calipso.stores.inventory.past_collection import meets
from calipso.stores.inventory.undo import before
from calipso.stores.mongo.encoding import decode, encode
from calipso.utils.clock import now
from tests.sample_cloud.running import RunningCloud, running_cloud

ENV = "cloud"
#: What a scan keeps of its own, and does not record: places, stamps.
NOT_RECORDED = {name for name in FIELDS if name not in ("_id", "environment", "problems")}

Copy = dict[str, dict[str, Any]]


def copy_of(inv: InventoryMgr) -> dict[str, Copy]:
    """Everything of the environment, without what changes do not record."""
    found: dict[str, Copy] = {}
    for name in ("inventory", "links", "cliques"):
        items = inv.collection(name).find({"environment": ENV})
        found[name] = {str(item["_id"]): kept(decode(item)) for item in items}
    return found


def kept(item: dict[str, Any]) -> dict[str, Any]:
    item = stable(item) if "type" in item else item
    shown = {name: value for name, value in item.items() if name not in NOT_RECORDED}
    if isinstance(shown.get("remote_addresses"), list):
        shown["remote_addresses"] = sorted(shown["remote_addresses"])  # its order means nothing
    return shown


@pytest.fixture
def cloud(inv: InventoryMgr) -> Iterator[RunningCloud]:
    """A cloud of its own."""
    with running_cloud(
        name=ENV, seed=5, hosts=4, instances=8, networks=4, mechanism="ovs"
    ) as running:
        EnvironmentStore().add(running.environment)
        inv.ensure_indexes()
        yield running


def churn(cloud: RunningCloud, inv: InventoryMgr, step: int) -> None:
    """Something different at each step."""
    agent = next(iter(inv.find(ENV, "network_agent")))
    instances = sorted(item["id"] for item in inv.find(ENV, "instance"))
    if step % 5 == 0:
        cloud.mutate("create_instance", name=f"new-{step}")
    elif step % 5 == 1:
        cloud.mutate("delete_instance", id=instances[step % len(instances)])
    elif step % 5 == 2:
        about = {"host": agent["host"], "agent_type": agent["agent_type"]}
        cloud.mutate("set_agent", **about, alive=step % 2 == 1)
    elif step % 5 == 3:
        cloud.mutate("place_instance", id=instances[0], status="ERROR")
    else:
        cloud.mutate("place_instance", id=instances[0], status="ACTIVE")


@pytest.mark.long
@pytest.mark.slow
def test_twenty_random_times_equal_the_copies_that_were_kept(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    kept_copies: list[tuple[datetime, datetime, dict[str, Copy]]] = []
    for step in range(8):
        run_local(ScanRequest(environment=ENV))
        begin = now()
        copy = copy_of(inv)
        time.sleep(0.05)
        kept_copies.append((begin, now(), copy))
        churn(cloud, inv, step)
    chance = random.Random(20)
    different = 0
    for _ in range(20):
        begin, end, copy = chance.choice(kept_copies)
        at = begin + (end - begin) * chance.random()

        then = copy_of(PastInventory(None, at))

        for name, items in copy.items():
            assert then[name].keys() - _folders(then[name]) <= items.keys(), name
            assert items.keys() <= then[name].keys(), name
            known = items.keys() - _folders(items)
            assert {key: items[key] for key in known if then[name][key] != items[key]} == {}, name
        different += copy != kept_copies[-1][2]
    assert different > 5, "nothing changed meanwhile"


def _folders(items: Copy) -> set[str]:
    """Folders of the tree: they have no changes, and follow what is in them."""
    return {key for key, item in items.items() if str(item.get("type", "")).endswith("_folder")}


@pytest.mark.slow
def test_what_is_gone_is_seen_searched_and_drawn_as_it_was(
    cloud: RunningCloud, inv: InventoryMgr, capsys: pytest.CaptureFixture[str]
) -> None:
    run_local(ScanRequest(environment=ENV))
    chosen = inv.find(ENV, "instance")[0]
    graph_before, _ = near_graph(inv, chosen, 4, 1000)
    clique = inv.collection("cliques").find_one({"focal_point": chosen["_id"]})
    assert clique is not None
    time.sleep(0.02)
    at = now()
    time.sleep(0.02)
    cloud.mutate("delete_instance", id=chosen["id"])
    run_local(ScanRequest(environment=ENV))
    assert inv.get_by_id(ENV, chosen["id"]) is None

    then = PastInventory(None, at)

    assert then.get_by_id(ENV, chosen["id"])["name"] == chosen["name"]  # type: ignore[index]
    hits, _ = find(then, [ENV], chosen["id"], 20, [])
    assert [hit.item["id"] for hit in hits] == [chosen["id"]]
    assert not find(inv, [ENV], chosen["id"], 20, [])[0]
    graph, _ = near_graph(then, chosen, 4, 1000)
    drawn = [{node["data"]["key"] for node in one["nodes"]} for one in (graph_before, graph)]
    assert drawn[0] == drawn[1]
    past = then.collection("cliques").find_one({"focal_point": chosen["_id"]})
    assert past is not None
    assert past["objects"] == clique["objects"]
    words = ["inventory", "show", chosen["id"], "--at", at.isoformat(), "-f", "json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["name"] == chosen["name"]
    for command in (
        ["inventory", "list", "-e", ENV, "--type", "instance", "--limit", "0"],
        ["inventory", "tree", "-e", ENV],
        ["search", chosen["id"]],
        ["link", "list", "-e", ENV, "--object", chosen["id"]],
        ["clique", "list", "-e", ENV, "--limit", "0"],
        ["clique", "show", chosen["id"]],
        ["graph", chosen["id"]],
        ["dependents", next(iter(inv.find(ENV, "vedge")))["id"]],
    ):
        assert main([*command, "--at", at.isoformat()]) == 0, command
        out = capsys.readouterr().out
        assert chosen["name"] in out or chosen["id"] in out or "tree" in command, command
    assert main(["inventory", "show", chosen["id"]]) == 1


def scanned(inv: InventoryMgr, environment: str, end: datetime) -> None:
    key = f"scan-{environment}"
    inv.db["scans"].insert_one(
        {"_id": key, "environment": environment, "inventory": "inventory"}
        | {"status": "completed", "submit_timestamp": end, "end_timestamp": end, "request": {}}
    )


def test_a_time_that_changes_do_not_reach_is_an_error_that_says_how_far(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="nothing was scanned yet"):
        PastInventory(None, now())
    scanned(inv, "prod", now() - timedelta(days=10))
    with pytest.raises(ConfigError, match="changes reach back to"):
        PastInventory(None, now() - timedelta(days=11))
    PastInventory(None, now() - timedelta(days=9))
    monkeypatch.setenv("CALIPSO_RETENTION_DAYS_CHANGES", "5")
    settings.cache_clear()
    with pytest.raises(ConfigError, match="changes reach back to"):
        PastInventory(None, now() - timedelta(days=9))
    with pytest.raises(ConfigError, match="is to come"):
        PastInventory(None, now() + timedelta(days=1))


def test_an_environment_that_was_scanned_later_is_not_shown_as_if_it_had_been_there(
    inv: InventoryMgr,
) -> None:
    scanned(inv, "old", now() - timedelta(days=10))
    scanned(inv, "new", now() - timedelta(days=1))
    for name in ("old", "new"):
        inv.set({"environment": name, "type": "host", "id": "h", "name": "h"})
    then = PastInventory(None, now() - timedelta(days=5))

    found = then.collection("inventory").find({"type": "host"})
    assert [item["environment"] for item in found] == ["old"]
    with pytest.raises(ConfigError, match="changes reach back to"):
        list(then.collection("inventory").find({"environment": "new"}))


def test_a_reader_of_the_api_learns_of_no_environment_that_it_does_not_ask_for(
    inv: InventoryMgr,
) -> None:
    scanned(inv, "secret", now() - timedelta(days=1))
    then = PastInventory(None, now() - timedelta(days=5), whole=False)

    assert list(then.collection("inventory").find({"environment": {"$in": ["mine"]}})) == []
    with pytest.raises(ConfigError, match="changes reach back to"):
        list(then.collection("inventory").find({"environment": {"$in": ["secret"]}}))


DOCUMENTS = [
    {"a": 1},
    {"a": {"b": 1, "b.c": 2}},
    {"a": {"b": {"c": 3}, "b.c": 2}},
    {"a": {"b": {}}},
    {"a": {}},
    {"x.y": {"z": [1, 2]}, "a": None},
    {"ports": {"eth0": {"tag": 1}, "eth0.100": {"tag": 2}}},
    {"ports": {"eth0": {"100": {"tag": 5}, "tag": 1}}},
    {"ports": {"eth0": {"tag": 1}}},
]


@pytest.mark.parametrize("old", DOCUMENTS, ids=str)
@pytest.mark.parametrize("new", DOCUMENTS, ids=str)
def test_undoing_a_difference_gives_the_old_object_whatever_its_keys(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    about = {"type": "vedge", "id": "x"}
    fields = differences(encode(old | about), encode(new | about))
    was = {name: encode(old).get(name) for name in dotted(fields)}
    change = {"change": "changed", "kind": "object", **about, "fields": fields, "was": was}
    change = decode(encode(change))

    assert before(deepcopy(new | about), [change]) == old | about


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({"a": 1}, True),
        ({"a": {"$in": [1, 2]}}, True),
        ({"a": {"$gt": 1}}, False),
        ({"a": {"$gte": "1"}}, False),
        ({"b": {"$exists": False}}, True),
        ({"c.d": "x"}, True),
        ({"e": 2}, True),
        ({"e": {"$in": [7]}}, False),
        ({"$or": [{"a": 2}, {"c.d": "x"}]}, True),
        ({"$and": [{"a": 1}, {"c.d": "y"}]}, False),
        ({"b": None}, True),
    ],
)
def test_documents_of_the_past_are_matched_as_the_store_matches(
    inv: InventoryMgr, query: dict[str, Any], fits: bool
) -> None:
    item = {"a": 1, "c": {"d": "x"}, "e": [1, 2]}
    inv.collection("inventory").insert_one(dict(item))

    assert meets(item, query) is fits
    assert (inv.collection("inventory").find_one(query) is not None) is fits
