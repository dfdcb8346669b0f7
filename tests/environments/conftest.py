"""Environments in a real store, and the command line run on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.main import main
from calipso.settings import settings
from calipso.utils.environment_store import EnvironmentStore
from calipso.utils.inventory_mgr import InventoryMgr
from calipso.utils.mongo_access import close_clients
from calipso.utils.secrets import SecretBox

SECRET = "s3cret-Pässword"  # searched for in all output
Document = dict[str, Any]


def openstack_document(**changes: Any) -> Document:
    """A small, correct environment."""
    return {
        "name": "prod",
        "mechanism_drivers": ["OVS"],
        "type_drivers": "vxlan",
        "configuration": [
            {"name": "OpenStack", "host": "192.0.2.11", "user": "admin", "pwd": SECRET},
            {"name": "mysql", "host": "192.0.2.11", "user": "scanner", "pwd": SECRET},
            {"name": "CLI", "host": "192.0.2.11", "user": "scan", "pwd": SECRET},
        ],
    } | changes


@dataclass
class Ended:
    """How a command line ended and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "secret.keys"


@pytest.fixture
def store(inv: InventoryMgr, key_path: Path) -> EnvironmentStore:
    return EnvironmentStore(inv.db, SecretBox(key_path))


@pytest.fixture
def run(
    inv: InventoryMgr,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """The command line in this process, on the database of this test."""
    host, port = inv.db.client.address or ("127.0.0.1", 27017)
    monkeypatch.setenv("CALIPSO_MONGO_URL", f"mongodb://{host}:{port}/?directConnection=true")
    monkeypatch.setenv("CALIPSO_MONGO_DATABASE", inv.db.name)
    monkeypatch.setenv("CALIPSO_HOME", str(tmp_path / "home"))
    for name in [n for n in os.environ if n.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(["env", *arguments])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    yield command
    settings.cache_clear()
    close_clients()
