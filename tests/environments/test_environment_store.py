"""EnvironmentStore on a real store: nothing secret is written, nothing else is touched."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from calipso.errors import ConfigError, Conflict, NotFound, StoreError
from calipso.model.environment import (
    CliSection,
    Environment,
    MysqlSection,
    parse_environment,
)
from calipso.secrets.box import MARK_BOUND, MASK, SecretBox
from calipso.stores.config import key_rotation
from calipso.stores.config.connection_tests import ConnectionTestStore
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

from .conftest import SECRET, openstack_document


def everything(database: Database[dict[str, Any]]) -> str:
    return str([list(database[name].find()) for name in database.list_collection_names()])


def test_an_environment_comes_back_as_it_was_given(store: EnvironmentStore) -> None:
    document = openstack_document()
    document["configuration"][2]["hosts"] = {"compute-1.example.com": {"pwd": SECRET, "port": 23}}

    store.add(document)

    assert store.get("prod") == parse_environment(document)


def test_no_secret_is_in_the_database(store: EnvironmentStore) -> None:
    document = openstack_document()
    document["configuration"][2]["hosts"] = {"c.example": {"pwd": SECRET}}
    document["configuration"].append(
        {"name": "ACI", "host": "192.0.2.9", "user": "u", "pwd": SECRET}
    )

    store.add(document)

    assert SECRET not in everything(store.db)
    assert everything(store.db).count(MARK_BOUND) == 5


def test_lists_and_shows_mask_secrets(store: EnvironmentStore) -> None:
    store.add(openstack_document(name="b"))
    store.add(openstack_document(name="a"))

    listed = store.list()

    assert [document["name"] for document in listed] == ["a", "b"]
    assert SECRET not in str(listed)
    assert MARK_BOUND not in str(listed)
    assert store.masked("a")["configuration"][0]["pwd"] == MASK


def test_the_collection_keeps_its_name_beside_any_inventory(inv: InventoryMgr) -> None:
    assert (
        InventoryMgr("RDO", inv.db).collection_name(EnvironmentStore.NAME) == EnvironmentStore.NAME
    )


def test_a_name_is_given_once(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    with pytest.raises(ConfigError, match="environment prod already exists"):
        store.add(openstack_document(type_drivers="vlan"))

    assert store.get("prod").type_drivers == "vxlan"


def test_replacing_keeps_what_scans_noted(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    store.set_status("prod", scanned=True, last_scanned=datetime(2026, 1, 2, tzinfo=UTC))

    store.add(openstack_document(type_drivers="vlan"), replace=True)

    environment = store.get("prod")
    assert (environment.type_drivers, environment.scanned) == ("vlan", True)
    assert environment.last_scanned == datetime(2026, 1, 2, tzinfo=UTC)


def test_only_states_can_be_set_as_status(store: EnvironmentStore) -> None:
    with pytest.raises(ValueError, match="configuration"):
        store.set_status("prod", configuration=[])


def test_an_update_of_a_section_keeps_the_password_it_does_not_give(
    store: EnvironmentStore,
) -> None:
    store.add(openstack_document())

    store.update("prod", {"listen": True, "configuration": [{"name": "mysql", "port": 3307}]})

    environment = store.get("prod")
    assert environment.listen
    assert environment.section(MysqlSection).port == 3307
    assert environment.section(MysqlSection).pwd == SECRET
    assert environment.section(CliSection).pwd == SECRET


def test_null_takes_away_what_is_stored(store: EnvironmentStore) -> None:
    store.add(openstack_document(listen=True, extra_conditions={"x": None}))
    hosts = {"c.1": {"user": "u", "port": 23}, "c.2": {"port": None, "user": "v"}}

    store.update("prod", {"configuration": [{"name": "CLI", "hosts": hosts}]})
    store.update("prod", {"listen": None, "configuration": [{"name": "CLI", "sudo": None}]})

    document = store.get("prod").document()
    assert document["listen"] is False
    assert document["extra_conditions"] == {"x": None}
    assert document["configuration"][2]["hosts"]["c.2"] == {"user": "v"}


def test_a_section_is_taken_away(store: EnvironmentStore) -> None:
    document = openstack_document()
    document["configuration"].append({"name": "Kubernetes", "host": "a", "port": 1, "user": "u"})
    document["configuration"][-1]["token"] = SECRET
    store.add(document)
    store.set_status("prod", scanned=True)

    store.remove_section("prod", "Kubernetes")

    environment = store.get("prod")
    assert [section.name for section in environment.configuration] == ["OpenStack", "mysql", "CLI"]
    assert environment.scanned
    with pytest.raises(NotFound, match="no section Kubernetes"):
        store.remove_section("prod", "Kubernetes")
    with pytest.raises(ConfigError, match="missing section CLI"):
        store.remove_section("prod", "CLI")


def test_a_change_keeps_what_a_scan_notes_meanwhile(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    def changes(_: Environment) -> dict[str, Any]:
        store.set_status("prod", scanned=True)
        return {"listen": True}

    store.update("prod", changes)

    assert (store.get("prod").listen, store.get("prod").scanned) == (True, True)


def test_a_change_by_somebody_else_meanwhile_is_reported(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    def changes(_: Environment) -> dict[str, Any]:
        store.update("prod", {"queues": {"cli": "far"}})
        return {"listen": True}

    with pytest.raises(Conflict, match="somebody else"):
        store.update("prod", changes)

    assert store.get("prod").queues.cli == "far"
    assert not store.get("prod").listen


def test_a_wrong_update_changes_nothing(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    with pytest.raises(ConfigError, match=r"mysql\.port"):
        store.update("prod", {"configuration": [{"name": "mysql", "port": 0}]})
    with pytest.raises(ConfigError, match="cannot be changed"):
        store.update("prod", {"name": "other"})

    assert store.get("prod") == parse_environment(openstack_document())


def test_words_of_drivers_are_those_of_the_constants(store: EnvironmentStore) -> None:
    wrong = openstack_document(mechanism_drivers=["OSV"], type_drivers="vxlam", nmae=1)

    with pytest.raises(ConfigError) as caught:
        store.add(wrong)

    assert "mechanism_drivers: 'OSV' is not one of OVS, LXB" in caught.value.message
    assert "did you mean vxlan?" in caught.value.message
    assert "nmae: unknown key" in caught.value.message
    assert store.names() == []


def test_an_unknown_name_is_answered_with_the_nearest(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    with pytest.raises(NotFound, match="no environment prd; did you mean prod"):
        store.get("prd")


def test_a_document_with_fields_of_a_newer_release_still_loads(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    store.collection.update_one({"name": "prod"}, {"$set": {"tomorrow": 1}})

    assert store.get("prod").name == "prod"


def test_secrets_stored_in_clear_by_the_original_are_read(store: EnvironmentStore) -> None:
    store.collection.insert_one(openstack_document())

    assert store.get("prod").section(MysqlSection).pwd == SECRET


def test_the_wrong_key_file_is_reported_when_reading(
    store: EnvironmentStore, tmp_path: Path
) -> None:
    store.add(openstack_document())
    other = SecretBox(tmp_path / "other.keys")
    other.encrypt("x")

    with pytest.raises(ConfigError, match=r"other\.keys: no key in it opens"):
        EnvironmentStore(store.db, other).get("prod")
    assert EnvironmentStore(store.db, other).names() == ["prod"]


def test_rotating_the_key_encrypts_anew_and_forgets_the_old_key(
    store: EnvironmentStore, key_path: Path
) -> None:
    store.add(openstack_document())
    old_key, old = key_path.read_text(), everything(store.db)

    assert store.rotate_key() == 1

    assert old_key.strip() not in key_path.read_text()
    assert everything(store.db) != old
    assert store.get("prod").section(MysqlSection).pwd == SECRET
    assert SECRET not in everything(store.db)


def test_what_is_changed_while_the_key_is_rotated_stays(
    store: EnvironmentStore, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes between reading and writing, with the keys it had read before."""
    store.add(openstack_document())
    store.add(openstack_document(name="late"))
    others = SecretBox(key_path.with_name("others.keys"))
    shutil.copy(key_path, others.path)
    other, renewed = EnvironmentStore(store.db, others), SecretBox.renewed
    writes = ["first", "second"]

    def meanwhile(self: SecretBox, value: str) -> str:
        if writes:
            written = writes.pop()
            other.update("prod", {"user": written, "configuration": [{"name": "mysql", "port": 1}]})
            other.update("late", {"configuration": [{"name": "mysql", "pwd": "new"}]})
        return renewed(self, value)

    monkeypatch.setattr(SecretBox, "renewed", meanwhile)
    store.rotate_key()

    environment = store.get("prod")
    assert (environment.user, environment.section(MysqlSection).port) == ("first", 1)
    assert environment.section(MysqlSection).pwd == SECRET
    assert store.get("late").section(MysqlSection).pwd == "new"


def test_what_an_old_key_encrypted_after_its_turn_is_encrypted_anew(
    store: EnvironmentStore, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(openstack_document())
    others = SecretBox(key_path.with_name("others.keys"))
    shutil.copy(key_path, others.path)
    places, passes = key_rotation._places, []

    def between(database: Database[dict[str, Any]]) -> Any:
        passes.append(1)
        if len(passes) == 2:
            change = {"configuration": [{"name": "mysql", "pwd": "new"}]}
            EnvironmentStore(store.db, others).add(openstack_document(name="other"))
            EnvironmentStore(store.db, both).update("prod", change)
        return places(database)

    both = SecretBox(key_path.with_name("both.keys"))
    add_key = SecretBox.add_key

    def added(self: SecretBox) -> None:
        add_key(self)
        new, old = self.path.read_text().splitlines()
        both.path.write_text(f"{old}\n{new}\n")  # encrypts with the old one

    monkeypatch.setattr(SecretBox, "add_key", added)
    monkeypatch.setattr(key_rotation, "_places", between)
    store.rotate_key()

    assert store.get("prod").section(MysqlSection).pwd == "new"
    assert store.get("other").section(MysqlSection).pwd == SECRET


def test_a_test_of_accounts_that_runs_outlives_the_key(
    store: EnvironmentStore, inv: InventoryMgr
) -> None:
    tests = ConnectionTestStore(inv, store.secrets)
    running = tests.create("prod", [("mysql", "db")], [{"name": "mysql", "pwd": SECRET}])
    over = tests.create("prod", [("mysql", "db")], [])
    lost = {
        "targets_configuration": [{"name": "mysql", "pwd": f"{MARK_BOUND}of a key that is gone"}]
    }
    lost |= {"deadline": datetime(2026, 1, 1, tzinfo=UTC)}
    tests.tests.update_one({"_id": over}, {"$set": lost})

    store.rotate_key()

    assert tests.get(running)["targets_configuration"][0]["pwd"] == SECRET


def fill(inventory: InventoryMgr, environment: str) -> None:
    for name in ("inventory", "links", "cliques", "changes", "scans", "scheduled_scans"):
        inventory.collection(name).insert_one({"environment": environment, "status": "completed"})


def test_removing_an_environment_keeps_what_was_found(
    store: EnvironmentStore, inv: InventoryMgr
) -> None:
    store.add(openstack_document())
    fill(inv, "prod")

    assert store.remove("prod") == {}

    assert store.names() == []
    assert inv.collection("inventory").count_documents({"environment": "prod"}) == 1


def test_removing_with_data_leaves_other_environments_and_finds_every_inventory(
    store: EnvironmentStore, inv: InventoryMgr
) -> None:
    for name in ("prod", "prod2"):
        store.add(openstack_document(name=name))
        for inventory in ("inventory", "inventory_dev", "RDO"):
            fill(InventoryMgr(inventory, inv.db), name)
    inv.db["users"].insert_one({"environment": "prod"})

    counted = store.count_data("prod")
    removed = store.remove("prod", with_data=True)

    assert removed == counted
    assert removed.keys() >= {"inventory", "inventory_dev", "RDO", "RDO_links", "cliques_dev"}
    assert removed["scheduled_scans"] == 3
    left = everything(store.db)
    assert left.count("'environment': 'prod'") == 1  # not a collection of ours
    assert left.count("'environment': 'prod2'") == 18
    assert store.names() == ["prod2"]


def test_tasks_of_its_scans_go_too(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    for scan, environment in (("one", "prod"), ("two", "other")):
        scan_document = {"_id": scan, "environment": environment, "status": "completed"}
        store.db["scans"].insert_one(scan_document)
        store.db["scan_tasks"].insert_one({"scan_id": scan})

    store.remove("prod", with_data=True)

    assert [task["scan_id"] for task in store.db["scan_tasks"].find()] == ["two"]


def test_an_environment_is_not_removed_while_it_is_scanned(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    store.db["scans"].insert_one({"_id": "s1", "environment": "prod", "status": "running"})

    with pytest.raises(ConfigError, match="scan s1 has not ended") as caught:
        store.remove("prod", with_data=True)

    assert caught.value.hint == "calipso scan cancel s1"
    assert store.names() == ["prod"]


def test_a_store_that_is_away_is_a_named_error(key_path: Path) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        "mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=200
    )

    with pytest.raises(StoreError) as caught:
        EnvironmentStore(client["calipso"], SecretBox(key_path)).add(openstack_document())

    assert "environments_config" in caught.value.message
    assert SECRET not in caught.value.message
    client.close()
