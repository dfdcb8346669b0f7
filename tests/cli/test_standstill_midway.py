"""A MongoDB that stands still in the middle of a command: the command ends soon and says why."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.conftest import Stores
from tests.stalling import Stalling

pytestmark = pytest.mark.alone

SECONDS = 5.0


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("env list", "environments_config"),
        ("inventory list", "inventory"),
        pytest.param("search web-1", "inventory", marks=pytest.mark.long),
        pytest.param("scan list", "scans", marks=pytest.mark.long),
        pytest.param("clique list", "cliques", marks=pytest.mark.long),
    ],
)
def test_a_command_that_has_begun_to_read_ends_within_seconds(
    stores: Stores, home: Path, inv: InventoryMgr, words: str, word: str
) -> None:
    command = [sys.executable, "-m", "calipso"]
    began = time.monotonic()
    subprocess.run([*command, "env", "--help"], capture_output=True, check=True)
    start = max(0.0, time.monotonic() - began - 0.5)  # a busy machine starts programs slowly
    with Stalling(stores.mongo_url, f"{word}\0") as way:
        given = os.environ | {"CALIPSO_MONGO_URL": way.url}
        began = time.monotonic()
        answer = subprocess.run(
            [*command, *words.split()],
            env=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        took = time.monotonic() - began - start

    assert way.stalled.is_set()
    assert answer.returncode == 1
    assert "has not answered for 2.5 s" in answer.stderr
    assert took < SECONDS
