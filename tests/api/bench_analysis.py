"""Analysis of a large inventory, timed: `python -m tests.api.bench_analysis [--hosts 1000]`.

1,000 hosts with 50 instances each, and 5,000 changes of the last hour. Prints milliseconds of
answers of the API (see tests/api/bench_reading.py), the seconds and memory of drift of the whole
cloud, and of every single point of failure.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import timedelta
from typing import Any

from calipso.analysis.drift import judge
from calipso.analysis.spof import single_points
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.utils.clock import now
from tests.api.bench_reading import ENVIRONMENT, Bench, client, stores
from tests.api.big import Big

INSTANCES = 50
CHANGED = 5000


def fill(hosts: int) -> InventoryMgr:
    """The inventory, and changes of the last hour."""
    inv = InventoryMgr()
    EnvironmentStore().add(ENVIRONMENT | {"name": "prod"})
    inv.ensure_indexes()
    began = time.perf_counter()
    Big("prod", hosts, INSTANCES).write(inv)
    print(f"{hosts} hosts, {hosts * INSTANCES} instances, {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    writer = ObjectWriter(inv, "prod", "bench-2", generation=2)
    for number, item in enumerate(inv.each("prod", "vnic")):
        if number >= CHANGED:
            break
        kept = {name: value for name, value in item.items() if name not in ("_id", "environment")}
        writer.add(kept | {"state": "down", "id_path": item["id_path"]})
    writer.flush()
    changes = inv.collection("changes").count_documents({})
    print(f"{changes} changes in {time.perf_counter() - began:.0f} s")
    return inv


def run(bench: Bench, inv: InventoryMgr, hosts: int) -> None:
    """All rows."""
    middle = hosts // 2
    name = f"compute-{middle:05}"
    keys = {
        kind: bench.get(f"/inventory?env_name=prod&type={kind}&id={item}")[0]["items"][0]["_id"]
        for kind, item in (
            ("host", name),
            ("host_pnic", f"{name}-eth0"),
            ("instance", f"{middle * INSTANCES:08x}-0000-4000-8000-{middle * INSTANCES:012x}"),
        )
    }
    hour = f"{now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    show = bench.show
    print(
        f"{'':40}" + "".join(f"{word:>9}" for word in ("first", "best", "median", "cpu", "store"))
    )
    show("impact of a NIC", f"/inventory/{keys['host_pnic']}/impact")
    show("impact of a host", f"/inventory/{keys['host']}/impact")
    show("diff of an hour, 5,000 changes", f"/diff?env_name=prod&start={hour}")
    show("diff around an instance", f"/diff?env_name=prod&start={hour}&around={keys['instance']}")
    show("one object an hour ago", f"/inventory/{keys['instance']}?at={hour}")
    show("instances, a page, an hour ago", f"/inventory?env_name=prod&type=instance&at={hour}")
    show("graph of an instance, an hour ago", f"/inventory/{keys['instance']}/graph?at={hour}")
    show("way of an instance, an hour ago", f"/inventory/{keys['instance']}/paths?at={hour}")
    for what, work in (
        ("drift of the whole cloud", lambda: judge(inv, "prod").found),
        ("the same again", lambda: judge(inv, "prod").found),
        ("every single point of failure", lambda: len(single_points(inv, "prod"))),
    ):
        timed(what, work)


def timed(what: str, work: Any) -> None:
    """Seconds of one call, and the most memory of this process until then."""
    began = time.perf_counter()
    found = work()
    spent = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what:40}{spent:9.1f} s, {found} found, at most {most} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with stores():
        inv = fill(options.hosts)
        run(Bench(client(), options.rounds), inv, options.hosts)


if __name__ == "__main__":
    main()
