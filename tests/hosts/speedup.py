"""How much faster a scan is with more worker processes, when it waits more than it computes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from calipso.dispatch import submit
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.scan_store import ScanStore
from tests.hosts.runs import BOUND, ENVIRONMENT, sample
from tests.hosts.stack import Stack, wait

LATENCY = 20
HOSTS = 64  # eight tasks of eight hosts each: no process is left without its share
INSTANCES = 64

#: One thread a process, one host at a time: four processes then wait for four hosts at once and
#: leave the processors idle for most of the time. With the defaults (16 threads, 8 hosts a task)
#: one process alone keeps two processors busy, and more of them could show nothing.
THREADS = 1
HOSTS_AT_ONCE = 1


@dataclass
class Result:
    """Scans with a number of worker processes: the best of the rounds."""

    processes: int
    seconds: float
    reading: float


def measure(
    numbers: tuple[int, ...] = (1, 2, 4),
    rounds: int = 3,
    hosts: int = HOSTS,
    instances: int = INSTANCES,
) -> list[Result]:
    """Scan the same cloud with more and more processes for the sources."""
    results = []
    with (
        sample(LATENCY, hosts, instances) as cloud,
        tempfile.TemporaryDirectory(prefix="speedup-") as temporary,
        Stack(
            Path(temporary) / "stack",
            CALIPSO_HOSTS_AT_ONCE=str(HOSTS_AT_ONCE),
        ) as stack,
    ):
        EnvironmentStore().add(cloud.environment, replace=True)
        stack.center()
        for number in numbers:
            names = [f"sources-{n}" for n in range(1, number + 1)]
            for name in names:
                stack.worker(name, number=THREADS)
            results.append(best(number, [_scan() for _ in range(rounds)]))
            for name in names:
                stack.end(name)
    return results


def best(processes: int, found: list[tuple[float, float]]) -> Result:
    """The fastest: what else the machine did only ever adds."""
    return Result(processes, min(s for s, _ in found), min(r for _, r in found))


def _scan() -> tuple[float, float]:
    """Seconds of a scan, and of its levels that read the cloud."""
    scan_id = submit(ScanRequest(environment=ENVIRONMENT))
    store = ScanStore()
    wait(lambda: ScanStatus(store.get(scan_id)["status"]).final, BOUND, "the scan does not end")
    scan = store.get(scan_id)
    assert scan["status"] == ScanStatus.COMPLETED, scan["errors"]
    ended = max(t["ended_at"] for t in store.scan_tasks(scan_id, "ended_at", kind="fetch"))
    began = scan["start_timestamp"]
    return (
        (scan["end_timestamp"] - began).total_seconds(),
        (ended - began).total_seconds(),
    )
