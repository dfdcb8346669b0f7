"""A change beside Calipso does not send a stored secret elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ConfigError
from calipso.model.environment import CliSection, MysqlSection
from calipso.secrets.box import MARK_BOUND, SecretBox, map_secrets
from calipso.stores.config.connection_tests import ConnectionTestStore
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.migrations import m0004_bound_secrets
from calipso.stores.mongo.encoding import encode

from .conftest import SECRET, openstack_document


def changed(store: EnvironmentStore, section: str, **fields: Any) -> None:
    """As somebody does who can write to MongoDB."""
    for field, value in fields.items():
        store.collection.update_one(
            {"name": "prod", "configuration.name": section},
            {"$set": {f"configuration.$.{field}": value}},
        )


@pytest.mark.parametrize("section", ["OpenStack", "mysql", "CLI"])
@pytest.mark.parametrize(
    ("field", "value"), [("host", "192.0.2.66"), ("port", 6666), ("ca_file", "/tmp/mine")]
)
def test_an_address_that_was_changed_beside_is_noticed(
    store: EnvironmentStore, section: str, field: str, value: Any
) -> None:
    store.add(openstack_document())

    changed(store, section, **{field: value})

    with pytest.raises(ConfigError, match="prod: its configuration was changed beside") as raised:
        store.get("prod")
    assert "env add --replace" in raised.value.hint
    assert SECRET not in str(raised.value)
    store.add(openstack_document(), replace=True)
    assert store.get("prod").section(MysqlSection).pwd == SECRET


def test_another_cloud_beside_gets_no_account_of_the_hosts(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    changed(store, "OpenStack", host="192.0.2.66", pwd="mine")

    with pytest.raises(ConfigError, match="changed beside"):
        store.get("prod").section(CliSection)


def test_a_secret_of_another_environment_is_not_taken(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    store.add(openstack_document(name="other"))
    other = store.collection.find_one({"name": "other"}) or {}

    store.collection.update_one(
        {"name": "prod"}, {"$set": {"configuration": other["configuration"]}}
    )

    with pytest.raises(ConfigError, match="changed beside"):
        store.get("prod")


def test_an_encrypted_secret_is_no_secret_for_another_address(store: EnvironmentStore) -> None:
    store.add(openstack_document())
    stored = store.collection.find_one({"name": "prod"}) or {}
    stolen = next(item["pwd"] for item in stored["configuration"] if item["name"] == "mysql")
    assert stolen.startswith(MARK_BOUND)
    document = openstack_document(name="mine")
    for item in document["configuration"]:
        item |= {"host": "192.0.2.66"} | ({"pwd": stolen} if "pwd" in item else {})

    with pytest.raises(ConfigError):
        store.add(document)


def test_a_change_by_calipso_binds_anew(store: EnvironmentStore) -> None:
    store.add(openstack_document())

    store.update("prod", {"configuration": [{"name": "mysql", "host": "192.0.2.66"}]})

    assert store.get("prod").section(MysqlSection).pwd == SECRET


def test_a_test_of_accounts_is_bound_too(store: EnvironmentStore, inv: InventoryMgr) -> None:
    tests = ConnectionTestStore(inv, store.secrets)
    section = {"name": "mysql", "host": "db", "user": "a", "pwd": SECRET}
    test_id = tests.create("prod", [("mysql", "db")], [section])
    assert tests.get(test_id)["targets_configuration"] == [section]

    tests.tests.update_one({"_id": test_id}, {"$set": {"targets_configuration.0.host": "mine"}})

    with pytest.raises(ConfigError, match="changed beside"):
        tests.get(test_id)


def test_secrets_of_an_older_version_are_bound_by_the_upgrade(
    store: EnvironmentStore, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = SecretBox(key_path)
    document = openstack_document()
    old = map_secrets(document["configuration"], box.encrypt)
    store.collection.insert_one(encode(document | {"configuration": old}))
    with pytest.raises(ConfigError, match="older version") as raised:
        store.get("prod")
    assert "db upgrade" in raised.value.hint
    monkeypatch.setattr(m0004_bound_secrets, "SecretBox", lambda: box)

    assert m0004_bound_secrets.affected(store.db) == 1
    assert m0004_bound_secrets.upgrade(store.db) == 1
    assert m0004_bound_secrets.affected(store.db) == 0
    assert m0004_bound_secrets.upgrade(store.db) == 0

    assert store.get("prod").section(MysqlSection).pwd == SECRET
