"""Another user of the same machine reads, writes and becomes nothing in the embedded stores."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis import Redis

from tests.cli.conftest import Shell

pytestmark = pytest.mark.slow

#: nobody
STRANGER = 65534

ATTACK = """
import json, os, socket, sys
assert os.getuid() == os.geteuid() == int(sys.argv.pop(1))
from pymongo import MongoClient
from redis import Redis
mongo, redis, home = sys.argv[1:]
did = []
def attempt(name, work):
    try:
        work()
    except Exception:
        return
    did.append(name)
attempt("mongo reached", lambda: socket.create_connection(("127.0.0.1", int(mongo)), 5).close())
attempt("redis reached", lambda: socket.create_connection(("127.0.0.1", int(redis)), 5).close())
client = MongoClient("127.0.0.1", int(mongo), serverSelectionTimeoutMS=2000, directConnection=True)
attempt("mongo read", lambda: client.calipso.environments_config.find_one())
attempt("mongo list", lambda: client.list_database_names())
attempt("mongo write", lambda: client.calipso.users.insert_one(dict(_id="me", role="admin")))
attempt("mongo user", lambda: client.admin.command("createUser", "me", pwd="me", roles=["root"]))
server = Redis("127.0.0.1", int(redis), socket_timeout=2)
attempt("redis read", lambda: server.keys())
attempt("redis write", lambda: server.set("a", 1))
attempt("redis file", lambda: server.config_set("dir", "/tmp"))
attempt("home", lambda: os.listdir(home))
for name in ("mongo.password", "redis.password", "redis.conf", "secret.keys", "run/stores.json"):
    attempt(name, lambda: open(os.path.join(home, name)).read())
print(json.dumps(did))
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "home")
    up = shell("up", "--only", "stores")
    assert up.returncode == 0, up.stderr
    yield shell
    shell("down")


def _port(url: str) -> str:
    return url.rpartition("@")[2].partition(":")[2].partition("/")[0]


#: What the stranger needs of our packages, and what they need.
PACKAGES = ("pymongo", "bson", "gridfs", "dns", "redis")


def as_stranger(command: list[str], packages: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as another user, with packages that everybody may read."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
        env={"PYTHONPATH": str(packages), "PATH": os.defpath},
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
    )


@pytest.fixture(scope="module")
def packages() -> Iterator[Path]:
    """A folder with the packages, readable by everybody; that of pytest is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for package in PACKAGES:
            found = importlib.util.find_spec(package)
            if found is not None and found.origin is not None:
                shutil.copytree(Path(found.origin).parent, folder / package)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield folder


def python_of_strangers(packages: Path) -> str:
    """A Python that another user can run: ours, the one it was made from, or the system's."""
    ours = Path(sys.executable)
    for found in (ours, ours.resolve(), Path("/usr/bin/python3"), Path("/usr/local/bin/python3")):
        with suppress(OSError):
            if as_stranger([str(found), "-c", "import pymongo, redis"], packages).returncode == 0:
                return str(found)
    pytest.skip("another user can run none of the Pythons here")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_nothing_from_the_stores(stack: Shell, packages: Path) -> None:
    urls = stack.stores()
    ports = [_port(urls["mongo_url"]), _port(urls["redis_url"])]
    python = python_of_strangers(packages)
    said = as_stranger([python, "-c", ATTACK, str(STRANGER), *ports, str(stack.home)], packages)

    assert said.stdout, said.stderr
    assert json.loads(said.stdout) == ["mongo reached", "redis reached"], said.stderr


@pytest.mark.long
def test_passwords_are_in_files_of_their_owner_and_on_no_command_line(stack: Shell) -> None:
    urls = stack.stores()
    secrets = [(stack.home / f"{name}.password").read_text() for name in ("mongo", "redis")]

    for name in ("mongo.password", "redis.password", "redis.conf", "run/stores.json"):
        assert stat.S_IMODE((stack.home / name).stat().st_mode) == 0o600
    for child in stack.state()["children"]:
        line = Path(f"/proc/{child['pid']}/cmdline").read_bytes().decode()
        assert not any(secret in line for secret in secrets)
    shown = stack("status").stdout + stack("status", "--format", "json").stdout
    assert not any(secret in shown for secret in secrets)
    with MongoClient[dict[str, object]](urls["mongo_url"]) as mongo:
        assert mongo.admin.command("ping")["ok"] == 1
    with Redis.from_url(urls["redis_url"]) as redis:
        assert redis.ping()


@pytest.mark.long
def test_logs_are_read_by_their_owner_only(stack: Shell) -> None:
    for log in (stack.home / "log").iterdir():
        assert stat.S_IMODE(log.stat().st_mode) & 0o077 == 0, log


@pytest.mark.long
def test_a_new_password_is_taken_after_its_file_was_deleted(stack: Shell) -> None:
    with MongoClient[dict[str, object]](stack.stores()["mongo_url"]) as mongo:
        mongo.calipso.kept.insert_one({"a": 1})
    before = (stack.home / "mongo.password").read_text()
    stack("down")
    (stack.home / "mongo.password").unlink()

    assert stack("up", "--only", "stores").returncode == 0

    assert (stack.home / "mongo.password").read_text() != before
    with MongoClient[dict[str, object]](stack.stores()["mongo_url"]) as mongo:
        assert mongo.calipso.kept.count_documents({}) == 1


@pytest.mark.long
def test_an_upgrade_is_looked_at_while_the_store_is_down(stack: Shell) -> None:
    stack("down")

    looked = stack("db", "upgrade", "--dry-run")

    assert looked.returncode == 0, looked.stderr
    assert "would be" in looked.stdout
    assert not (stack.home / "run" / "stores.json").exists()
