"""Scans by workers on several hosts, and what must be true of them."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calipso.discover.engine.scan_local import run_local
from calipso.dispatch import submit
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.hosts.network import Host, Network
from tests.hosts.relay import relay
from tests.hosts.stack import Stack, wait
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents

Document = dict[str, Any]

ENVIRONMENT = "hosts"

#: Settings that say what a lost worker host costs, in seconds.
LEASES = (
    "worker_lost_after",
    "watchdog_interval",
    "lost_message_after",
    "answer_lease",
    "slot_lease",
    "advance_lease",
)

#: Short ones, so that a test is.
SHORT = {
    "CALIPSO_WORKER_LOST_AFTER": "5",
    "CALIPSO_WATCHDOG_INTERVAL": "2",
    "CALIPSO_LOST_MESSAGE_AFTER": "4",
    "CALIPSO_ANSWER_LEASE": "4",
    "CALIPSO_SLOT_LEASE": "4",
    "CALIPSO_ADVANCE_LEASE": "6",
}

#: Seconds a scan may take, whatever happens to a worker host.
BOUND = 180.0


@dataclass
class Outcome:
    """One scan."""

    status: str
    seconds: float
    equal: bool
    #: tasks of the sources by the host that ended them
    tasks: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Cluster:
    """A cloud, stores and worker hosts; `expected` is what one process finds alone."""

    def __init__(self, stack: Stack, network: Network, document: Document) -> None:
        self.stack = stack
        self.network = network
        EnvironmentStore().add(document, replace=True)
        alone = run_local(ScanRequest(environment=ENVIRONMENT, inventory="alone"))
        assert alone["status"] == ScanStatus.COMPLETED, alone["errors"]
        self.expected = contents(InventoryMgr("alone"), ENVIRONMENT)
        self._number = 0

    def add_hosts(self, number: int, threads: int = 4) -> list[Host]:
        """Worker hosts that read everything."""
        hosts = [self.network.add_host(f"worker-{n}") for n in range(1, number + 1)]
        for host in hosts:
            self.stack.worker(f"on-{host.name}", number=threads, host=host)
        return hosts

    def begin(self) -> str:
        """Start a scan into an inventory of its own."""
        self._number += 1
        request = ScanRequest(environment=ENVIRONMENT, inventory=f"run{self._number}")
        return submit(request)

    def wait(self, scan_id: str) -> Outcome:
        """Wait for its end, look at what came of it, forget its inventory."""
        store = ScanStore()
        wait(lambda: ScanStatus(store.get(scan_id)["status"]).final, BOUND, "the scan does not end")
        scan = store.get(scan_id)
        inventory = InventoryMgr(scan["inventory"])
        outcome = Outcome(
            status=scan["status"],
            seconds=(scan["end_timestamp"] - scan["start_timestamp"]).total_seconds(),
            equal=contents(inventory, ENVIRONMENT) == self.expected,
            tasks=Counter(
                host_of(task) for task in store.scan_tasks(scan_id, "worker", kind="fetch")
            ),
            errors=[error["message"] for error in scan["errors"]],
        )
        inventory.drop()
        return outcome

    def scan(self) -> Outcome:
        """A scan from begin to end."""
        return self.wait(self.begin())

    def scan_while_cut(self, victim: Host) -> Outcome:
        """A scan whose worker host loses its link while it asks hosts; it stays cut."""
        scan_id = self.begin()
        tasks = ScanStore().tasks
        query = {"scan_id": scan_id, "source": "cli", "state": "running"}
        mine = query | {"worker": {"$regex": f"@{victim.name}#"}}
        wait(lambda: tasks.find_one(mine), 60, f"{victim.name} gets no task")
        victim.cut()
        return self.wait(scan_id)

    def rejoins(self, host: Host) -> float:
        """Seconds from mending the link until the worker is taken for alive again."""
        began = time.monotonic()
        host.mend()
        wait(lambda: self.stack.alive(f"on-{host.name}"), 120, f"{host.name} does not come back")
        return time.monotonic() - began


def host_of(task: Document) -> str:
    """The host of the worker that ran a task: `name@host#start`."""
    return str(task["worker"]).partition("@")[2].partition("#")[0]


@contextmanager
def cluster(cloud: RunningCloud, **leases: str) -> Iterator[Cluster]:
    """Network, stores on the bridge's address, and the cloud behind a relay."""
    with tempfile.TemporaryDirectory(prefix="hosts-") as temporary, Network() as network:
        document = seen_from(cloud, network.address)
        ports = [section["port"] for section in document["configuration"]]
        with (
            relay(network.address, ports),
            Stack(Path(temporary) / "stack", network.address, **leases) as stack,
        ):
            made = Cluster(stack, network, document)
            stack.center()
            yield made


@contextmanager
def sample(latency: int = 20, hosts: int = 24, instances: int = 100) -> Iterator[RunningCloud]:
    """The generated cloud of these runs."""
    with running_cloud(
        name=ENVIRONMENT, hosts=hosts, instances=instances, networks=10, latency=latency, seed=3
    ) as cloud:
        yield cloud


def seen_from(cloud: RunningCloud, address: str) -> Document:
    """The environment of a cloud that is reached at another address than loopback."""
    document = deepcopy(cloud.environment)
    for section in document["configuration"]:
        section["host"] = address
        if section["name"] == "OpenStack":
            section["endpoint_host"] = address
    return document


def leases() -> str:
    """The lease settings in force."""
    return ", ".join(f"{name} {getattr(settings(), name):g} s" for name in LEASES)
