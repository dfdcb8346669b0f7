"""Another user of the same machine reads, writes and becomes nothing in the embedded stores."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis import Redis

from tests.cli.conftest import Shell

pytestmark = pytest.mark.slow

#: nobody
STRANGER = 65534

ATTACK = """
import json, os, sys
os.setgid({uid}); os.setuid({uid})
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_gets_nothing_from_the_stores(stack: Shell) -> None:
    urls = stack.stores()
    ports = [_port(urls["mongo_url"]), _port(urls["redis_url"])]
    said = subprocess.run(
        [sys.executable, "-c", ATTACK.format(uid=STRANGER), *ports, str(stack.home)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    if "ModuleNotFoundError" in said.stderr or "PermissionError" in said.stderr:
        pytest.skip("another user cannot run this Python")
    assert json.loads(said.stdout) == [], said.stderr


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


def test_logs_are_read_by_their_owner_only(stack: Shell) -> None:
    for log in (stack.home / "log").iterdir():
        assert stat.S_IMODE(log.stat().st_mode) & 0o077 == 0, log


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


def test_an_upgrade_is_looked_at_while_the_store_is_down(stack: Shell) -> None:
    stack("down")

    looked = stack("db", "upgrade", "--dry-run")

    assert looked.returncode == 0, looked.stderr
    assert "would be" in looked.stdout
    assert not (stack.home / "run" / "stores.json").exists()
