"""Fixtures of the access tests: real SSH servers, and `cli` sources that ask them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.sources.cli.commands import Command
from calipso.sources.context import ScanContext
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.access.cli_sections import ECHO, LOCALE, Access, environment
from tests.access.sshd import Sshd, sshd, why_not


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A host called node-1.example.org."""
    if why_not():
        pytest.skip(why_not())
    with sshd(tmp_path_factory.mktemp("node")) as server:
        yield server


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A host called gate-1."""
    if why_not():
        pytest.skip(why_not())
    with sshd(tmp_path_factory.mktemp("gateway"), name="gate-1") as server:
        yield server


@pytest.fixture
def access(inv: InventoryMgr, home: Path) -> Iterator[Access]:
    """Makes `cli` sources for environments that differ in their CLI section."""
    contexts: list[ScanContext] = []

    def make(
        scan_id: str = "scan", commands: tuple[Command, ...] = (ECHO, LOCALE), **cli: Any
    ) -> Any:
        context = ScanContext(environment(**cli), inv, scan_id, cli_commands=commands)
        contexts.append(context)
        return context.source("cli")

    yield make
    for context in contexts:
        context.close()
