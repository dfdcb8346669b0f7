"""Migrations of a test, in a package of its own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

BASE = """
DESCRIPTION = "{name}"

def affected(db):
    return db.things.count_documents({{"{name}": None}})

def upgrade(db):
    {before}
    return db.things.update_many({{"{name}": None}}, {{"$set": {{"{name}": 1}}}}).modified_count
"""

Package = Callable[..., ModuleType]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """`package("name", slow="time.sleep(1)")`: a migration for each word; code before its write."""
    folder = tmp_path / "made_for_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(*names: str, **slow: str) -> ModuleType:
        for number, name in enumerate([*names, *slow], start=1):
            before = slow.get(name, "pass")
            text = BASE.format(name=name, before=f"import os, time; {before}")
            (folder / f"m{number:04}_{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("made_for_test")

    yield make
    for name in [name for name in sys.modules if name.startswith("made_for_test")]:
        del sys.modules[name]
