"""The pytest-benchmark cases, run in a process of their own; timed by its CPU time.

They wait for nothing, so that is what they take, whatever else the machine does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.figures import Part

ROOT = Path(__file__).resolve().parents[2]
CASES = "tests/bench/test_parts.py"
LIMIT_SECONDS = 300.0


def measure_parts() -> list[Part]:
    """Run the cases. Raises RuntimeError with what pytest said when one fails."""
    with tempfile.TemporaryDirectory(prefix="calipso-bench-") as folder:
        file = Path(folder) / "parts.json"
        command = [sys.executable, "-m", "pytest", CASES, "-q", "--benchmark-only"]
        command += [
            f"--benchmark-json={file}",
            "--benchmark-max-time=0.3",
            "-p",
            "no:cacheprovider",
        ]
        command += ["--benchmark-timer=time.process_time", "--benchmark-disable-gc"]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
        )
        if done.returncode:
            raise RuntimeError(f"the parts cannot be timed:\n{done.stdout[-3000:]}{done.stderr}")
        found = json.loads(file.read_text())["benchmarks"]
        return [part(case) for case in found]


def part(found: dict[str, Any]) -> Part:
    """One case as pytest-benchmark wrote it."""
    told = found["extra_info"]
    return Part(plain(found["name"]), found["stats"]["median"], told["unit"], told["count"])


def plain(name: str) -> str:
    """`test_joining_links[FindLinksForPnics-20]` as words."""
    case, _, parameters = name.removeprefix("test_").rstrip("]").partition("[")
    return f"{case.replace('_', ' ')}: {parameters.replace('-', ', ')}"
