"""Use a sample cloud in a test: `with running_cloud(hosts=5, instances=10) as cloud:`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class RunningCloud:
    """A sample cloud in a process of its own."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state
        #: A document of environments_config that points at the cloud.
        self.environment: dict[str, Any] = state["environment"]
        self.summary: dict[str, int] = state["summary"]
        #: What was planted, by code: `name`, `host`, `text`, ...
        self.troubles: dict[str, dict[str, Any]] = {
            trouble["code"]: trouble for trouble in state["troubles"]
        }
        #: How often it was changed.
        self.mutations = 0

    def control(self, **order: Any) -> dict[str, Any]:
        """Give an order (`fault=`, `clear=`, `mutate=`, ...); without one, just look."""
        data = json.dumps(order).encode() if order else None
        request = urllib.request.Request(self.state["control"], data)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def counts(self) -> dict[str, Any]:
        """What clients asked for since the start or the last `control(reset_counts=True)`."""
        found: dict[str, Any] = self.control()["counts"]
        return found

    def fault(self, text: str) -> None:
        self.control(fault=text)

    def clear(self, text: str = "*") -> None:
        self.control(clear=text)

    def mutate(self, operation: str, **more: Any) -> dict[str, Any]:
        """Change the cloud; what was changed."""
        self.mutations += 1
        found: dict[str, Any] = self.control(mutate={"op": operation, **more})["mutated"]
        return found

    def section(self, name: str) -> dict[str, Any]:
        """A section of the environment's configuration."""
        return next(part for part in self.environment["configuration"] if part["name"] == name)


def flags(options: dict[str, Any]) -> list[str]:
    """Command line flags from keyword arguments."""
    found: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            found.append(flag)
        elif isinstance(value, list | tuple) and name != "type_drivers":
            for each in value:
                found += [flag, str(each)]
        elif value is not False and value is not None:
            found += [flag, ",".join(value) if isinstance(value, list | tuple) else str(value)]
    return found


@contextmanager
def running_cloud(**options: Any) -> Iterator[RunningCloud]:
    """Start a sample cloud with the flags of the command line as keyword arguments."""
    command = [sys.executable, "-m", "tests.sample_cloud", *flags(options), "--until-stdin-closes"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"the sample cloud did not start: exit {process.wait(10)}")
            yield RunningCloud(json.loads(line))
        finally:
            process.terminate()
            process.wait(10)
