"""Reads of a large inventory, timed: `python -m tests.api.bench_reading [--hosts 1000]`.

Fills an embedded store (or `CALIPSO_MONGO_URL`) with an inventory of 50 objects a host and prints
milliseconds of the API's answers, without network: wall time, which means something on a quiet
machine only, and CPU time of this process and of an embedded store.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from calipso.api.app import create_app
from calipso.cli.stack.embedded import start_mongo, start_redis
from calipso.model.user import Role, User
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from tests.api.big import Big

ROOT = "/api/v1"
ENVIRONMENT = {
    "configuration": [
        {"name": "OpenStack", "host": "192.0.2.1", "user": "u", "pwd": "x"},
        {"name": "mysql", "host": "192.0.2.1", "user": "u", "pwd": "x"},
        {"name": "CLI", "host": "192.0.2.1", "user": "u", "pwd": "x"},
    ]
}


@contextmanager
def stores() -> Iterator[None]:
    """Stores of our own, or those of the environment's variables."""
    if "CALIPSO_MONGO_URL" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with start_mongo(folder / "mongo") as mongo, start_redis(folder / "redis") as redis:
            os.environ["CALIPSO_MONGO_URL"], os.environ["CALIPSO_REDIS_URL"] = mongo, redis
            os.environ["CALIPSO_HOME"] = str(folder / "home")
            settings.cache_clear()
            yield


def fill(hosts: int) -> None:
    """Two environments, one of them large, unless they are there."""
    inv = InventoryMgr()
    for name, size in (("prod", hosts), ("other", max(3, hosts // 10))):
        if name not in EnvironmentStore().names():
            EnvironmentStore().add(ENVIRONMENT | {"name": name})
        if inv.collection("inventory").find_one({"environment": name}) is None:
            inv.ensure_indexes()
            began = time.perf_counter()
            Big(name, size).write(inv)
            print(f"{name}: {size} hosts written in {time.perf_counter() - began:.0f} s")


def client() -> FlaskClient:
    """An admin."""
    app = create_app()
    name = f"bench-{os.getpid()}"
    UserStore().add(User(name=name, role=Role.ADMIN))
    token, _ = TokenStore().issue(name, 3600)
    found = app.test_client()
    found.environ_base["HTTP_X_AUTH_TOKEN"] = token
    return found


class Bench:
    """Asks and prints."""

    def __init__(self, api: FlaskClient, rounds: int) -> None:
        self.api = api
        self.rounds = rounds
        self.store = store_process()

    def cpu(self) -> tuple[float, float]:
        """Milliseconds of CPU this process and the store have used."""
        ticks = 0
        if self.store:
            fields = self.store.joinpath("stat").read_text().rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])
        return time.process_time() * 1000, ticks * 1000 / os.sysconf("SC_CLK_TCK")

    def peak(self) -> str:
        """The most memory the store has had."""
        lines = self.store.joinpath("status").read_text().splitlines() if self.store else []
        found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
        return f"store at most {int(found[0]) // 1024} MB" if found else ""

    def get(self, path: str) -> tuple[Any, float]:
        """The answer and its milliseconds."""
        began = time.perf_counter()
        answer = self.api.get(ROOT + path)
        spent = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.json, spent

    def show(self, what: str, path: str) -> Any:
        """Ask several times; print the first, the best and the middle time."""
        found, first = self.get(path)
        before = self.cpu()
        times = sorted(self.get(path)[1] for _ in range(self.rounds))
        own, store = (
            (now - then) / self.rounds for now, then in zip(self.cpu(), before, strict=True)
        )
        middle = statistics.median(times)
        numbers = f"{first:9.1f}{times[0]:9.1f}{middle:9.1f}{own:9.1f}{store:9.1f}"
        print(f"{what:40}{numbers}  {_size(found)}")
        return found

    def pages(self, what: str, path: str) -> None:
        """Walk a whole list; print pages and milliseconds of the first, middle and last ones."""
        _, once = self.get(path)
        times: list[float] = []
        cpu: list[float] = []
        seen, marker = 0, ""
        while True:
            before = self.cpu()
            body, spent = self.get(path + marker)
            cpu.append(sum(self.cpu()) - sum(before))
            times.append(spent)
            seen += len(body["items"])
            if body["next"] is None:
                break
            marker = f"&marker={body['next']}"
        thirds = len(times) // 3 or 1
        bounds = (slice(0, thirds), slice(thirds, 2 * thirds), slice(2 * thirds, None))
        wall = " ".join(f"{statistics.median(times[part]):.1f}" for part in bounds)
        used = " ".join(f"{statistics.mean(cpu[part]):.1f}" for part in bounds)
        print(f"{what:40} {seen} in {len(times)} pages; by thirds, wall: {wall}, CPU: {used}")
        print(f"{'':40} the first page, asked once before: {once:.1f}; {self.peak()}")


def store_process() -> Path | None:
    """The embedded store's place in /proc, if it is one."""
    port = os.environ["CALIPSO_MONGO_URL"].rpartition(":")[2].partition("/")[0]
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = place.joinpath("cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"secantusd" in words[0] and port.encode() in words:
            return place
    return None


def _size(found: Any) -> str:
    if "items" in found:
        return f"{len(found['items'])} items"
    if "nodes" in found:
        cut = ", truncated" if found["truncated"] else ""
        return f"{len(found['nodes'])} nodes, {len(found['edges'])} edges{cut}"
    return f"{found.get('count', '')}"


def run(bench: Bench, hosts: int) -> None:
    """All measurements."""
    middle = hosts // 2
    host = bench.get(f"/inventory?env_name=prod&type=host&id=compute-{middle:05}")[0]["items"][0]
    key = host["_id"]
    network = bench.get("/inventory?env_name=prod&type=network")[0]["items"][0]["_id"]
    serial = middle * 22
    uuid = f"{serial:08x}-0000-4000-8000-{serial:012x}"
    instance = bench.get(f"/inventory?env_name=prod&id={uuid}")[0]["items"][0]["_id"]
    mac = ":".join(f"{byte:02x}" for byte in (0xFA, 0x16, *serial.to_bytes(4, "big")))
    heads = ("first", "best", "median", "cpu", "store")
    print(f"{'':40}" + "".join(f"{word:>9}" for word in heads))
    show = bench.show
    show("objects, first page", "/inventory?env_name=prod")
    show("vnics, first page", "/inventory?env_name=prod&type=vnic")
    show("on a host", f"/inventory?env_name=prod&host=compute-{middle:05}")
    show("one by id", f"/inventory?env_name=prod&id={uuid}")
    show("one by id, any environment", f"/inventory?id={uuid}")
    show("below a path", f"/inventory?parent_path={host['id_path']}&sub_tree=true")
    show("name begins so", "/inventory?env_name=prod&type=instance&name=web-0110")
    show("one by key", f"/inventory/{instance}")
    show("children of a host", f"/inventory/{key}/children")
    show("tree of a host, depth 3", f"/inventory/{key}/tree?depth=3")
    show("tree of the environment, depth 2", "/inventory/tree?env_name=prod&depth=2")
    show("links of an instance", f"/inventory/{instance}/links")
    show("links of a network", f"/inventory/{network}/links")
    show("clique of an instance", f"/inventory/{instance}/cliques")
    show("cliques a network is in", f"/inventory/{network}/cliques?member=true")
    show("neighbourhood of a host, depth 1", f"/inventory/{key}/graph?depth=1")
    show("neighbourhood of a host, depth 2", f"/inventory/{key}/graph?depth=2")
    show("neighbourhood of an instance, depth 3", f"/inventory/{instance}/graph?depth=3")
    show("neighbourhood of a network, depth 1", f"/inventory/{network}/graph?depth=1")
    show("search: exact id", f"/search?q={uuid}")
    show("search: exact name", f"/search?q=web-{serial:06}")
    show("search: MAC", f"/search?q={mac.replace(':', '-').upper()}")
    show("search: IP", "/search?q=10.3.12.14")
    show("search: CIDR", "/search?q=10.3.12.0/24")
    show("search: beginning of a name", "/search?q=web-0001")
    show("search: part of a name", "/search?q=b-0001")
    show("search: part of no name", "/search?q=nosuchthing")
    show("aggregates of an environment", "/aggregates?type=environment&env_name=prod")
    bench.pages("objects, page by page of 100", "/inventory?env_name=prod&limit=100")
    bench.pages("links, page by page of 100", "/links?env_name=prod&limit=100")


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with stores():
        fill(given.hosts)
        run(Bench(client(), given.rounds), given.hosts)


if __name__ == "__main__":
    main()
