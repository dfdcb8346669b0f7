"""What every test may use: real stores, a database of its own, settings that point at them."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient

from calipso.settings import load_settings, settings
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import mongo_access

#: Where Linux keeps files in memory; containers often give it 64 MB. Stores take up to 300 MB.
MEMORY = Path("/dev/shm")
MEMORY_WANTED = 2_000_000_000


@dataclass(frozen=True)
class Stores:
    """Addresses of the stores of this test process."""

    mongo_url: str
    redis_url: str


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """MongoDB and Redis: those of MONGO_URL and REDIS_URL, else embedded ones.

    Tests empty their Redis: processes of one run (`-n 2`) share a given one by its databases.
    """
    from calipso.cli.stack.embedded import start_mongo, start_redis

    given_mongo, given_redis = os.environ.get("MONGO_URL"), os.environ.get("REDIS_URL")
    if given_redis:
        given_redis = own_database(given_redis, os.environ.get("PYTEST_XDIST_WORKER", ""))
    if given_mongo and given_redis:
        yield Stores(given_mongo, given_redis)
        return
    with (
        folder_in_memory(tmp_path_factory.mktemp("stores")) as folder,
        start_mongo(folder / "mongo") as mongo,
        start_redis(folder / "redis") as redis,
    ):
        yield Stores(given_mongo or mongo, given_redis or redis)


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder that lives in memory, on machines that have such a place with room in it.

    The servers write each change to their disk before they say so; a test needs the same server,
    not that disk. Tests that fill or break a disk bring their own.
    """
    try:
        roomy = shutil.disk_usage(MEMORY).free > MEMORY_WANTED and os.access(MEMORY, os.W_OK)
    except OSError:
        roomy = False
    if not roomy:
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="calipso-tests-", dir=MEMORY) as name:
        yield Path(name)


def own_database(url: str, worker: str) -> str:
    """The URL of a Redis with the database of one process of pytest-xdist: gw0, gw1, ..."""
    parts = urlsplit(url)
    if not worker or parts.scheme == "unix":
        return url
    first = int(parts.path.strip("/") or 0)
    return parts._replace(path=f"/{first + int(worker.removeprefix('gw'))}").geturl()


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """A command that a test runs in this process sets the mask of new files for all that follow."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def home(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory and a database of its own; settings of this process point at them."""
    database = f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("CALIPSO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CALIPSO_MONGO_URL", stores.mongo_url)
    monkeypatch.setenv("CALIPSO_REDIS_URL", stores.redis_url)
    monkeypatch.setenv("CALIPSO_MONGO_DATABASE", database)
    settings.cache_clear()
    yield load_settings().data_dir()
    mongo_access.close_clients()
    settings.cache_clear()
    with MongoClient(stores.mongo_url) as client:
        client.drop_database(database)


@pytest.fixture
def inv(home: Path) -> InventoryMgr:
    """An empty inventory."""
    manager = InventoryMgr()
    manager.ensure_indexes()
    return manager


@pytest.fixture
def redis_url(stores: Stores) -> str:
    """A real Redis."""
    return stores.redis_url
