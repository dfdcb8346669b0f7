"""Schemas of a database: known, upgraded, also by two at once and after a kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ConfigError, StoreError
from calipso.stores.migrations.migrator import COLLECTION, KEY, Migrator, find_migrations
from calipso.stores.mongo.mongo_access import MongoAccess
from tests.migrations.conftest import Package


@pytest.fixture
def things(home: Path) -> Any:
    """Three documents that test migrations change."""
    collection = MongoAccess().db["things"]
    collection.insert_many([{"n": n} for n in range(3)])
    return collection


def document() -> dict[str, Any]:
    found = MongoAccess().db[COLLECTION].find_one({"_id": KEY})
    assert found is not None
    return found


def test_the_migrations_of_the_product_are_numbered_and_described() -> None:
    found = find_migrations()

    assert found[0].name == "baseline"
    assert all(item.description for item in found)


def test_a_fresh_database_gets_the_newest_schema_at_once(home: Path) -> None:
    migrator = Migrator()
    assert migrator.status().empty

    migrator.ready()

    assert migrator.status().version == len(migrator.migrations) > 0
    assert not migrator.status(look_at_indexes=True).missing_indexes


def test_migrations_run_once_in_order_and_are_recorded(things: Any, package: Package) -> None:
    migrator = Migrator(package=package("first", "second"))
    told: list[tuple[str, int]] = []

    migrator.upgrade(lambda item, changed: told.append((item.name, changed)))
    migrator.upgrade(lambda item, changed: told.append((item.name, changed)))

    assert told == [("first", 3), ("second", 3)]
    assert things.count_documents({"first": 1, "second": 1}) == 3
    assert [item["number"] for item in document()["applied"]] == [1, 2]
    assert document()["lock"] is None


def test_what_failed_half_way_is_done_at_the_next_upgrade(things: Any, package: Package) -> None:
    made = package("first", broken="db.things.update_one({'n': 0}, {'$set': {'broken': 1}}); 1 / 0")
    migrator = Migrator(package=made)
    with pytest.raises(ZeroDivisionError):
        migrator.upgrade()
    assert migrator.status().version == 1
    assert not migrator.status().holder

    Path(made.__path__[0], "m0002_broken.py").write_text(
        Path(made.__path__[0], "m0001_first.py").read_text().replace("first", "broken")
    )
    import sys

    del sys.modules["made_for_test.m0002_broken"]
    again = Migrator(package=made)
    told: list[int] = []
    again.upgrade(lambda _, changed: told.append(changed))

    assert told == [2]
    assert again.status().version == 2


def test_two_upgrades_at_once_apply_each_migration_once(things: Any, package: Package) -> None:
    made = package(slow="db.calls.insert_one({}); time.sleep(0.5)")
    migrators = [Migrator(package=made) for _ in range(2)]
    threads = [threading.Thread(target=item.upgrade) for item in migrators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert MongoAccess().db["calls"].count_documents({}) == 1
    assert [item["number"] for item in document()["applied"]] == [1]


def test_the_error_after_too_long_a_wait_names_the_upgrading_process(
    things: Any, package: Package
) -> None:
    holder = {"owner": "worker1:77:abc", "until": datetime.now(UTC) + timedelta(seconds=60)}
    MongoAccess().db[COLLECTION].insert_one({"_id": KEY, "version": 0, "lock": holder})

    with pytest.raises(StoreError, match="worker1:77:abc has been upgrading"):
        Migrator(package=package("first")).upgrade(wait=0.3)


def test_the_lock_is_renewed_while_a_migration_takes_long(things: Any, package: Package) -> None:
    migrator = Migrator(package=package(slow="time.sleep(1.5)"), lease=0.6)
    thread = threading.Thread(target=migrator.upgrade)
    thread.start()
    seen = []
    while thread.is_alive():
        seen.append(bool(Migrator(package=package(slow="pass")).status().holder))
        time.sleep(0.1)
    thread.join()

    assert all(seen[2:10])
    assert document()["version"] == 1


def _upgrade_with_short_lease(package_name: str, folder: str) -> None:
    import importlib
    import sys

    sys.path.insert(0, folder)
    Migrator(package=importlib.import_module(package_name), lease=1.0).upgrade()


def test_after_the_kill_of_an_upgrade_another_goes_on(things: Any, package: Package) -> None:
    made = package(
        "first", slow="db.calls.insert_one({}); time.sleep(0 if os.getenv('FAST') else 60)"
    )
    folder = str(Path(made.__path__[0]).parent)
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_upgrade_with_short_lease, args=("made_for_test", folder))
    child.start()
    calls = MongoAccess().db["calls"]
    deadline = time.monotonic() + 30
    while not calls.count_documents({}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join(10)
    assert Migrator(package=made).status().version == 1

    os.environ["FAST"] = "1"
    try:
        Migrator(package=made).upgrade(wait=20)
    finally:
        del os.environ["FAST"]

    assert calls.count_documents({}) == 2
    assert things.count_documents({"first": 1, "slow": 1}) == 3
    assert document()["version"] == 2


def test_who_lost_the_lock_does_not_record_a_migration(things: Any, package: Package) -> None:
    taken = "db.schema_version.update_one({}, {'$set': {'lock.owner': 'another'}})"
    migrator = Migrator(package=package(slow=taken))

    with pytest.raises(StoreError, match="another process has taken over"):
        migrator.upgrade()

    assert document()["version"] == 0
    assert document()["lock"]["owner"] == "another"


def test_a_newer_schema_is_refused_and_left_alone(things: Any, package: Package) -> None:
    MongoAccess().db[COLLECTION].insert_one({"_id": KEY, "version": 9, "lock": None})
    migrator = Migrator(package=package("first"))

    for refused in (migrator.check, migrator.ready, migrator.upgrade):
        with pytest.raises(ConfigError, match="has schema 9") as caught:
            refused()
        assert "newer calipso" in caught.value.hint

    assert things.count_documents({"first": 1}) == 0


def test_an_older_schema_with_data_is_not_upgraded_unasked(things: Any, package: Package) -> None:
    MongoAccess().db["environments_config"].insert_one({"name": "prod"})
    migrator = Migrator(package=package("first"))

    with pytest.raises(ConfigError) as caught:
        migrator.ready()
    assert "calipso db upgrade" in caught.value.hint
    assert things.count_documents({"first": 1}) == 0

    migrator.ready(upgrade=True)
    assert things.count_documents({"first": 1}) == 3


def test_a_gap_in_the_numbers_is_an_error(package: Package) -> None:
    made = package("first", "second", "third")
    Path(made.__path__[0], "m0002_second.py").unlink()

    with pytest.raises(ConfigError, match="1, 3"):
        find_migrations(made)


def test_older_changes_of_links_get_their_ends(home: Path) -> None:
    changes = MongoAccess().db["changes"]
    link = {"kind": "link", "type": "vnic-vedge", "id": "h1-tap1 -> h1-OVS [net [a]]"}
    changes.insert_many([{"_id": 1, **link}, {"_id": 2, "kind": "object", "id": "h1"}])
    migration = find_migrations()[1]

    assert migration.affected(MongoAccess().db) == 1
    assert migration.upgrade(MongoAccess().db) == 1
    assert migration.upgrade(MongoAccess().db) == 0
    found = {item["_id"]: item for item in changes.find()}
    ends = {"source_id": "h1-tap1", "target_id": "h1-OVS"}
    assert found == {1: {"_id": 1, **link, **ends}, 2: {"_id": 2, "kind": "object", "id": "h1"}}
