"""One owner per field: a scan leaves alone what monitoring, people and the engine wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.inventory import object_key
from calipso.model.owners import FIELDS, KEPT_FIELDS, PLACED, STORE_FIELDS, Owner, of_scan
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from tests.sample_cloud.running import RunningCloud, running_cloud

Document = dict[str, Any]

OTHERS: Document = {
    "monitoring": {"status": "critical", "check": {"output": "1 of 2 down"}},
    "notes": ["replaced in May"],
    "problems": [{"code": "tap_missing", "message": "no tap"}],
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(hosts=2, instances=3, networks=2) as served:
        yield served


def scan(environment: str, **options: Any) -> Document:
    record = run_local(ScanRequest(environment=environment, **options))
    assert record["status"] == "completed", record["errors"]
    return record


@pytest.mark.parametrize("options", [{}, {"clear": True}], ids=["again", "with --clear"])
def test_a_scan_keeps_what_others_wrote_and_records_no_change_of_it(
    inv: InventoryMgr, cloud: RunningCloud, options: Document
) -> None:
    name = cloud.environment["name"]
    EnvironmentStore().add(cloud.environment)
    scan(name)
    for collection in ("inventory", "links", "cliques"):
        inv.collection(collection).update_many({}, {"$set": OTHERS})
    before = {c: inv.collection(c).count_documents({}) for c in ("inventory", "links", "cliques")}
    assert min(before.values()) > 0

    second = scan(name, **options)

    for collection, number in before.items():
        stored = list(inv.collection(collection).find({"generation": second["generation"]}))
        kept = [item for item in stored if {key: item.get(key) for key in OTHERS} == OTHERS]
        assert (collection, len(stored), len(kept)) == (collection, number, number)
    assert inv.find_all("changes", {"scan_id": second["_id"]}) == []


def test_what_others_wrote_stays_when_the_cloud_changed_too(
    inv: InventoryMgr, cloud: RunningCloud
) -> None:
    """The update of an object and of a link sets what changed and nothing else."""
    name = cloud.environment["name"]
    EnvironmentStore().add(cloud.environment)
    scan(name)
    instance = inv.find(name, "instance")[0]
    inv.collection("inventory").update_many({}, {"$set": OTHERS | {"gone_now": 1}})
    inv.collection("inventory").update_one({"_id": instance["_id"]}, {"$set": {"name": "was"}})
    inv.collection("links").update_many({}, {"$set": OTHERS | {"state": "was"}})

    second = scan(name)

    stored = inv.find_by_keys([instance["_id"]])[instance["_id"]]
    assert stored["name"] == instance["name"]
    assert "gone_now" not in stored
    assert {key: stored[key] for key in OTHERS} == OTHERS
    links = inv.find_all("links", {"environment": name})
    assert all({key: link[key] for key in OTHERS} == OTHERS for link in links)
    assert all(link["state"] != "was" for link in links)
    changes = inv.find_all("changes", {"scan_id": second["_id"]})
    named = {field.partition(".")[0] for change in changes for field in change["fields"]}
    assert named == {"name", "gone_now", "state"}


def test_a_fetcher_cannot_write_the_fields_of_others(inv: InventoryMgr) -> None:
    writer = ObjectWriter(inv, "e", "s1", generation=1)
    writer.add({"type": "host", "id": "h", "name": "h", "notes": "from the cloud"})
    writer.flush()
    writer.add({"type": "host", "id": "h", "problems": [], "cpus": 2}, enriches=True)
    writer.flush()

    stored = inv.get_by_id("e", "h") or {}
    assert stored["cpus"] == 2
    assert stored["enriched"] == ["cpus"]
    assert KEPT_FIELDS.isdisjoint(stored)


def test_a_source_cannot_write_the_fields_of_the_store(inv: InventoryMgr) -> None:
    wrong: Document = dict.fromkeys(STORE_FIELDS - PLACED, "from the cloud")
    place = {"id_path": "/e/h", "name_path": "/e/h", "fetched_by": {"fetcher": "F"}}
    writer = ObjectWriter(inv, "e", "s1", generation=1)
    for scanned in range(2):  # inserted, then updated
        writer.add({**wrong, **place, "type": "host", "id": "h", "cpus": scanned})
        writer.flush()
    writer.add({**wrong, "id_path": "/", "type": "host", "id": "h", "ram": 4}, enriches=True)
    writer.flush()

    stored = inv.get_by_id("e", "h") or {}
    assert "from the cloud" not in stored.values()
    assert (stored["cpus"], stored["ram"], stored["enriched"]) == (1, 4, ["ram"])
    assert {name: stored[name] for name in PLACED} == place
    assert not stored.keys() & {"clique", "stale_since"}


def test_a_link_finder_and_a_clique_cannot_write_the_fields_of_others(inv: InventoryMgr) -> None:
    writer = GraphWriter(inv, "e", "s1", generation=1)
    ends = {"source": object_key("e", "t", "a"), "target": object_key("e", "t", "b")}
    names = {"source_id": "a", "target_id": "b", "link_name": "", "link_type": "t-t"}
    link = {"_id": object_key("e", "link", "1"), "environment": "e", "finder": "F", **ends, **names}
    writer.save_links("F", [link | OTHERS])
    focal = {"focal_point": ends["source"], "environment": "e", "clique_type": "C"}
    writer.save_cliques([focal | OTHERS | {"_id": object_key("e", "clique", "1")}])

    for collection in ("links", "cliques"):
        (stored,) = inv.find_all(collection, {})
        assert KEPT_FIELDS.isdisjoint(stored)


def test_who_writes_back_what_it_read_takes_back_nothing_of_others(inv: InventoryMgr) -> None:
    inv.set({"environment": "e", "type": "host", "id": "h", "name": "h"})
    read = inv.get_by_id("e", "h") or {}
    inv.collection("inventory").update_one({"_id": read["_id"]}, {"$set": OTHERS})

    inv.set(read | {"name": "new", "monitoring": {"status": "ok"}})

    stored = inv.get_by_id("e", "h") or {}
    assert stored["name"] == "new"
    assert {key: stored[key] for key in OTHERS} == OTHERS


def test_a_scan_writes_its_own_fields_and_the_stores_and_no_others() -> None:
    assert {FIELDS[name] for name in OTHERS} == {Owner.MONITORING, Owner.PEOPLE, Owner.PROBLEMS}
    assert {FIELDS[name] for name in STORE_FIELDS} == {Owner.STORE}
    written = of_scan(dict.fromkeys([*FIELDS, "mac_address"], 1))
    assert written.keys() == STORE_FIELDS | {"mac_address"}
