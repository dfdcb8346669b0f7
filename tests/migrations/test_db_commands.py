"""`calipso db`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calipso.cli.main import main
from calipso.stores.migrations.migrator import COLLECTION, KEY, find_migrations
from calipso.stores.mongo.mongo_access import MongoAccess

KNOWN = len(find_migrations())


def test_upgrade_twice_and_status(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "status"]) == 1
    assert main(["db", "upgrade"]) == 0
    capsys.readouterr()
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == f"schema {KNOWN}\n"

    assert main(["db", "status", "-f", "json"]) == 0
    row, *_ = json.loads(capsys.readouterr().out)
    assert row["name"] == "baseline"
    assert row["state"] == "applied"
    assert row["at"]


def test_a_dry_run_lists_changes_and_makes_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade", "--dry-run"]) == 0

    out = capsys.readouterr().out
    assert "baseline: would change" in out
    assert f"schema 0, would be {KNOWN}" in out
    assert MongoAccess().db.list_collection_names() == []


def test_a_newer_database_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = {"number": 9, "name": "later", "changed": 3}
    MongoAccess().db[COLLECTION].insert_one({"_id": KEY, "version": 9, "applied": [newer]})

    assert main(["db", "upgrade"]) == 1
    assert f"knows schemas up to {KNOWN}" in capsys.readouterr().err
    assert main(["db", "status"]) == 1
    assert "later" in capsys.readouterr().out


def test_status_reports_a_missing_index(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["db", "upgrade"])
    MongoAccess().db["users"].drop_index("name_1")
    capsys.readouterr()

    assert main(["db", "status"]) == 1
    assert "users.name_1" in capsys.readouterr().err
    assert main(["db", "upgrade"]) == 0
    assert "index users.name_1" in capsys.readouterr().out
