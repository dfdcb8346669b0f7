"""What a scan costs after a change: `python -m tests.bench.after_changes --hosts 40,100`.

The scans run in this process, one after the other, on one generated cloud. A listener of the driver
counts the commands to the store and the documents that they wrote. So the counts are exact, while
`tests.bench` measures the times of a whole stack.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pymongo import monitoring

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.bench.measure import NAME, Size
from tests.bench.stack import Stack
from tests.sample_cloud.running import RunningCloud, running_cloud

THREADS = 16
COLUMNS = "{:>5}  {:<22}{:>8}{:>8}{:>10}{:>10}{:>9}{:>9}"


@dataclass
class Row:
    """One scan."""

    hosts: int
    scan: str
    wall: float
    #: CPU seconds of this process: all of the engine, without store and cloud
    cpu: float
    commands: int
    #: documents inserted, changed or removed
    written: int
    #: tasks of link finders, and focal points whose cliques were found
    finders: int
    focal_points: int
    narrow: bool


class Commands(monitoring.CommandListener):
    """Counts commands and written documents."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def started(self, _event: monitoring.CommandStartedEvent) -> None:
        """Count it."""
        self.counts["commands"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count what it wrote: of an update, documents that it changed or inserted."""
        reply = event.reply
        if event.command_name in ("insert", "delete"):
            self.counts["written"] += int(reply.get("n", 0))
        elif event.command_name == "update":
            new = len(reply.get("upserted", ()))
            self.counts["written"] += int(reply.get("nModified", 0)) + new

    def failed(self, _event: monitoring.CommandFailedEvent) -> None:
        """Nothing was written."""


def scans_after_changes(cloud: RunningCloud, inv: InventoryMgr) -> Iterator[tuple[str, Any]]:
    """Yield each scan with its name, after the change of the cloud that it shall find."""
    yield "first", {}
    yield "unchanged", {}
    one = inv.find(NAME, "instance", ["id", "host"])[0]
    yield "instance, unchanged", {"object_id": one["id"], "object_type": "instance"}
    port = inv.find(NAME, "port", ["id"])[0]
    yield "port, unchanged", {"object_id": port["id"], "object_type": "port"}
    router = inv.find(NAME, "vservice", ["id"])[0]
    yield "router, unchanged", {"object_id": router["id"], "object_type": "vservice"}
    made = cloud.mutate("create_instance", host=one["host"])
    yield "host, instance added", {"object_id": one["host"], "object_type": "host"}
    cloud.mutate("delete_instance", id=made["id"])
    yield "instance, deleted", {"object_id": made["id"], "object_type": "instance"}
    for operation in ("create_instance", "delete_instance"):
        for _ in range(max(1, cloud.summary["instances"] // 200)):
            cloud.mutate(operation)
    cloud.mutate("create_instance")
    yield "1 % changed", {}


def measure(hosts: int, commands: Commands) -> Iterator[Row]:
    """Scan a generated cloud of this size again and again."""
    size = Size(hosts, 50 * hosts)
    options = {"hosts": hosts, "instances": size.instances, "networks": size.networks}
    with ExitStack() as opened:
        cloud = opened.enter_context(running_cloud(name=NAME, latency=5.0, seed=1, **options))
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="calipso-bench-")))
        opened.enter_context(Stack(home))
        EnvironmentStore().add(cloud.environment)
        for name, request in scans_after_changes(cloud, InventoryMgr()):
            commands.counts.clear()
            cpu, began = time.process_time(), time.monotonic()
            record = run_local(ScanRequest(environment=NAME, **request), threads=THREADS)
            wall, cpu = time.monotonic() - began, time.process_time() - cpu
            counts = dict(commands.counts)
            store = ScanStore()
            cliques = store.scan_tasks(record["_id"], "parents", kind="cliques")
            yield Row(
                hosts=hosts,
                scan=name,
                wall=round(wall, 2),
                cpu=round(cpu, 2),
                commands=counts.get("commands", 0),
                written=counts.get("written", 0),
                finders=len(store.scan_tasks(record["_id"], "done", kind="links")),
                focal_points=sum(len(task["parents"]) for task in cliques),
                narrow=bool(record.get("narrow")),
            )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", default="40,100", help="sizes of clouds (40,100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    arguments = parser.parse_args()
    commands = Commands()
    monitoring.register(commands)
    names = ("hosts", "scan", "wall s", "CPU s", "commands", "written", "finders", "cliques")
    print(COLUMNS.format(*names))
    rows = []
    for hosts in map(int, arguments.hosts.split(",")):
        for row in measure(hosts, commands):
            rows.append(asdict(row))
            print(COLUMNS.format(*list(rows[-1].values())[:-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
