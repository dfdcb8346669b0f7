"""The session of docs/api.md runs as it stands: server, workers and cloud are real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from calipso.cli.stack.programs import free_port
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.people.first_admin import ensure_admin
from tests.sample_cloud.running import running_cloud
from tests.workers.conftest import Cluster, cluster

__all__ = ["cluster"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"
START_SECONDS = 60.0
MARK = "=====8<====="


def session() -> list[tuple[str, str, str]]:
    """(commands, language of what they give, what they give) of each block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    pattern = r"```sh\n(.*?)```\n(?:\n```(json|text)\n(.*?)```)?"
    return [(m[1], m[2] or "", m[3] or "") for m in re.finditer(pattern, text, re.DOTALL)]


@pytest.fixture
def served(cluster: Cluster, inv: InventoryMgr) -> Iterator[dict[str, str]]:
    """The variables the page begins with: a cloud that changed since its first scan."""
    Migrator().ready()
    made: list[str] = []
    ensure_admin(lambda *told: made.extend(told))
    with running_cloud(hosts=2, instances=3, networks=2) as cloud:
        EnvironmentStore().add(deepcopy(cloud.environment) | {"name": "demo"})
        run_local(ScanRequest(environment="demo"))
        cloud.mutate("create_instance")
        cloud.control(latency=0.5)  # the scan must not be over before the page asks how far it is
        cluster.worker()
        port = free_port()
        command = [sys.executable, "-m", "calipso.api.server", "-b", f"127.0.0.1:{port}"]
        with subprocess.Popen([*command, "--workers", "1"], cwd=ROOT) as server:
            try:
                answers(f"http://127.0.0.1:{port}/readyz")
                yield {"API": f"http://127.0.0.1:{port}/api/v1", "PASSWORD": made[1]}
            finally:
                server.terminate()
                server.wait(30)


def answers(url: str) -> None:
    """Wait until the address answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with opener.open(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")


def run(variables: dict[str, str], folder: Path) -> list[str]:
    """What each block of the page writes, all of them in one shell."""
    script = "set -eu\n" + f"\necho '{MARK}'\n".join(block for block, _, _ in session())
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "NO_PROXY": "*", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [part.strip() for part in done.stdout.split(f"{MARK}\n")]


def differences(shown: Any, given: Any, place: str = "") -> Iterator[str]:
    """Where an answer has another shape than the page shows; the page may leave fields out."""
    if isinstance(shown, dict) and isinstance(given, dict):
        for key, value in shown.items():
            if key not in given:
                yield f"{place}.{key} is not there"
            else:
                yield from differences(value, given[key], f"{place}.{key}")
    elif isinstance(shown, list) and isinstance(given, list):
        if shown and not given:
            yield f"{place} is empty"
        elif shown:
            yield from differences(shown[0], given[0], f"{place}[0]")
    elif type(shown) is not type(given):
        yield f"{place} is {given!r}, shown is {shown!r}"


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_session_gives_what_the_page_shows(served: dict[str, str], tmp_path: Path) -> None:
    given = run(served, tmp_path)
    shown = session()

    assert len(given) == len(shown)
    assert sum(bool(language) for _, language, _ in shown) >= 9
    for (commands, language, text), answer in zip(shown, given, strict=True):
        if language == "json":
            assert list(differences(json.loads(text), json.loads(answer))) == [], commands
        elif language == "text":
            assert answer == text.strip(), commands


def test_each_line_of_the_comparison_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "api-compatibility.md").read_text(encoding="utf-8")
    lines = [
        line
        for line in page.splitlines()
        if line.startswith("| ") and line != "| The original | | Here | Test |"
    ]
    missing = []
    for line in lines:
        _, _, word, _, test, _ = [cell.strip() for cell in line.split("|")]
        path, _, name = test.strip("`").partition("::")
        file = ROOT / "tests" / "api" / path
        known = file.is_file() and f"\ndef {name}(" in file.read_text(encoding="utf-8")
        if word not in ("same", "changed", "new") or not known:
            missing.append(line)

    assert len(lines) > 50
    assert missing == []
