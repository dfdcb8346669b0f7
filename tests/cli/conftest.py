"""A `calipso` command line in a data directory of its own, and no stack left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

GIVEN = ("MONGO_URL", "REDIS_URL", "CELERY_BROKER_URL")


@dataclass
class Shell:
    """Runs `calipso` as a person does: a process, its output, its exit code."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in GIVEN and not name.startswith("CALIPSO_")
        }
        return subprocess.run(
            [sys.executable, "-m", "calipso", *arguments],
            env=kept | {"CALIPSO_HOME": str(self.home)} | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def state(self) -> dict[str, Any]:
        """The state file of the supervisor."""
        state: dict[str, Any] = json.loads((self.home / "run" / "state.json").read_text())
        return state

    def pid(self, name: str) -> int:
        """Pid of a child of the supervisor."""
        return next(c["pid"] for c in self.state()["children"] if c["name"] == name)

    def stores(self) -> dict[str, str]:
        """The published addresses."""
        stores: dict[str, str] = json.loads((self.home / "run" / "stores.json").read_text())
        return stores


@pytest.fixture
def calipso(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "home")
    yield shell
    if (shell.home / "run").is_dir():
        shell("down")
