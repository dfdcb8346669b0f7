"""What a shell is offered while somebody types: everywhere alike, and soon or nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.cli import completing
from calipso.cli.lazy import COMMANDS, load
from calipso.settings import settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import close_clients

#: Names of options, and words for arguments in a usage line, that stand for something stored.
STORED_OPTIONS = {"--env", "--type", "--host", "--around", "--object"}
STORED_OPTIONS |= {"--inventory", "--id", "--parent-id"}
STORED_WORDS = {"ENV", "SCAN", "OBJECT", "SCHEDULE"}


def params(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, part in getattr(command, "commands", {}).items():
        yield from params(part, f"{path} {name}")
    for param in command.params:
        yield path, param


def test_whatever_names_something_stored_is_completed() -> None:
    lacking, completed = [], 0
    for name in COMMANDS:
        for path, param in params(load(name), name):
            stored = STORED_OPTIONS.intersection(param.opts) or param.metavar in STORED_WORDS
            if "Name of the environment" in (getattr(param, "help", "") or ""):
                stored = True
            if path.startswith("user"):  # a grant, and roles
                continue
            if stored and param._custom_shell_complete is None:
                lacking.append(f"{path}: {param.opts[0]}")
            completed += bool(stored)

    assert lacking == []
    assert completed > 30


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A MongoDB that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("CALIPSO_MONGO_URL", f"mongodb://127.0.0.1:{port}/")
        settings.cache_clear()
        close_clients()
        yield
        close_clients()
        settings.cache_clear()


@pytest.mark.usefixtures("silent")
def test_a_store_that_does_not_answer_offers_nothing_within_a_second() -> None:
    began = time.monotonic()

    assert completing.hosts("c") == []
    assert time.monotonic() - began < 2.0


def stored(inv: InventoryMgr) -> None:
    """Two environments with an object each, and a scan."""
    inv.db["environments_config"].insert_many([{"name": "prod"}, {"name": "proof"}, {"name": "x"}])
    for environment, host in (("prod", "compute-1"), ("proof", "controller-1")):
        for kind, name in (("host", host), ("instance", f"web-{host}"), ("vnics_folder", "web")):
            item = {"environment": environment, "type": kind, "id": f"{host}-{name}", "name": name}
            inv.collection("inventory").insert_one(item)
    inv.db["scans"].insert_one({"_id": "prod.1", "environment": "prod", "inventory": "inventory"})
    inv.db["scheduled_scans"].insert_one({"name": "nightly", "environment": "prod"})
    inv.db["users"].insert_one({"name": "alice"})


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["inventory", "list", "-e", "pro"], {"prod", "proof"}),
        (["inventory", "list", "-t", "insta"], {"instance"}),
        (["inventory", "list", "--host", "compute"], {"compute-1-compute-1"}),
        (["inventory", "show", "web"], {"web-compute-1", "web-controller-1"}),
        (["link", "list", "-t", "vnic-ve"], {"vnic-vedge"}),
        (["scan", "show", "la"], {"last"}),
        (["env", "set", "x"], {"x"}),
        (["scan", "run", "prod", "-y", "in"], {"inventory"}),
        (
            ["scan", "run", "prod", "-i", "compute-1-w"],
            {"compute-1-web-compute-1"},
        ),
        (["schedule", "show", "nigh"], {"nightly"}),
        (["user", "show", "al"], {"alice"}),
        (["inv"], {"inventory"}),
    ],
)
def test_a_shell_is_offered_what_is_stored(
    inv: InventoryMgr, words: list[str], offered: set[str]
) -> None:
    stored(inv)
    asked = {
        "_CALIPSO_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["calipso", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [str(Path(sysconfig.get_path("scripts")) / "calipso")]
    told = subprocess.run(
        command, env=os.environ | asked, capture_output=True, text=True, timeout=60, check=False
    )

    assert set(told.stdout.split()) == offered, told.stderr
