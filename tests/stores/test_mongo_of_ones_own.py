"""`make test-mongo`: the store tests on a MongoDB of one's own, in databases of their own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from pymongo import MongoClient

from calipso.cli.check import _size, _try
from calipso.settings import settings
from calipso.stores.config.embedded_size import embedded_warning
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import embedded as embedded_module
from calipso.stores.mongo.mongo_access import MongoAccess
from tests.conftest import Stores
from tests.environments.conftest import openstack_document

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    given = {key: value for key, value in os.environ.items() if key != "MONGO_URL"}
    return subprocess.run(
        ["make", "--old-file=.venv/.ready-test", *arguments],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def store_tests() -> list[Path]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    match = re.search(r"^STORE_TESTS := (.*)$", text, re.MULTILINE)
    assert match
    return [ROOT / name for name in match[1].split()]


def test_the_target_runs_the_store_tests_and_no_others() -> None:
    shown = make("-n", "test-mongo", "MONGO_URL=mongodb://127.0.0.1:1")

    assert shown.returncode == 0, shown.stderr
    command = next(line for line in shown.stdout.splitlines() if "-m pytest" in line)
    assert '-m "not embedded and not broker"' in command
    assert [ROOT / word for word in command.split() if word.startswith("tests/")] == store_tests()
    assert all(path.exists() for path in store_tests())
    assert ROOT / "tests" / "stores" in store_tests()


def test_every_test_of_the_stores_is_among_them() -> None:
    """Files that test what calipso/stores holds, and no Celery worker, API server or cloud."""
    word = re.compile(r"^from calipso\.stores\.(inventory|mongo|scans|migrations)", re.MULTILINE)
    places = store_tests()
    for folder in ("utils", "migrations", "cliques", "stores"):
        for path in (ROOT / "tests" / folder).glob("test_*.py"):
            if word.search(path.read_text(encoding="utf-8")):
                assert any(path == place or place in path.parents for place in places), path


def test_without_an_address_the_target_says_what_to_give() -> None:
    ended = make("test-mongo")

    assert ended.returncode != 0
    assert "make test-mongo MONGO_URL=mongodb://" in ended.stderr


def test_help_lists_the_target_and_docs_describe_it() -> None:
    assert re.search(r"^test-mongo +tests of the stores", make("help").stdout, re.MULTILINE)
    assert "make test-mongo MONGO_URL=" in (ROOT / "docs" / "operate.md").read_text()


def test_each_test_has_a_database_of_its_own_name(inv: InventoryMgr, stores: Stores) -> None:
    assert re.fullmatch(r"t[0-9a-f]{12}", settings().mongo_database)
    assert inv.db.name == settings().mongo_database
    with MongoClient[dict[str, object]](stores.mongo_url) as client:
        assert inv.db.name in client.list_database_names()


@pytest.mark.embedded
def test_the_embedded_server_is_known_as_such(inv: InventoryMgr) -> None:
    assert inv.guard({"generation": 1}) == {}


WORDS = re.compile(r"embedded (store|server|mongo)|secantus", re.IGNORECASE)
#: Who may speak of the embedded server: those that know its ways, start it, or find its address.
KNOWS = ("calipso/stores/mongo/", "calipso/cli/stack/")
ADDRESS = {
    "calipso/settings.py",
    "calipso/utils/store_addresses.py",
    "calipso/stores/config/embedded_size.py",
}


def test_the_ways_of_the_embedded_server_are_known_in_one_place() -> None:
    speaking = set()
    for folder in ("calipso", "workers", "monitoring"):
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if WORDS.search(path.read_text(encoding="utf-8")) and not name.startswith(KNOWS):
                speaking.add(name)

    assert speaking - ADDRESS == set()


@pytest.mark.parametrize(
    ("embedded", "hosts", "warned"),
    [
        (True, 3, True),
        (True, 2, False),
        (False, 3, False),
    ],
)
def test_an_inventory_larger_than_the_embedded_server_is_meant_for_is_warned_of(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, embedded: bool, hosts: int, warned: bool
) -> None:
    monkeypatch.setattr(MongoAccess, "embedded", embedded)
    monkeypatch.setattr(embedded_module, "MOST_HOSTS", 2)
    EnvironmentStore().add(openstack_document(name="a"))
    EnvironmentStore().add(openstack_document(name="b"))
    for number in range(hosts):
        inv.set({"environment": "ab"[number % 2], "type": "host", "id": f"h{number}"})

    said = embedded_warning()
    line = _try("size", _size)

    assert line.ok
    assert bool(said) is warned
    assert ("warning: 3 hosts" in line.message) is warned
    if warned:
        assert "MONGO_URL" in said


def test_docs_say_up_to_which_size_the_embedded_server_is_meant() -> None:
    for page in ("operate.md", "benchmark.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert f"meant for up to {embedded_module.MOST_HOSTS} hosts" in text, page
