"""A healthy cloud, scanned alone and while hostile ones are scanned and tested by the same workers.

python -m tests.hostile.beside [--runs 3]

Prints seconds of each scan of the healthy cloud, the median of both, their ratio, and the memory of
the worker. Ends with 1 when a scan of the healthy cloud did not find everything.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calipso.dispatch import cancel, send_connection_test, submit
from calipso.errors import CalipsoError
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.stores.config.connection_tests import ConnectionTestStore
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.faults.stack import TIMES, Stack, wait
from tests.hostile.fake_ssh import command_modes
from tests.hostile.fakes import Say, hostile, http_modes, mysql_modes
from tests.sample_cloud.running import RunningCloud, running_cloud

HEALTHY = "healthy"
CLOUD = {"hosts": 6, "instances": 40, "networks": 8, "latency": 5, "seed": 11}
#: What each hostile cloud does at its API: two are slow, two are huge, one says nothing.
MODES = (
    "says nothing",
    "status line a byte at a time",
    "endless 100 Continue",
    "gzip bomb",
    "body of many maps",
)
#: The same for clouds that only wait: what is measured then is the share of threads, not of CPU.
SLOW = (
    *MODES[:2],
    "headers a byte at a time",
    "body a byte at a time",
    "100 Continue now and then",
)
#: Connection tests that wait for the hostile clouds meanwhile, as one operator asked for.
TESTS = 18
#: Seconds between the end of a hostile scan and the next: a scan that fails at once is a scan too,
#: and costs what each scan costs.
PAUSE = 5.0
#: Seconds that a scan of the healthy cloud may take at most.
BOUND = 300.0


@dataclass
class Measured:
    """Seconds of scans of the healthy cloud, and megabytes of the worker."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    objects: set[int] = field(default_factory=set)
    idle: float = 0.0
    most: float = 0.0
    hostile_scans: int = 0

    @property
    def ratio(self) -> float:
        """How many times as long the median scan takes beside hostile clouds."""
        return statistics.median(self.beside) / statistics.median(self.alone)


def measured(runs: int, modes: Sequence[str] = MODES) -> Measured:
    """Scan the healthy cloud so many times alone, and so many times beside five hostile ones."""
    found = Measured()
    folder, clouds = tempfile.TemporaryDirectory(), running_cloud(**CLOUD)
    with folder as name, clouds as cloud, Stack(Path(name)) as stack:
        for short in TIMES:  # times as they are for everybody
            stack.env.pop(short, None)
        stack._worker("sources", "scan,events,api,db,cli", "threads", 16)
        stack._worker("graph", "links,cliques", "prefork", 2)
        EnvironmentStore().add(deepcopy(cloud.environment) | {"name": HEALTHY})
        InventoryMgr().ensure_indexes()
        wait(lambda: len(WorkerStore().live()) >= 2, 120, "workers do not start")
        scanned(found)  # the first one warms up
        found.idle = _megabytes(stack)
        found.alone = [scanned(found) for _ in range(runs)]
        with hostile_clouds(cloud, modes, found), peak(stack, found):
            found.beside = [scanned(found) for _ in range(runs)]
    return found


def scanned(found: Measured) -> float:
    """Scan the healthy cloud; returns seconds."""
    began = time.monotonic()
    scan_id = submit(ScanRequest(environment=HEALTHY))
    wait(lambda: ScanStatus(ScanStore().get(scan_id)["status"]).final, BOUND, "no end")
    seconds = time.monotonic() - began
    assert ScanStore().get(scan_id)["status"] == ScanStatus.COMPLETED
    found.objects.add(
        InventoryMgr().collection("inventory").count_documents({"environment": HEALTHY})
    )
    return seconds


@contextmanager
def hostile_clouds(cloud: RunningCloud, modes: Sequence[str], found: Measured) -> Iterator[None]:
    """Five environments whose clouds are hostile: scanned again and again, and tested."""
    http, sql = http_modes(), mysql_modes()["long rows without end"]
    stop, names = threading.Event(), [f"hostile-{number}" for number in range(len(modes))]
    with ExitStack() as held:
        for name, mode in zip(names, modes, strict=True):
            ports = [held.enter_context(hostile(say)) for say in (http[mode], sql, _flood())]
            EnvironmentStore().add(_hostile(cloud, name, *ports))
        thread = threading.Thread(target=_scan_again, args=(names, stop, found), daemon=True)
        thread.start()
        store = ConnectionTestStore()
        for number in range(TESTS):
            name = names[number % len(names)]
            test = store.create(name, [("OpenStack", "api")], [])
            send_connection_test(str(test), ["api"])
        wait(lambda: found.hostile_scans, 60, "no hostile scan begins")
        time.sleep(3)
        try:
            yield
        finally:
            stop.set()
            thread.join(60)


def _flood() -> Say:
    return command_modes()["output without end"]


def _hostile(cloud: RunningCloud, name: str, api: int, database: int, host: int) -> dict[str, Any]:
    """The healthy environment with other ports."""
    document = deepcopy(cloud.environment) | {"name": name}
    ports = {"OpenStack": api, "mysql": database, "CLI": host}
    for section in document["configuration"]:
        if section["name"] in ports:
            section["port"] = ports[section["name"]]
            section.pop("auth_url", None)
    return document


def _scan_again(names: list[str], stop: threading.Event, found: Measured) -> None:
    running: dict[str, str] = {}
    due = dict.fromkeys(names, 0.0)
    while not stop.wait(0.5):
        for name in names:
            with suppress(CalipsoError):
                last = running.get(name)
                if last is not None and ScanStatus(ScanStore().get(last)["status"]).final:
                    del running[name]
                    due[name] = time.monotonic() + PAUSE
                if name not in running and time.monotonic() > due[name]:
                    running[name] = submit(ScanRequest(environment=name))
                    found.hostile_scans += 1
    for scan_id in running.values():
        with suppress(CalipsoError):
            cancel(scan_id)


@contextmanager
def peak(stack: Stack, found: Measured) -> Iterator[None]:
    """Remember the most memory of the worker of sources meanwhile."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            found.most = max(found.most, _megabytes(stack))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(10)


def _megabytes(stack: Stack) -> float:
    text = Path(f"/proc/{stack.children['sources'].pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.beside")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow", action="store_true", help="the hostile clouds send little")
    options = parser.parse_args()
    found = measured(options.runs, SLOW if options.slow else MODES)
    for name, seconds in (("alone", found.alone), ("beside", found.beside)):
        words = " ".join(f"{each:.1f}" for each in seconds)
        print(f"{name}: {words} s, median {statistics.median(seconds):.1f} s")
    print(f"ratio {found.ratio:.2f}; {found.hostile_scans} scans of hostile clouds, {TESTS} tests")
    print(f"memory of the worker: {found.idle:.0f} MB before, {found.most:.0f} MB at most")
    return 0 if len(found.objects) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
