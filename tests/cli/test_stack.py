"""`calipso up`, `down` and `status` with real stores, and what happens when things die."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis import Redis

from calipso.cli.stack.process import identify
from calipso.cli.stack.programs import LOOPBACK
from tests.cli.conftest import Shell

pytestmark = pytest.mark.slow


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def states(calipso: Shell) -> dict[str, str]:
    answer = calipso("status", "-f", "json")
    return {row["name"]: row["state"] for row in json.loads(answer.stdout)}


def test_up_publishes_two_answering_stores_and_down_ends_them(calipso: Shell) -> None:
    up = calipso("up", "--only", "stores")

    assert up.returncode == 0, up.stderr
    stores = calipso.stores()
    with MongoClient(stores["mongo_url"]) as mongo, Redis.from_url(stores["redis_url"]) as redis:
        assert mongo.admin.command("ping")["ok"] == 1
        assert redis.ping()
    assert calipso("status").returncode == 0
    children = [identify(calipso.pid(name)) for name in ("mongo", "redis")]

    down = calipso("down")

    assert down.returncode == 0
    assert [child.alive() for child in children if child] == [False, False]
    assert not (calipso.home / "run" / "stores.json").exists()
    assert calipso("status").returncode == 1


def test_second_up_changes_nothing_and_says_so(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    before = calipso.state()

    again = calipso("up", "--only", "stores")

    assert again.returncode == 0
    assert "already up" in again.stderr
    assert calipso.state() == before


@pytest.mark.long
def test_two_ups_at_once_start_one_stack(calipso: Shell) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: calipso("up", "--only", "stores"), range(2)))

    assert [answer.returncode for answer in answers] == [0, 0], [a.stderr for a in answers]
    log = (calipso.home / "log" / "supervisor.log").read_text()
    assert log.count("mongo started") == 1


def test_down_without_a_stack_is_harmless(calipso: Shell) -> None:
    down = calipso("down")

    assert down.returncode == 0
    assert "not up" in down.stderr


def test_a_killed_store_comes_back_with_its_data_and_address(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    before = calipso.stores()
    with Redis.from_url(before["redis_url"]) as redis:
        redis.lpush("queue", "task")
        redis.execute_command("BGREWRITEAOF")
        assert eventually(lambda: redis.info("persistence")["aof_rewrite_in_progress"] == 0)

    for name in ("mongo", "redis"):
        os.kill(calipso.pid(name), signal.SIGKILL)

    assert eventually(lambda: states(calipso) == {"mongo": "up", "redis": "up"})
    assert calipso.stores() == before
    assert [child["restarts"] for child in calipso.state()["children"]] == [1, 1]
    with Redis.from_url(before["redis_url"]) as redis:
        assert redis.lrange("queue", 0, -1) == [b"task"]


def test_status_fails_while_a_store_is_down(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    supervisor = calipso.state()["pid"]
    os.kill(supervisor, signal.SIGSTOP)  # else redis is up again before we look
    os.kill(calipso.pid("redis"), signal.SIGKILL)

    assert calipso("status").returncode == 1
    assert states(calipso) == {"mongo": "up", "redis": "down"}

    os.kill(supervisor, signal.SIGCONT)
    assert eventually(lambda: calipso("status").returncode == 0)


def test_a_killed_supervisor_leaves_nothing_behind_and_up_works_again(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    children = [identify(calipso.pid(name)) for name in ("mongo", "redis")]

    os.kill(calipso.state()["pid"], signal.SIGKILL)

    assert eventually(lambda: not any(child.alive() for child in children if child))
    assert calipso("status").returncode == 1
    assert calipso("up", "--only", "stores").returncode == 0
    assert states(calipso) == {"mongo": "up", "redis": "up"}


@pytest.mark.long
def test_a_store_that_hangs_at_the_end_of_its_supervisor_is_ended_by_down(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    hanging = identify(calipso.pid("redis"))
    assert hanging is not None
    hanging.send(signal.SIGSTOP)
    os.kill(calipso.state()["pid"], signal.SIGKILL)
    hanging.send(signal.SIGCONT)

    calipso("down")

    assert not hanging.alive()


@pytest.mark.long
def test_the_ports_are_kept_and_a_taken_one_is_left_to_its_owner(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    first = calipso.stores()
    calipso("down")
    calipso("up", "--only", "stores")
    assert calipso.stores() == first
    calipso("down")
    with socket.socket() as other:
        other.bind((LOOPBACK, int(first["redis_url"].rpartition(":")[2].partition("/")[0])))
        other.listen()

        up = calipso("up", "--only", "stores")

        assert up.returncode == 0, up.stderr
        assert calipso.stores()["redis_url"] != first["redis_url"]
        assert calipso.stores()["mongo_url"] == first["mongo_url"]


@pytest.mark.long
def test_data_of_another_server_version_are_set_aside_and_reported(calipso: Shell) -> None:
    calipso("up", "--only", "stores")
    with MongoClient(calipso.stores()["mongo_url"]) as mongo:
        mongo["calipso"]["c"].insert_one({"_id": 1})
    calipso("down")
    stamp = calipso.home / "mongo.version"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"version": "0.5.0"}))

    up = calipso("up", "--only", "stores")

    assert up.returncode == 0
    aside = list(calipso.home.glob("mongo.*.aside"))
    assert len(aside) == 1
    assert str(aside[0]) in up.stderr
    with MongoClient(calipso.stores()["mongo_url"]) as mongo:
        assert mongo["calipso"]["c"].count_documents({}) == 0


@pytest.mark.long
def test_a_given_redis_is_used_and_none_is_started(calipso: Shell, tmp_path: Path) -> None:
    from calipso.cli.stack.embedded import start_redis

    with start_redis(tmp_path / "own") as url:
        calipso.environment["REDIS_URL"] = url

        up = calipso("up", "--only", "stores")

        assert up.returncode == 0, up.stderr
        assert list(calipso.stores()) == ["mongo_url"]
        assert states(calipso) == {"redis": "up", "mongo": "up"}
        calipso("down")


def test_a_given_store_that_does_not_answer_is_named_without_its_password(calipso: Shell) -> None:
    up = calipso("up", "--only", "stores", REDIS_URL="redis://:s3cret@127.0.0.1:1/0")

    assert up.returncode == 1
    assert up.stderr.startswith("error: Redis at redis://:***@127.0.0.1:1/0: ")
    assert "hint: " in up.stderr
    assert "s3cret" not in up.stderr
    assert not (calipso.home / "run" / "state.json").exists()


def test_a_store_that_cannot_start_fails_up_with_its_log_and_leaves_nothing(
    calipso: Shell,
) -> None:
    (calipso.home / "mongo").mkdir(parents=True)
    (calipso.home / "mongo" / "WiredTiger.turtle").write_text("garbage")
    (calipso.home / "mongo" / "WiredTiger.wt").write_text("garbage")

    up = calipso("up", "--only", "stores")

    assert up.returncode == 1
    assert "error: mongo: " in up.stderr
    assert calipso("status").returncode == 1
    assert calipso.state()["state"] == "stopped"


@pytest.fixture
def small_disk(calipso: Shell) -> Iterator[Path]:
    """The data directory on a disk of 600 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    calipso.home = Path(tempfile.mkdtemp(prefix="calipso-disk-"))  # pytest empties its own folders
    mount = ["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", str(calipso.home)]
    if subprocess.run(mount, check=False).returncode:
        calipso.home.rmdir()
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        yield calipso.home
    finally:
        calipso("down")
        subprocess.run(["umount", "--lazy", str(calipso.home)], check=True)
        calipso.home.rmdir()


def test_a_full_disk_is_reported_and_the_stores_go_on_when_there_is_space(
    calipso: Shell, small_disk: Path
) -> None:
    full = f"the disk of {small_disk} is full"
    up = calipso("up", "--only", "stores")
    assert up.returncode == 0
    assert full not in up.stderr
    filler = small_disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=1M"], stderr=-3, check=False)

    with MongoClient(calipso.stores()["mongo_url"]) as mongo, suppress(PyMongoError):
        for number in range(200):
            mongo["d"]["c"].insert_one({"_id": number, "text": str(number) * 300_000})

    assert eventually(lambda: full in calipso("status").stderr, 30.0)
    filler.unlink()
    assert eventually(lambda: set(states(calipso).values()) == {"up"}, 60.0)
    assert eventually(lambda: full not in calipso("status").stderr, 30.0)
    with MongoClient(calipso.stores()["mongo_url"]) as mongo:
        mongo["d"]["c"].insert_one({"_id": "after"})
