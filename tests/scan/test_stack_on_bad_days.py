"""The stack of one machine while a scan runs: stores and workers that die, a full disk, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.sample_cloud.running import RunningCloud, running_cloud

pytestmark = [pytest.mark.broker, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"hosts": 6, "instances": 40, "networks": 8, "latency": 120, "seed": 5}


class Stack:
    """`calipso` in a data directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALIPSO_", "MONGO_"))}
        kept.pop("REDIS_URL", None)
        self.env = kept | {"CALIPSO_HOME": str(home), "CALIPSO_WORKER_LOST_AFTER": "6"}

    def run(self, *words: str, check: bool = True, seconds: float = 120) -> str:
        """Run a command; returns what it printed."""
        command = [sys.executable, "-m", "calipso", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=seconds
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pid(self, name: str) -> int:
        """The process of a child."""
        rows = json.loads(self.run("status", "-f", "json", check=False))
        return int(next(row["pid"] for row in rows if row["name"] == name))

    def scan(self) -> str:
        """Start a scan; returns its id."""
        return self.run("scan", "run", "bad").strip().splitlines()[-1]

    def show(self, scan_id: str) -> dict[str, Any]:
        """The record of a scan, read from the store; empty while that is away."""
        return next((scan for scan in self.scans() if scan["_id"] == scan_id), {})

    def scans(self) -> list[dict[str, Any]]:
        """All records of scans; none while the store is away."""
        stores = json.loads((self.home / "run" / "stores.json").read_text())
        try:
            with MongoClient(stores["mongo_url"], serverSelectionTimeoutMS=1000) as client:
                return list(client["calipso"]["scans"].find())
        except PyMongoError:
            return []

    def wait(self, scan_id: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 90):
        """Wait until the scan is as wanted."""
        end = time.monotonic() + seconds
        seen: dict[str, Any] = {}
        while time.monotonic() < end:
            seen = self.show(scan_id)
            if seen and condition(seen):
                return seen
            time.sleep(0.2)
        pytest.fail(f"still {seen.get('status')} at level {seen.get('level')}: {seen}")

    def inventory(self) -> set[tuple[str, str]]:
        """Types and ids of all objects."""
        rows = json.loads(
            self.run("inventory", "list", "--env", "bad", "--limit", "0", "-f", "json")
        )
        return {(row["type"], row["id"]) for row in rows}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCloud]:
    with running_cloud(name="bad", **SIZES) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def stack(running: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that is up, with the cloud known and scanned once."""
    found = Stack(tmp_path_factory.mktemp("stack"))
    try:
        found.run("up")
        document = found.home / "cloud.json"
        document.write_text(json.dumps(running.environment))
        found.run("env", "add", "--file", str(document), "--no-test")
        found.wait(found.scan(), ended)
        yield found
    finally:
        found.run("down", check=False)


def ended(scan: dict[str, Any]) -> bool:
    return scan["status"] not in ("pending", "running")


def in_the_middle(scan: dict[str, Any]) -> bool:
    return scan["status"] == "running" and scan["level"] >= 2


@pytest.mark.parametrize(
    "children", [("mongo", "beat"), ("redis", "graph"), ("sources",)], ids=" ".join
)
def test_children_that_are_killed_in_mid_scan_cost_time_and_nothing_else(
    stack: Stack, children: tuple[str, ...]
):
    before = stack.inventory()
    scan_id = stack.scan()
    stack.wait(scan_id, in_the_middle)

    for pid in [stack.pid(name) for name in children]:
        os.kill(pid, signal.SIGKILL)
    scan = stack.wait(scan_id, ended, 150)

    assert scan["status"] == "completed", scan
    assert stack.inventory() == before


def test_ctrl_c_leaves_the_watcher_and_not_the_scan(stack: Stack):
    known = {scan["_id"] for scan in stack.scans()}
    command = [sys.executable, "-m", "calipso", "scan", "run", "bad", "--watch"]
    watcher = subprocess.Popen(
        command,
        cwd=ROOT,
        env=stack.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # as in a terminal: where the tests themselves run in the background, Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert watcher.stderr
    watcher.stderr.readline()  # it watches: the first level is done
    (scan_id,) = {scan["_id"] for scan in stack.scans()} - known

    watcher.send_signal(signal.SIGINT)
    _, told = watcher.communicate(timeout=30)

    assert watcher.returncode == 130
    assert "calipso scan" in told  # how to see it again, how to stop it
    assert stack.wait(scan_id, ended)["status"] == "completed"


def test_a_second_up_is_harmless(stack: Stack):
    before = stack.pid("mongo")

    stack.run("up")

    assert stack.pid("mongo") == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 500 MB."""
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=500m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this system does not let tests mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def test_a_scan_that_met_a_full_disk_goes_on_when_there_is_room(
    running: RunningCloud, small_disk: Path
):
    stack = Stack(small_disk / "home")
    try:
        stack.run("up")
        (small_disk / "cloud.json").write_text(json.dumps(running.environment))
        stack.run("env", "add", "--file", str(small_disk / "cloud.json"), "--no-test")
        stack.wait(stack.scan(), ended)
        before = stack.inventory()
        scan_id = stack.scan()
        stack.wait(scan_id, in_the_middle)
        fill(small_disk / "fill")
        time.sleep(8)
        told = stack.run("check", check=False)

        (small_disk / "fill").unlink()
        scan = stack.wait(scan_id, ended, 180)

        assert "disk" in told
        assert "full" in told
        assert scan["status"] in ("completed", "completed_with_errors"), scan
        assert stack.inventory() == before
    finally:
        stack.run("down", check=False)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 20)):
                pass
        except OSError:
            return
