"""Many readers at once, while a scan runs: `python -m tests.api.load [--seconds 60]`.

A sample cloud of 40 hosts is scanned, the API is started as `python -m calipso.api.server`, and
clients with connections of their own ask one thing after another. Prints requests a second, and
for each thing asked milliseconds (median, 99th percentile, most) and statuses. Ends with 1 when
any answer was a 5xx or a connection broke.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from calipso.cli.stack.embedded import start_mongo, start_redis
from calipso.cli.stack.programs import free_port
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.model.user import Grant, Role, User
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.mongo.mongo_access import close_clients
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from tests.sample_cloud.running import running_cloud

ROOT = "/api/v1"
REPOSITORY = Path(__file__).resolve().parents[2]
SCANS = """
from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
while True:
    print(run_local(ScanRequest(environment="prod"))["status"], flush=True)
"""


@dataclass
class Told:
    """What was measured."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bytes: int = 0

    def note(self, name: str, status: str, seconds: float) -> None:
        self.times[name].append(seconds * 1000)
        self.statuses[name][status] += 1

    def failures(self) -> int:
        return sum(
            number
            for counts in self.statuses.values()
            for status, number in counts.items()
            if not status.isdecimal() or status >= "500"
        )

    def show(self, seconds: float) -> None:
        total = sum(len(times) for times in self.times.values())
        print(
            f"{total} answers in {seconds:.0f} s: {total / seconds:.0f} a second, "
            f"{self.bytes / seconds / 1e6:.1f} MB/s, {self.failures()} failures"
        )
        print(f"{'ms':34}{'answers':>8}{'p50':>8}{'p99':>8}{'most':>8}  statuses")
        for name, times in sorted(self.times.items()):
            times.sort()
            at = [times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]]
            numbers = "".join(f"{value:8.0f}" for value in (*at, times[-1]))
            print(f"{name:34}{len(times):8}{numbers}  {dict(self.statuses[name])}")


@contextmanager
def scanned(hosts: int, instances: int) -> Iterator[None]:
    """Stores with the inventory of a sample cloud; the cloud stays, so that it can be scanned."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            start_mongo(folder / "mongo") as mongo,
            start_redis(folder / "redis") as redis,
            running_cloud(hosts=hosts, instances=instances) as cloud,
        ):
            os.environ |= {
                "CALIPSO_MONGO_URL": mongo,
                "CALIPSO_REDIS_URL": redis,
                "CALIPSO_HOME": str(folder / "home"),
            }
            settings.cache_clear()
            Migrator().upgrade()
            EnvironmentStore().add(cloud.environment | {"name": "prod"})
            began = time.monotonic()
            record = run_local(ScanRequest(environment="prod"))
            objects = InventoryMgr().collection("inventory").count_documents({})
            print(
                f"scan of {hosts} hosts: {record['status']}, {objects} objects with folders, "
                f"{time.monotonic() - began:.0f} s"
            )
            yield
            close_clients()


@contextmanager
def served(workers: int, threads: int) -> Iterator[int]:
    """The API in its own processes; its port."""
    port = free_port()
    flags = ["-b", f"127.0.0.1:{port}", "--no-admin", "-l", "WARNING"]
    flags += ["--workers", str(workers), "--threads", str(threads)]
    process = subprocess.Popen([sys.executable, "-m", "calipso.api.server", *flags], cwd=REPOSITORY)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def scanning(wanted: bool) -> Iterator[None]:
    """A scan after another, in a process of its own, until the end."""
    if not wanted:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-c", SCANS], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        yield
    finally:
        process.terminate()
        ended, _ = process.communicate(timeout=60)
        print(f"scans meanwhile: {dict(Counter(ended.split()))}, and one that was stopped")


def token() -> str:
    """The token of a viewer."""
    UserStore().add(User(name="reader", role=Role.VIEWER, grants={"prod": Grant.VIEW}))
    found, _ = TokenStore().issue("reader", 3600)
    return found


def questions() -> list[tuple[str, str]]:
    """What is asked, by name; keys and names are of objects that exist."""
    inv, pick = InventoryMgr(), random.Random(7)
    found = [
        ("inventory, a page", "/inventory?env_name=prod&limit=100"),
        ("inventory, instances", "/inventory?env_name=prod&type=instance&limit=100"),
        ("links, a page", "/links?env_name=prod&limit=100"),
        ("links that are down", "/links?env_name=prod&state=down"),
        ("cliques, a page", "/cliques?env_name=prod&limit=100"),
        ("changes", "/changes?env_name=prod"),
        ("scans", "/scans?env_name=prod"),
        ("aggregates", "/aggregates?type=environment&env_name=prod"),
        ("tree of the environment", "/inventory/tree?env_name=prod&depth=3"),
    ]
    hosts, instances = inv.find("prod", "host"), inv.find("prod", "instance")
    cliques = inv.find_all("cliques", {"focal_point_type": "instance"}, limit=40)
    for host in pick.sample(hosts, min(10, len(hosts))):
        key = host["_id"]
        found += [
            ("objects of a host", f"/inventory?env_name=prod&host={host['id']}"),
            ("children of a host", f"/inventory/{key}/children"),
            ("graph of a host", f"/inventory/{key}/graph?depth=1"),
        ]
    for item in pick.sample(instances, min(20, len(instances))):
        found += [
            ("an instance", f"/inventory/{item['_id']}"),
            ("graph of an instance", f"/inventory/{item['_id']}/graph?depth=2"),
            ("search by id", f"/search?q={item['id']}"),
            ("search by part of a name", f"/search?q={item['name'][1:]}"),
        ]
    for clique in pick.sample(cliques, min(20, len(cliques))):
        found.append(("graph of a clique", f"/cliques/{clique['_id']}/graph"))
    return found


async def client(
    port: int, secret: str, asked: list[tuple[str, str]], until: float, told: Told
) -> None:
    """One reader with a connection of its own; a new one when it is closed."""
    order = asked.copy()
    random.shuffle(order)
    reader = writer = None
    number = 0
    while time.monotonic() < until:
        name, path = order[number % len(order)]
        number += 1
        began = time.monotonic()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            text = f"GET {ROOT}{path.replace(' ', '%20')} HTTP/1.1\r\nHost: localhost\r\n"
            writer.write(f"{text}X-Auth-Token: {secret}\r\n\r\n".encode())
            assert reader
            status, size, kept = await asyncio.wait_for(answer(reader), 60)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            status, size, kept = type(error).__name__, 0, False
        told.note(name, status, time.monotonic() - began)
        told.bytes += size
        if not kept and writer is not None:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[str, int, bool]:
    """Status, size of the body, and whether the connection is kept."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = head.split(" ", 2)[1]
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    size = int(headers.get("content-length", 0))
    await reader.readexactly(size)
    return status, size, headers.get("connection") != "close"


async def load(port: int, given: argparse.Namespace) -> Told:
    """All readers at once."""
    told, secret, asked = Told(), token(), questions()
    until = time.monotonic() + given.seconds
    readers = [client(port, secret, asked, until, told) for _ in range(given.clients)]
    await asyncio.gather(*readers)
    return told


def main() -> int:
    """Scan, serve, read; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    add: Any = parser.add_argument
    add("--clients", type=int, default=200)
    add("--seconds", type=float, default=60.0)
    add("--hosts", type=int, default=40)
    add("--instances", type=int, default=1000)
    add("--workers", type=int, default=2)
    add("--threads", type=int, default=16)
    add("--no-scan", action="store_true", help="while no scan runs")
    add("--json", type=Path, help="write statuses and milliseconds there, too")
    given = parser.parse_args()
    with scanned(given.hosts, given.instances), served(given.workers, given.threads) as port:
        with scanning(not given.no_scan):
            told = asyncio.run(load(port, given))
        told.show(given.seconds)
        if given.json:
            given.json.write_text(json.dumps(told.times))
    return 1 if told.failures() else 0


if __name__ == "__main__":
    sys.exit(main())
