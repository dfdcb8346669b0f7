"""Runs: one scan each, one to three faults, and what must be true afterwards."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from calipso.discover.engine.scan_local import run_local
from calipso.dispatch import submit
from calipso.errors import CalipsoError
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo import mongo_access
from calipso.stores.scans.scan_store import ScanStore
from calipso.stores.scans.worker_store import WorkerStore
from tests.faults.hooks import disarm, wake
from tests.faults.kinds import AFTERMATH, Kind, Scene, kinds
from tests.faults.stack import Stack, wait
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents

Document = dict[str, Any]

ENVIRONMENT = "faults"
CLOUD = {"hosts": 6, "instances": 40, "networks": 8, "latency": 30, "seed": 11}

#: Seconds a run may take; one without faults takes a few.
BOUND = 150.0

#: How a scan ends that nothing of its sources failed in.
WELL = (ScanStatus.COMPLETED,)


@dataclass
class Outcome:
    """What came of one run."""

    number: int
    faults: list[str]
    met: list[str] = field(default_factory=list)  # those of the faults that came upon the scan
    happened: list[str] = field(default_factory=list)
    status: str = ""
    ended: bool = False
    equal: bool = False
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True when all held."""
        return self.ended and self.equal and not self.failures


class Campaign:
    """A stack, a cloud, and what an undisturbed scan of it finds."""

    def __init__(self, stack: Stack, cloud: RunningCloud, broker: str = "redis") -> None:
        self.stack = stack
        self.cloud = cloud
        self.kinds = kinds(broker)
        self.inv = InventoryMgr()
        self.store = ScanStore()
        EnvironmentStore().add(cloud.environment)
        alone = run_local(ScanRequest(environment=ENVIRONMENT))
        assert alone["status"] == ScanStatus.COMPLETED, alone["errors"]
        self.expected = contents(self.inv, ENVIRONMENT)
        found = self.inv.find(ENVIRONMENT, "host")
        self.hosts = sorted(item["id"] for item in found if "Compute" in item["host_type"])
        self.stack.workers()
        wait(lambda: len(WorkerStore().live()) >= 3, 60, "workers do not start")
        self.counts: dict[str, int] = {}
        self.calm = min(self.undisturbed() for _ in range(2))  # the first warms up

    def undisturbed(self) -> float:
        """A scan without faults must find the same; returns its seconds."""
        outcome = self.run(0, random.Random(0), [])
        assert outcome.passed, outcome
        return outcome.seconds

    def run(self, number: int, rng: random.Random, chosen: list[Kind]) -> Outcome:
        """One run: a scan into an inventory of its own, or of the known one for source faults.

        Some faults last until another scan has run, which waits for the first; it is judged then.
        """
        outcome = Outcome(number, [kind.name for kind in chosen])
        scene = Scene(self.stack, self.cloud, rng, self.hosts)
        sources = any(kind.source for kind in chosen)
        name = settings().inventory if sources else f"run{number}"
        disarm(self.stack.faults)
        hits = self._lines("hits.log")
        for kind in chosen:
            if kind.armed:
                kind.act(scene)
        began = time.monotonic()
        scan_id = self._submit(name)
        second = self._submit(name) if any(kind.second for kind in chosen) else ""
        others = [kind for kind in chosen if not kind.armed]
        with acting(scene, others, getattr(self, "calm", 0.0), outcome):
            outcome.ended = self._wait_for_end(scan_id)
            if second:
                well = (*WELL, ScanStatus.COMPLETED_WITH_ERRORS) if sources else WELL
                scan_id = self._follow((scan_id, second), rng, outcome, well)
            outcome.seconds = round(time.monotonic() - began, 1)
        disarm(self.stack.faults)
        self.cloud.clear()
        self.stack.wait_for_stores()
        points = self._lines("hits.log")[len(hits) :]
        outcome.happened = points + scene.hit
        outcome.met += [kind.name for kind in chosen if kind.point in points]
        if not outcome.ended:
            outcome.failures.append(f"not ended: {self._where(scan_id)}")
            self._give_up(scan_id)
            return outcome
        self._judge(outcome, scan_id, name, scene.hit)
        return outcome

    # -- what must hold ----------------------------------------------------------------

    def _judge(self, outcome: Outcome, scan_id: str, name: str, hit: list[str]) -> None:
        scan = self.store.get(scan_id)
        outcome.status = scan["status"]
        found = contents(InventoryMgr(name), ENVIRONMENT)
        if name == settings().inventory:
            self._judge_source(outcome, scan, found, hit)
        else:
            if scan["status"] != ScanStatus.COMPLETED:
                messages = [error["message"] for error in scan["errors"]]
                outcome.failures.append(f"{scan['status']}: {messages[:3]}")
            outcome.equal = self._equal(found, outcome)
            if self.counts and scan["counts"] != self.counts:
                outcome.failures.append(f"counts differ: {other(self.counts, scan['counts'])}")
            self.counts = self.counts or scan["counts"]
        ends = [line for line in self._lines("ends.log") if line.split()[0] == scan_id]
        if len(ends) > 1:
            outcome.failures.append(f"became final {len(ends)} times: {ends}")
        wait(lambda: self.store.holder(scan) == "", 30, "lock held")
        after = self.store.get(scan_id)
        if (after["status"], after["end_timestamp"]) != (scan["status"], scan["end_timestamp"]):
            outcome.failures.append(f"final state moved: {scan['status']} -> {after['status']}")
        if name != settings().inventory:
            self._drop(name)

    def _judge_source(
        self, outcome: Outcome, scan: Document, found: dict[str, Any], hit: list[str]
    ) -> None:
        """Nothing is lost, what was hit is named, and the next scan is as if nothing had been."""
        for collection, items in self.expected.items():
            gone = {item["_id"] for item in items} - {item["_id"] for item in found[collection]}
            if gone:
                outcome.failures.append(f"{len(gone)} of {collection} lost")
        if scan["status"] == ScanStatus.COMPLETED:
            outcome.equal = self._equal(found, outcome)
            return
        lines = list(self.store.coverage.find({"scan_id": scan["_id"]}))
        told = [
            problem | {"host": line["host"], "source": line["source"]}
            for line in lines
            for problem in line["problems"]
        ]
        if not any(caused(problem, hit) for problem in told) or not scan["errors"]:
            outcome.failures.append("ended with errors that the coverage report does not name")
        if any(not problem["message"] or not problem["kind"] for problem in told):
            outcome.failures.append("a problem without words")
        for error in (*scan["errors"], *told):
            if not error["warning"] and not caused(error, hit):
                outcome.failures.append(f"nobody caused: {error['message'][:200]}")
        again = self._submit(scan["inventory"])
        if not self._wait_for_end(again):
            outcome.failures.append(f"the next scan does not end: {self._where(again)}")
            self._give_up(again)
            return
        state = self.store.get(again)
        if state["status"] != ScanStatus.COMPLETED:
            errors = [error["message"] for error in state["errors"]][:3]
            outcome.failures.append(f"the next scan is {state['status']}: {errors}")
        outcome.equal = self._equal(contents(self.inv, ENVIRONMENT), outcome)

    def _equal(self, found: dict[str, Any], outcome: Outcome) -> bool:
        if found == self.expected:
            return True
        for name, items in self.expected.items():
            outcome.failures += differences(name, items, found[name])
        return False

    # -- parts -------------------------------------------------------------------------

    def _submit(self, inventory: str) -> str:
        with suppress(CalipsoError):
            return submit(ScanRequest(environment=ENVIRONMENT, inventory=inventory))
        newest = self.store.find_scans({"inventory": inventory}, limit=1)  # recorded, not queued
        return str(newest[0]["_id"])

    def _wait_for_end(self, scan_id: str) -> bool:
        def final() -> bool:
            try:
                return ScanStatus(self.store.get(scan_id)["status"]).final
            except PyMongoError:
                return False

        try:
            wait(final, BOUND)
        except TimeoutError:
            return False
        return True

    def _follow(
        self,
        scans: tuple[str, str],
        rng: random.Random,
        outcome: Outcome,
        well: tuple[ScanStatus, ...],
    ) -> str:
        """Wake who stands still while the second scan runs, or after it; the scan to judge."""
        first, second = scans
        if not outcome.ended:
            wake(self.stack.faults)
            return first
        if self.store.get(first)["status"] not in well:
            outcome.failures.append(f"the first scan is {self.store.get(first)['status']}")
        if rng.random() < 0.5:
            with suppress(TimeoutError):
                wait(lambda: self.store.level_of(second) > 2, BOUND)
            wake(self.stack.faults)
        outcome.ended = self._wait_for_end(second)
        wake(self.stack.faults)
        time.sleep(AFTERMATH)
        return second

    def _where(self, scan_id: str) -> str:
        """How far a scan came that does not end."""
        scan = self.store.get(scan_id)
        tasks = self.store.open_tasks(scan_id, scan["level"])
        fields = ("title", "state", "attempts", "worker", "queue", "position")
        shown = [{name: task.get(name) for name in fields} for task in tasks[:5]]
        from workers.tasks.scan import queue_lengths  # needs the addresses of the stack

        waiting = {queue: number for queue, number in queue_lengths().items() if number}
        alive = [worker["_id"] for worker in WorkerStore().live()]
        where = f"{scan['status']} level {scan['level']} claim {scan.get('claim_until')}"
        return f"{where} of {scan.get('planner')}; open: {shown}; in queues: {waiting}; {alive}"

    def _give_up(self, scan_id: str) -> None:
        self.store.update(scan_id, {"status": ScanStatus.FAILED.value})
        self.store.unlock(self.store.get(scan_id))

    def _drop(self, inventory: str) -> None:
        InventoryMgr(inventory).drop()

    def _lines(self, name: str) -> list[str]:
        path = self.stack.faults / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def differences(name: str, wanted: list[Document], found: list[Document]) -> list[str]:
    """In what two collections differ, in a few words."""
    before = {item["_id"]: item for item in wanted}
    after = {item["_id"]: item for item in found}
    told = []
    missing, more = before.keys() - after.keys(), after.keys() - before.keys()
    for what, keys, items in (("missing", missing, before), ("too many", more, after)):
        kinds_of = sorted({str(items[k].get("type") or items[k].get("link_type")) for k in keys})
        if keys:
            told.append(f"{name}: {len(keys)} {what}: {kinds_of[:5]}")
    for key in before.keys() & after.keys():
        one, two = before[key], after[key]
        fields = [f for f in one.keys() | two.keys() if one.get(f) != two.get(f)]
        if fields:
            label = one.get("type") or one.get("link_type") or one.get("clique_type")
            told.append(f"{name}: {label} {one.get('id', key)} differs in {fields[:5]}")
    return told[:6]


def caused(error: Document, hit: list[str]) -> bool:
    """True when an error names what was hit: the host, the service of the API, or the database."""
    for fault in hit:
        kind, _, rest = fault.partition(":")
        target = rest.partition("=")[0]
        if kind.startswith("http-") and error["source"] == "api" and target in error["message"]:
            return True
        if kind.startswith("mysql-") and error["source"] == "db":
            return True
        if error["host"] and error["host"] == target.rpartition("@")[2]:
            return True
    return False


def other(wanted: Document, found: Document) -> Document:
    """Entries that two documents do not share: what was wanted, what was found."""
    keys = sorted(wanted.keys() | found.keys())
    return {k: (wanted.get(k), found.get(k)) for k in keys if wanted.get(k) != found.get(k)}


@contextmanager
def acting(scene: Scene, chosen: list[Kind], calm: float, outcome: Outcome) -> Iterator[None]:
    """Let faults happen at random moments of a scan, each in a thread of its own."""

    def act(kind: Kind, delay: float) -> None:
        time.sleep(delay)
        in_time = not outcome.ended
        try:
            met = kind.act(scene)
            if in_time if met is None else met:
                outcome.met.append(kind.name)
        except Exception as error:  # noqa: BLE001 - a fault that did not happen proves nothing
            outcome.failures.append(f"{kind.name} did not happen: {error!r}")

    threads = []
    for kind in chosen:
        # sources are asked in the first half of a scan; a fault waits there for a question
        delay = scene.rng.uniform(0, calm * (0.3 if kind.source else 0.8))
        threads.append(threading.Thread(target=act, args=(kind, delay)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(60)


@contextmanager
def campaign(broker: str = "redis", keep: Path | None = None) -> Iterator[Campaign]:
    """Everything up; all gone at the end, but the logs when `keep` names a folder."""
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        mongo_access.close_clients()
        with Stack(folder, broker) as stack, running_cloud(name=ENVIRONMENT, **CLOUD) as cloud:
            settings.cache_clear()
            try:
                yield Campaign(stack, cloud, broker)
            finally:
                mongo_access.close_clients()
                settings.cache_clear()


def choose(rng: random.Random, known: dict[str, Kind], number: int) -> list[Kind]:
    """One to three kinds; the first goes through all in turn, so that each comes up."""
    names = sorted(known)
    first = names[number % len(names)]
    more = rng.sample(names, rng.choice((0, 0, 1, 2)))
    return [known[name] for name in dict.fromkeys([first, *more])]


def as_document(outcome: Outcome) -> Document:
    """For --json."""
    return asdict(outcome) | {"passed": outcome.passed}
