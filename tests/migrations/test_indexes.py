"""Indexes: those the stores want, made when missing or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calipso.errors import StoreError
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.migrations import indexes
from calipso.stores.mongo.mongo_access import MongoAccess


def test_all_are_made_and_then_none_is_missing(home: Path) -> None:
    database = MongoAccess().db
    made = indexes.make(database)

    assert {"inventory.environment_type_id", "users.name_1", "messages.scan_id"} & set(made)
    assert "scheduled_scans.name" in made
    assert indexes.missing(database) == []
    assert indexes.make(database) == []


def test_each_inventory_that_was_scanned_gets_its_own(home: Path) -> None:
    database = MongoAccess().db
    database["scans"].insert_many([{"inventory": "RDO"}, {"inventory": "not a name$"}])

    made = indexes.make(database)

    assert "RDO.environment_id" in made
    assert "RDO_links.source" in made


def test_an_index_with_other_options_is_made_anew(inv: InventoryMgr) -> None:
    users = inv.db["users"]
    users.create_index("name", name="name_1")
    assert "users.name_1" in [f"{c}.{i.document['name']}" for c, i in indexes.missing(inv.db)]

    indexes.make(inv.db)

    assert users.index_information()["name_1"]["unique"]


def test_an_index_on_the_same_fields_with_another_name_gives_way(inv: InventoryMgr) -> None:
    schedules = inv.db["scheduled_scans"]
    schedules.create_index("name", name="by_hand")

    indexes.make(inv.db)

    assert schedules.index_information()["name"]["unique"]


def test_doubles_under_a_unique_index_are_reported(inv: InventoryMgr) -> None:
    inv.db["users"].insert_many([{"name": "ann"}, {"name": "ann"}])

    with pytest.raises(StoreError, match=r"index users\.name_1") as caught:
        indexes.make(inv.db)

    assert "remove one" in caught.value.hint
