"""`calipso up` and the API: its port, its first admin, its database."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pymongo import MongoClient

from calipso.cli.stack.programs import free_port
from calipso.stores.migrations.migrator import COLLECTION, KEY, find_migrations
from tests.cli.conftest import Shell

OLD_SCAN = {"_id": "old", "environment": "gone", "inventory": "inventory", "status": "failed"}

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A stack whose wanted port is taken, with a scan from before schemas had numbers."""
    folder = tmp_path_factory.mktemp("stack")
    shell = Shell(folder / "home")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        shell.environment["CALIPSO_API_BIND"] = f"127.0.0.1:{taken}"
        assert shell("up", "--only", "stores").returncode == 0
        with MongoClient(shell.stores()["mongo_url"]) as client:
            client["calipso"]["scans"].insert_one(OLD_SCAN)
        shell("down")
        up = shell("up", "--admin-password-file", str(folder / "password"))
        assert up.returncode == 0, up.stderr
        yield shell
        shell("down")


def api(stack: Shell) -> str:
    (row,) = [child for child in stack.state()["children"] if child["name"] == "api"]
    return str(row["address"])


def test_the_api_takes_another_port_and_keeps_it(stack: Shell) -> None:
    address = api(stack)
    wanted = stack.environment["CALIPSO_API_BIND"].rpartition(":")[2]

    assert not address.endswith(f":{wanted}")
    assert requests.get(f"{address}/healthz", timeout=10).status_code == 200
    assert address in stack("status", "-f", "json").stdout
    check = stack("check", "--stack-only")
    assert f"API: answers at {address}" in check.stdout
    assert check.returncode == 0

    os.kill(stack.pid("api"), signal.SIGKILL)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        child = next(c for c in stack.state()["children"] if c["name"] == "api")
        if child["restarts"] == 1 and child["state"] == "up":
            break
        time.sleep(0.2)
    assert api(stack) == address
    assert requests.get(f"{address}/healthz", timeout=10).status_code == 200


def test_the_password_of_the_first_admin_opens_the_api(stack: Shell) -> None:
    path = stack.home.parent / "password"
    login = ("admin", path.read_text().strip())

    answer = requests.get(f"{api(stack)}/api/v1/links", auth=login, timeout=30)

    assert path.stat().st_mode & 0o777 == 0o600
    assert answer.status_code == 200, answer.text


def test_an_old_database_was_brought_to_the_schema(stack: Shell) -> None:
    with MongoClient(stack.stores()["mongo_url"]) as client:
        found = client["calipso"][COLLECTION].find_one({"_id": KEY})

    assert found is not None
    assert found["version"] == len(find_migrations())


@pytest.mark.long
def test_a_newer_database_is_not_touched(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "home", {"CALIPSO_API_BIND": f"127.0.0.1:{free_port()}"})
    try:
        assert shell("up", "--only", "stores").returncode == 0
        with MongoClient(shell.stores()["mongo_url"]) as client:
            client["calipso"][COLLECTION].insert_one({"_id": KEY, "version": 99, "lock": None})
        shell("down")

        up = shell("up")

        assert up.returncode == 1
        assert "has schema 99" in up.stderr
        assert "newer calipso" in up.stderr
        assert shell("status").returncode == 1
    finally:
        shell("down")
