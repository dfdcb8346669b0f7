"""InventoryMgr: names of collections, reading, and writes that meet each other."""

from __future__ import annotations

import threading

import pytest
from bson import ObjectId
from pymongo import InsertOne
from pymongo.errors import BulkWriteError

from calipso.model.inventory import object_key
from calipso.stores.inventory.generations import not_newer, older
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.mongo import mongo_access, stretches
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.mongo.stretches import prefix_range


def document(number: int, **more: object) -> dict[str, object]:
    return {
        "type": "host",
        "id": f"h{number}",
        "name": f"h{number}",
        "id_path": f"/e/h{number}",
        "fetched_by": {"node": "ScanHost[0]"},
        **more,
    }


@pytest.mark.parametrize(
    ("inventory", "links"),
    [("inventory", "links"), ("inventory_dev", "links_dev"), ("RDO", "RDO_links")],
)
def test_collections_are_named_after_the_inventory(inventory: str, links: str):
    manager = InventoryMgr(inventory)

    assert manager.collection_name("inventory") == inventory
    assert manager.collection_name("links") == links
    assert manager.collection_name("environments_config") == "environments_config"


def test_keys_with_dots_come_back_as_they_were(inv: InventoryMgr):
    item = {
        "environment": "e",
        "type": "vconnector",
        "id": "b",
        "interfaces": {"eth0.7": {"$a": 1}},
    }

    inv.set(item)

    found = inv.get_by_id("e", "b")
    assert found is not None
    assert found["interfaces"] == {"eth0.7": {"$a": 1}}


def test_equal_ids_of_two_types_are_two_objects(inv: InventoryMgr):
    for object_type in ("aggregate", "project"):
        inv.set({"environment": "e", "type": object_type, "id": "1"})

    found = inv.get_by_id("e", "1", object_type="project")

    assert found is not None
    assert found["type"] == "project"
    assert len(inv.find_items({"environment": "e", "id": "1"})) == 2


def test_a_prefix_is_a_range_and_no_pattern(inv: InventoryMgr):
    for path in ("/e/a", "/e/a.*", "/e/ab", "/e/b"):
        inv.set({"environment": "e", "type": "host", "id": path, "id_path": path})

    found = inv.find_items({"id_path": prefix_range("/e/a.*")})

    assert [item["id"] for item in found] == ["/e/a.*"]


def test_an_insert_that_comes_late_becomes_an_update(inv: InventoryMgr):
    key = object_key("e", "host", "h1")
    inv.bulk("inventory", [InsertOne({"_id": key, "environment": "e", "type": "host", "id": "h1"})])
    again = {"_id": key, "environment": "e", "type": "host", "id": "h1", "name": "later"}
    other = {"_id": object_key("e", "host", "h2"), "environment": "e", "type": "host", "id": "h2"}

    inv.bulk("inventory", [InsertOne(again), InsertOne(other)])

    assert {item["id"]: item.get("name") for item in inv.find("e", "host")} == {
        "h1": "later",
        "h2": None,
    }


def test_other_write_errors_are_raised(inv: InventoryMgr):
    too_large = {"_id": object_key("e", "host", "h1"), "environment": "e", "blob": "x" * (17 << 20)}

    with pytest.raises((BulkWriteError, Exception), match=r"(?i)large|size|exceed"):
        inv.bulk("inventory", [InsertOne(too_large)])


def test_writers_at_once_leave_each_object_once(inv: InventoryMgr):
    def write() -> None:
        writer = ObjectWriter(inv, "e", "s1")
        for number in range(300):
            writer.add(document(number))
        writer.flush()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(inv.find("e", "host")) == 300
    assert inv.collection("inventory").count_documents({}) == 300


def test_enriched_fields_survive_the_fetch_that_does_not_know_them(inv: InventoryMgr):
    writer = ObjectWriter(inv, "e", "s1")
    writer.add(document(1, zone="nova"))
    writer.flush()
    writer.add({"type": "host", "id": "h1", "OS": {"name": "Debian"}}, enriches=True)
    writer.flush()

    again = ObjectWriter(inv, "e", "s2")
    again.add(document(1, zone="east"))
    again.flush()

    found = inv.get_by_id("e", "h1")
    assert found is not None
    assert (found["OS"], found["zone"]) == ({"name": "Debian"}, "east")
    changes = inv.find_all("changes", {"scan_id": "s2"})
    assert [change["fields"] for change in changes] == [{"zone": {"old": "nova", "new": "east"}}]


def test_a_field_that_vanished_at_the_source_vanishes(inv: InventoryMgr):
    writer = ObjectWriter(inv, "e", "s1")
    writer.add(document(1, zone="nova"))
    writer.flush()

    writer.add(document(1))
    writer.flush()

    found = inv.get_by_id("e", "h1")
    assert found is not None
    assert "zone" not in found


def test_a_host_that_is_not_stored_is_not_enriched_into_being(inv: InventoryMgr):
    writer = ObjectWriter(inv, "e", "s1")
    writer.add({"type": "host", "id": "ghost", "OS": {}}, enriches=True)
    writer.flush()

    assert inv.get_by_id("e", "ghost") is None


def test_a_list_read_in_stretches_holds_every_object_once_whatever_its_id(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stretches, "STRETCH_HOSTS", 2)
    ids = ["", "!", "0", "00", "1", "7f3c", "f", "ff", "g", "A", "Z-1", "~", "\u00e9", "\U0001f600"]
    ids += [f"h{number}-tap" for number in range(9)]
    for number in range(9):
        inv.set({"environment": "e", "type": "host", "id": f"h{number}"})
    for name in ids:
        inv.set({"environment": "e", "type": "vnic", "id": name})
        inv.set({"environment": "other", "type": "vnic", "id": name})

    found = inv.find("e", "vnic", ["id", "environment"])

    assert sorted(item["id"] for item in found) == sorted(ids)
    assert {item["environment"] for item in found} == {"e"}


def test_a_mongodb_of_ones_own_itself_refuses_writes_of_an_older_scan(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MongoAccess, "embedded", True)
    assert inv.guard(older(5)) == {}, "the embedded store is not asked to"
    monkeypatch.setattr(MongoAccess, "embedded", False)
    collection, key = inv.collection("inventory"), ObjectId()
    collection.insert_one({"_id": key, "environment": "e", "generation": 5, "state": "up"})

    inv.update_by_keys("inventory", [key], {"$set": {"state": "old"}}, inv.guard(not_newer(4)))
    inv.delete_by_keys("inventory", [key], inv.guard(older(5)))
    kept = collection.find_one({"_id": key})
    inv.delete_by_keys("inventory", [key], inv.guard(older(6)))

    assert kept is not None
    assert kept["state"] == "up"
    assert collection.find_one({"_id": key}) is None


def test_nobody_waits_for_the_first_question_of_another_thread(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    held: list[bool] = []
    monkeypatch.setattr(mongo_access, "person_waits", lambda: True)
    monkeypatch.setattr(
        mongo_access, "check_moves", lambda *_: held.append(mongo_access._lock.locked())
    )
    mongo_access.close_clients()

    inv.get_by_id("e", "x")
    inv.get_by_id("e", "x")

    assert held == [False]
