"""`calipso changes --from --to`: `last` is the newest scan of the environment that is meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: Id and environment, the oldest first.
SCANS = [("east-1", "east"), ("west-1", "west"), ("east-2", "east"), ("west-2", "west")]


@pytest.fixture(autouse=True)
def scanned(inv: InventoryMgr) -> None:
    for minute, (scan_id, environment) in enumerate(SCANS):
        moment = datetime(2026, 1, 31, 12, minute, tzinfo=UTC)
        own = {"environment": environment, "inventory": inv.inventory}
        inv.db["scans"].insert_one(own | {"_id": scan_id, "submit_timestamp": moment})
        inv.set({"environment": environment, "type": "host", "id": scan_id, "name": scan_id})
        inv.collection("changes").insert_one(
            {"environment": environment, "scan_id": scan_id, "time": moment, "change": "added"}
            | {"kind": "object", "type": "host", "id": scan_id, "name": scan_id, "fields": {}}
        )


def added(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    capsys.readouterr()
    assert main(["changes", "-f", "json", *words]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return [item["id"] for item in found]


def test_the_last_scan_is_that_of_the_environment_of_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert added(capsys, "--from", "east-1", "--to", "last") == ["east-2"]
    assert added(capsys, "--from", "west-1", "--to", "last") == ["west-2"]


def test_the_last_scan_is_that_of_the_environment_that_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert added(capsys, "--from", "last", "-e", "east") == []
    assert added(capsys, "-e", "east") == ["east-2"]


def test_without_an_environment_the_last_scan_is_the_newest_of_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert added(capsys, "--from", "last", "--to", "west-2") == []
    assert main(["changes", "--from", "last", "--to", "east-2"]) == 1
    assert "no scan east-2 of west" in capsys.readouterr().err


def test_an_environment_without_a_scan_is_told(
    capsys: pytest.CaptureFixture[str], inv: InventoryMgr
) -> None:
    inv.set({"environment": "north", "type": "host", "id": "n", "name": "n"})

    assert main(["changes", "--from", "last", "-e", "north"]) == 1
    assert "there is no scan of north" in capsys.readouterr().err
