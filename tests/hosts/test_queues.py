"""A worker that reaches a part of a cloud serves a queue for that part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.discover.engine.scan_manager import progress
from calipso.dispatch import submit
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.listening import not_served, queues_of
from calipso.stores.scans.message_store import MessageStore
from calipso.stores.scans.scan_store import ScanStore
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents
from tests.workers.conftest import QUEUES, Cluster, cluster, wait_for, wait_for_end

__all__ = ["cluster"]

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.long]

EDGE = "cli-edge"

#: Tasks of the queue that ask no host: they make switches of what the NICs of all hosts see.
DERIVED = {"ScanSwitchesRoot: CliFetchSwitches", "ScanSwitch: CliFetchSwitchPnics"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    """Five hosts."""
    with running_cloud(name="edge", hosts=5, instances=10, networks=4, seed=5) as running:
        yield running


@pytest.fixture
def edge_hosts(cloud: RunningCloud, inv: InventoryMgr) -> set[str]:
    """The environment with a queue for two of its hosts; their names."""
    EnvironmentStore().add(cloud.environment)
    run_local(ScanRequest(environment="edge", inventory="alone", inventory_only=True))
    found = InventoryMgr("alone").find("edge", "host")
    names = sorted(item["id"] for item in found if "Compute" in item["host_type"])[:2]
    document: dict[str, Any] = deepcopy(cloud.environment)
    document["queues"] = {"hosts": [{"hosts": names, "queue": EDGE}]}
    EnvironmentStore().add(document, replace=True)
    return set(names)


def tasks_of(scan_id: str) -> list[dict[str, Any]]:
    """Tasks that asked hosts, each with the hosts it asked.

    A task that derives objects from stored ones (switches of the neighbours) asks no host.
    """
    found = ScanStore().scan_tasks(scan_id, source="cli")
    assert {task["title"] for task in found if not task["runs"]} == DERIVED
    tasks = [task for task in found if task["runs"]]
    for task in tasks:
        task["hosts"] = {run["host"] for run in task["runs"]}
    return tasks


def test_hosts_of_a_pattern_are_read_by_the_workers_of_their_queue(
    cluster: Cluster, edge_hosts: set[str]
):
    cluster.worker(queues=QUEUES, name="main")
    cluster.worker(queues=EDGE, name="edge")

    scan_id = submit(ScanRequest(environment="edge", inventory="split"))
    ended = wait_for_end(scan_id)

    assert ended["status"] == "completed", ended["errors"]
    tasks = tasks_of(scan_id)
    for task in tasks:
        wanted = EDGE if task["hosts"] <= edge_hosts else "cli"
        assert task["queue"] == wanted, task["hosts"]
        assert task["worker"].startswith("edge@" if wanted == EDGE else "main@")
        assert task["queue"] == "cli" or task["hosts"] <= edge_hosts
    assert {task["queue"] for task in tasks} == {"cli", EDGE}
    sources = {line["source"] for line in ScanStore().coverage.find({"scan_id": scan_id})}
    assert EDGE not in sources  # the report speaks of sources, not of queues
    run_local(ScanRequest(environment="edge", inventory="alone"))
    assert contents(InventoryMgr("split"), "edge") == contents(InventoryMgr("alone"), "edge")


def test_a_queue_that_nobody_serves_is_named_and_its_tasks_wait(
    cluster: Cluster, edge_hosts: set[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CALIPSO_LOST_MESSAGE_AFTER", "1")
    settings.cache_clear()
    cluster.worker(queues=QUEUES, name="main")
    cluster.beat()
    request = ScanRequest(environment="edge")
    assert not_served(queues_of(request)) == [EDGE]

    scan_id = submit(request)

    said = "no worker is running for queue cli-edge: `calipso worker --queues cli-edge` starts one"
    wait_for(lambda: progress(scan_id)["message"] == said, 30)
    wait_for(lambda: ScanStore().get(scan_id).get("waits_for") == [EDGE], 30)
    wait_for(lambda: said in lines_of(scan_id), 20)
    nothing_is_sent_again(scan_id)

    cluster.worker(queues=EDGE, name="edge")
    ended = wait_for_end(scan_id)
    assert ended["status"] == "completed", ended["errors"]
    assert ended["message"] == ""
    assert {task["attempts"] for task in tasks_of(scan_id)} == {1}


def lines_of(scan_id: str) -> list[str]:
    """What the log of a scan says."""
    return [line["message"] for line in MessageStore().of_scan(scan_id)]


def nothing_is_sent_again(scan_id: str) -> None:
    """Several looks of the watchdog: what waits in a queue is not lost."""
    time.sleep(3 * settings().watchdog_interval + settings().lost_message_after)
    waiting = [t for t in ScanStore().scan_tasks(scan_id) if t["queue"] == EDGE]
    assert waiting
    assert all("published_at" not in task for task in waiting)
