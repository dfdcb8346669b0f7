"""Each command that changes what is stored leaves an entry: who, what, which thing; no secrets."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.lazy import COMMANDS, load
from calipso.cli.main import main
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.first_admin import ensure_admin
from calipso.stores.scans.scan_store import ScanStore

SECRET = "s3cret-of-the-cloud"
DOCUMENT = {
    "name": "east",
    "configuration": [
        {"name": name, "host": "192.0.2.1", "user": "scan", "pwd": SECRET}
        for name in ("OpenStack", "mysql", "CLI")
    ],
}

#: Commands that leave an entry.
CHANGES = {
    *("env add", "env set", "env remove", "env rotate-key"),
    *("scan run", "scan cancel"),
    *("schedule add", "schedule remove", "schedule enable", "schedule disable"),
    "db upgrade",
    *("events reconcile", "events retry"),
    *("intent add", "intent remove", "mute add", "mute remove"),
    *("monitoring ack", "monitoring silence", "monitoring deploy", "monitoring remove"),
    *("monitoring webhook add", "monitoring webhook remove"),
    *("user add", "user passwd", "user grant", "user remove", "user token", "user revoke"),
}
#: Those that change nothing a person would ask about: they read, or start and stop processes.
READS = {
    *("env list", "env show", "env test", "env record"),
    *("scan list", "scan show", "scan log"),
    *("schedule list", "schedule show"),
    *("inventory list", "inventory show", "inventory tree"),
    *("link list", "clique list", "clique show", "db status", "config show", "check"),
    *("user list", "user show", "user tokens"),
    *("up", "down", "status", "api", "worker", "beat", "demo"),
    *("search", "changes", "graph", "dependents", "path", "why", "diff", "impact", "spof", "mcp"),
    *("drift", "intent check", "intent list", "intent pin", "mute list"),
    *("events dead", "events list", "events listen", "events run", "events show", "events status"),
    *("monitoring handle", "monitoring icinga"),  # results of other systems: changes of a status
    *("monitoring webhook list", "monitoring webhook test"),
    *("monitoring list", "monitoring show", "monitoring summary", "monitoring hosts"),
    *("monitoring projects",),
    *("monitoring render", "monitoring run", "monitoring status"),
}


@pytest.fixture
def run(inv: InventoryMgr, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A command that is well; what it shows."""

    def call(*words: str) -> str:
        assert main([*words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out.strip()

    return call


def entries() -> list[dict[str, Any]]:
    """All of them, the oldest first."""
    return list(AuditStore().collection.find().sort("_id", 1))


def commands(found: Any, words: str) -> Iterator[str]:
    """`scan run`, `scan list` and so on."""
    below = getattr(found, "commands", None)
    if below is None:
        yield words
    for name, command in (below or {}).items():
        yield from commands(command, f"{words} {name}")


def test_of_each_command_it_is_known_whether_it_leaves_an_entry() -> None:
    known = {word for name in COMMANDS for word in commands(load(name), name)}

    assert known == CHANGES | READS


def test_commands_on_environments_and_scans_are_in_the_audit(
    run: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "east.json"
    file.write_text(json.dumps(DOCUMENT))
    run("env", "add", "--file", str(file), "--no-test")
    run("env", "add", "--file", str(file), "--no-test", "--replace")
    run("env", "rotate-key")
    scan = run("scan", "run", "east", "--inventory-only", "-y", "inventory_dev")
    run("scan", "cancel", scan)
    ScanStore().update(scan, {"status": "cancelled"})
    run("env", "list")
    run("scan", "list")
    run("env", "remove", "east", "--data", "--yes")

    told = [(e["operation"], e["target"], e["environment"], e["fields"]) for e in entries()]
    assert told == [
        ("env add", "east", "east", []),
        ("env add", "east", "east", ["replace"]),
        ("env rotate-key", "*", "", []),
        ("scan run", scan, "east", ["inventory", "inventory_only"]),
        ("scan cancel", scan, "east", []),
        ("env remove", "east", "east", ["data"]),
    ]
    assert {entry["source"] for entry in entries()} == {"cli"}
    assert SECRET not in str(entries())


def test_commands_on_schedules_are_in_the_audit(run: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "east.json"
    file.write_text(json.dumps(DOCUMENT))
    run("env", "add", "--file", str(file), "--no-test")
    name = run("schedule", "add", "east", "--freq", "DAILY", "--at", "03:00")
    target = f"{name}/{ScheduleStore().get(name)['_id']}"
    for verb in ("disable", "enable", "show", "remove"):
        run("schedule", verb, name)

    told = [(e["operation"], e["target"], e["environment"]) for e in entries()[1:]]
    assert told == [
        (f"schedule {verb}", target, "east") for verb in ("add", "disable", "enable", "remove")
    ]
    assert {"freq", "time"} <= {*entries()[1]["fields"]}


def test_an_upgrade_is_in_the_audit_when_it_did_something(run: Callable[..., str]) -> None:
    run("db", "upgrade", "--dry-run")
    assert entries() == []
    run("db", "upgrade")
    run("db", "upgrade")

    assert [entry["operation"] for entry in entries()] == ["db upgrade"]
    assert entries()[0]["target"].startswith("schema ")


def test_the_first_admin_is_in_the_audit(home: Path) -> None:
    for _ in range(2):
        ensure_admin(lambda *_: None)

    assert [(e["operation"], e["target"]) for e in entries()] == [("first admin", "admin")]


def test_who_is_the_user_of_the_machine_whatever_variables_say(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    run("user", "add", "anna", "--without-password")
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999)
    run("user", "remove", "anna", "--yes")

    mine = pwd.getpwuid(os.geteuid()).pw_name
    assert [entry["user"] for entry in entries()] == [mine, "uid 3999999"]
