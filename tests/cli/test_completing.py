"""What a shell is offered while somebody types: everywhere alike, and soon or nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from calipso.cli import completing
from calipso.cli.lazy import COMMANDS, load
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import close_clients

#: Names of options, and words for arguments in a usage line, that stand for something stored.
STORED_OPTIONS = {"--env", "--type", "--host", "--around", "--object"}
STORED_WORDS = {"ENV", "SCAN", "OBJECT"}


def params(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, part in getattr(command, "commands", {}).items():
        yield from params(part, f"{path} {name}")
    for param in command.params:
        yield path, param


def test_whatever_names_something_stored_is_completed() -> None:
    lacking, completed = [], 0
    for name in COMMANDS:
        for path, param in params(load(name), name):
            stored = STORED_OPTIONS.intersection(param.opts) or param.metavar in STORED_WORDS
            if "Name of the environment" in (getattr(param, "help", "") or ""):
                stored = True
            if path.startswith("user"):  # a grant, and roles
                continue
            if stored and param._custom_shell_complete is None:
                lacking.append(f"{path}: {param.opts[0]}")
            completed += bool(stored)

    assert lacking == []
    assert completed > 30


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A MongoDB that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("CALIPSO_MONGO_URL", f"mongodb://127.0.0.1:{port}/")
        settings.cache_clear()
        close_clients()
        yield
        close_clients()
        settings.cache_clear()


@pytest.mark.usefixtures("silent")
def test_a_store_that_does_not_answer_offers_nothing_within_a_second() -> None:
    began = time.monotonic()

    assert completing.hosts("c") == []
    assert time.monotonic() - began < 2.0
