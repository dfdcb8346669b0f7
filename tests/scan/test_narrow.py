"""A scan finds again only the links and cliques that its changes touch.

The law: after any sequence of scans, links, cliques and problems are those that all finders
together would find from the inventory as it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents

ENV = "narrow"
Document = dict[str, Any]

#: Objects that are scanned again, by type.
SCANNED = ("host", "instance", "port", "network", "vservice", "vnic", "vedge", "host_pnic")


@pytest.fixture(scope="module", params=["mixed"])
def running(request: pytest.FixtureRequest) -> Iterator[RunningCloud]:
    sizes = {"hosts": 6, "instances": 30, "networks": 8, "mechanism": request.param}
    with running_cloud(name=ENV, seed=11, **sizes) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: RunningCloud, inv: InventoryMgr) -> Iterator[RunningCloud]:
    running.clear()
    EnvironmentStore().add(running.environment)
    yield running
    running.clear()


def run(**options: Any) -> Document:
    record = run_local(ScanRequest(environment=ENV, **options))
    assert record["status"] in ("completed", "completed_with_errors"), record["errors"]
    return record


def links_and_cliques(inv: InventoryMgr) -> Document:
    """What is derived from the inventory, with the flags and problems that objects have of it."""
    found = contents(inv, ENV)
    marks = {
        (item["type"], item["id"]): (item.get("clique"), _problems(item))
        for item in found["inventory"]
    }
    return {"links": found["links"], "cliques": found["cliques"], "marks": marks}


def _problems(item: Document) -> list[tuple[str, str]]:
    return [(problem["code"], problem["message"]) for problem in item.get("problems", ())]


def all_again(inv: InventoryMgr) -> Document:
    """What all finders together find from the same inventory."""
    mine = {"_id": f"{inv.inventory}/{ENV}"}
    store = ScanStore(inv)
    derived = (store.generations.find_one(mine) or {}).get("derived")
    run(links_only=True)
    run(cliques_only=True)
    if derived:  # the next scan may build on what the one before has left
        store.generations.update_one(mine, {"$set": {"derived": derived}})
    return links_and_cliques(inv)


def tasks(inv: InventoryMgr, record: Document, kind: str) -> list[Document]:
    return ScanStore(inv).scan_tasks(record["_id"], kind=kind)


def test_a_scan_of_an_unchanged_object_finds_no_link_again(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    run()
    before = links_and_cliques(inv)

    record = run(object_id=inv.find(ENV, "instance", ["id"])[0]["id"], object_type="instance")

    assert record["narrow"]
    assert [*tasks(inv, record, "links"), *tasks(inv, record, "cliques")] == []
    assert links_and_cliques(inv) == before


def test_a_change_on_one_host_runs_only_the_finders_of_that_host(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    run()
    host = inv.find(ENV, "instance", ["host"])[0]["host"]
    cloud.mutate("create_instance", host=host)

    record = run(object_id=host, object_type="host")

    assert record["narrow"]
    done = tasks(inv, record, "links")
    assert {tuple(task["hosts"]) for task in done if "hosts" in task} == {(host,)}
    assert all(task["reached"] for task in tasks(inv, record, "cliques"))
    assert links_and_cliques(inv) == all_again(inv)


def test_a_scan_after_one_that_was_cut_off_does_everything_again(
    cloud: RunningCloud, inv: InventoryMgr
) -> None:
    run()
    instance = inv.find(ENV, "instance", ["id"])[0]["id"]
    run(object_id=instance, object_type="instance", inventory_only=True)

    record = run(object_id=instance, object_type="instance")

    assert not record["narrow"]
    assert run(object_id=instance, object_type="instance")["narrow"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 3))])
def test_any_sequence_of_changes_and_scans_of_parts_leaves_what_all_finders_find(
    seed: int, cloud: RunningCloud, inv: InventoryMgr
) -> None:
    chance = random.Random(seed)
    run()
    narrow = 0
    for _step in range(8):
        change(cloud, chance)
        record = run(**part(inv, chance))
        narrow += record["narrow"]
        assert links_and_cliques(inv) == all_again(inv), record["request"]
    assert narrow >= 4
    assert not run()["narrow"]  # a scan of everything finds everything
    after = contents(inv, ENV)
    run(clear=True)
    assert contents(inv, ENV) == after


def change(cloud: RunningCloud, chance: random.Random) -> None:
    """One change of the cloud, or none."""
    kind = chance.choice(("create", "create", "delete", "router", "none"))
    if kind == "create":
        cloud.mutate("create_instance")
    elif kind == "delete":
        cloud.mutate("delete_instance")
    elif kind == "router":
        with suppress(HTTPError):  # every network may have one already
            cloud.mutate("add_router_interface")


def part(inv: InventoryMgr, chance: random.Random) -> Document:
    """The request of a scan of one object that is stored."""
    while True:
        kind = chance.choice(SCANNED)
        if known := sorted(item["id"] for item in inv.find(ENV, kind, ["id"])):
            return {"object_id": chance.choice(known), "object_type": kind}
