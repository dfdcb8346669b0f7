"""Environments in a real store, and the command line run on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openstack.config import loader

from calipso.cli.main import main
from calipso.secrets.box import SecretBox
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

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


def look_for_clouds_below(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that starts in `home/cwd`: openstacksdk lists its files when imported."""
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    places = [home / "cwd", home / ".config/openstack", home / "etc"]
    for constant, word in (
        ("CONFIG_FILES", "clouds"),
        ("SECURE_FILES", "secure"),
        ("VENDOR_FILES", "clouds-public"),
    ):
        endings = (".yaml", ".yml", ".json")
        files = [str(place / (word + ending)) for place in places for ending in endings]
        monkeypatch.setattr(loader, constant, files)


@pytest.fixture
def run(
    inv: InventoryMgr,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """`calipso env ...` in this process, on the database of this test, without a terminal."""
    look_for_clouds_below(tmp_path, monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(["env", *arguments])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command
