"""What a worker host is asked before it may work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from pymongo import MongoClient

from calipso.errors import ConfigError
from calipso.secrets.box import SecretBox
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.environments.test_queues import SECTIONS
from workers.fitness import check_clock, check_key, check_machine, difference

ROOT = Path(__file__).resolve().parents[2]
PROD = {"name": "prod", "configuration": SECTIONS}


def test_a_machine_with_the_key_file_and_the_time_may_work(inv: InventoryMgr):
    EnvironmentStore().add(PROD)

    check_machine()


def test_a_machine_with_another_key_file_may_not(inv: InventoryMgr, tmp_path: Path):
    EnvironmentStore().add(PROD)
    other = SecretBox(tmp_path / "keys")
    other.encrypt("made")

    with pytest.raises(ConfigError, match="can read no environment") as caught:
        check_key(EnvironmentStore(secrets=other))
    assert "key_file" in caught.value.hint


def test_one_environment_of_an_older_key_keeps_no_worker_from_the_others(
    inv: InventoryMgr, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    EnvironmentStore().add(PROD)
    EnvironmentStore(secrets=SecretBox(tmp_path / "keys")).add(PROD | {"name": "old"})

    check_key(EnvironmentStore())

    assert "environment old" in caplog.text


def test_without_environments_there_is_nothing_to_open(inv: InventoryMgr):
    check_key(EnvironmentStore())


@pytest.mark.parametrize("ahead", [8.0, -8.0])
def test_a_clock_that_is_far_off_is_refused(ahead: float):
    with pytest.raises(ConfigError, match=r"8\.0 s (ahead of|behind) that of Redis"):
        check_clock(ahead, 15)


def test_a_clock_that_is_a_little_off_is_reported(caplog: pytest.LogCaptureFixture):
    check_clock(3.0, 15)
    check_clock(0.5, 15)

    assert caplog.text.count("clock") == 1


def test_clocks_are_compared_with_that_of_redis(redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        assert abs(difference(client)) < 1
        assert difference(client, lambda: time.time() + 60) == pytest.approx(60, abs=1)


def test_a_redis_that_is_away_says_nothing_about_the_machine(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("CALIPSO_REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()

    check_machine()

    assert "Redis does not answer" in caplog.text


def test_a_mongodb_that_is_away_says_nothing_about_the_machine(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=200) as away:
        impatient = EnvironmentStore(away["calipso"])
        monkeypatch.setattr("workers.fitness.EnvironmentStore", lambda: impatient)

        check_machine()

    assert "MongoDB does not answer" in caplog.text


@pytest.mark.long
@pytest.mark.slow
def test_a_worker_without_the_key_file_does_not_start(inv: InventoryMgr, home: Path):
    EnvironmentStore().add(PROD)
    shutil.move(home / "secret.keys", home / "elsewhere")

    command = [sys.executable, "-m", "workers.program", "worker", "-Q", "cli"]
    ended = subprocess.run(
        [*command, "-P", "threads", "-c", "1"],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "this worker can read no environment" in ended.stderr + ended.stdout
    assert "secret.keys: the key file is missing" in ended.stderr + ended.stdout
