"""A generated cloud, scanned over real HTTP, MySQL and SSH into real stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.engine import scan_local
from calipso.discover.engine.scan_local import run_local
from calipso.dispatch import submit
from calipso.model.scan import ScanRequest
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import all_hold, contents
from tests.workers.conftest import Cluster, cluster, wait_for_end

__all__ = ["cluster"]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCloud]:
    """One cloud for all tests of this file."""
    sizes = {"hosts": 8, "instances": 60, "networks": 12, "mechanism": "mixed"}
    with running_cloud(name="gen", seed=7, **sizes) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: RunningCloud, inv: InventoryMgr) -> Iterator[RunningCloud]:
    """The cloud without faults, its environment known as `gen`."""
    running.clear()
    EnvironmentStore().add(running.environment)
    yield running
    running.clear()


def run(environment: str = "gen", **options: Any) -> dict[str, Any]:
    return run_local(ScanRequest(environment=environment, **options))


def changes(inv: InventoryMgr, record: dict[str, Any]) -> set[tuple[str, str]]:
    found = inv.find_all("changes", {"scan_id": record["_id"], "kind": "object"})
    return {(item["change"], item["type"]) for item in found}


def test_all_of_it_is_found_and_hangs_together(cloud: RunningCloud, inv: InventoryMgr):
    record = run()

    assert (record["status"], record["error_count"]) == ("completed", 0)
    for object_type in ("instances", "networks", "hosts", "ports"):
        assert record["counts"][object_type.removesuffix("s")] == cloud.summary[object_type]
    all_hold(inv, "gen")


@pytest.mark.slow
def test_a_second_scan_records_no_change(cloud: RunningCloud, inv: InventoryMgr):
    run()
    before = contents(inv, "gen")

    record = run()

    assert inv.find_all("changes", {"scan_id": record["_id"]}) == []
    assert contents(inv, "gen") == before


@pytest.mark.long
@pytest.mark.slow
def test_the_order_of_results_does_not_matter(
    cloud: RunningCloud, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
):
    run()
    forwards = contents(inv, "gen")
    publish = scan_local.LocalPublisher.publish_level

    def backwards(self: Any, scan_id: str, level: Any) -> None:
        level.chains.reverse()
        publish(self, scan_id, level)

    monkeypatch.setattr(scan_local.LocalPublisher, "publish_level", backwards)
    run_local(ScanRequest(environment="gen", clear=True), threads=1)

    assert contents(inv, "gen") == forwards


@pytest.mark.slow
def test_every_host_is_asked_once_in_one_round_trip(cloud: RunningCloud, inv: InventoryMgr):
    cloud.control(reset_counts=True)

    record = run()

    hosts = cloud.summary["hosts"]
    assert record["requests"]["ssh_round_trips"] == hosts
    assert record["requests"]["api_calls"] < 30
    assert record["requests"]["sql_queries"] < 30


@pytest.mark.slow
def test_a_new_and_a_deleted_instance_are_the_changes(cloud: RunningCloud, inv: InventoryMgr):
    run()
    cloud.mutate("delete_instance")
    cloud.mutate("create_instance")

    record = run()

    found = changes(inv, record)
    assert {("added", "instance"), ("removed", "instance")} <= found
    assert {kind for kind, _ in found} <= {"added", "removed", "changed"}
    assert {kind for kind, name in found if name == "network"} == set()
    all_hold(inv, "gen")


@pytest.mark.long
@pytest.mark.slow
def test_two_environments_do_not_mix(cloud: RunningCloud, inv: InventoryMgr):
    with running_cloud(name="other", seed=99, hosts=4, instances=10, networks=4) as other:
        EnvironmentStore().add(other.environment)
        run()
        alone = contents(inv, "gen")

        run("other")
        run()

        all_hold(inv, "other")
        assert contents(inv, "gen") == alone
        assert len(inv.find("other", "instance")) == other.summary["instances"]
        ours = {item["id"] for item in inv.find("gen", "instance")}
        assert not ours & {item["id"] for item in inv.find("other", "instance")}


@pytest.mark.long
@pytest.mark.broker
def test_workers_scan_two_environments_at_once(
    cluster: Cluster, cloud: RunningCloud, inv: InventoryMgr
):
    run()
    alone = contents(inv, "gen")
    with running_cloud(name="other", seed=99, hosts=4, instances=10, networks=4) as other:
        EnvironmentStore().add(other.environment)
        cluster.worker("scan,events,api,db,cli", number=8)
        cluster.worker("links,cliques", pool="prefork", number=2)

        scans = [
            submit(ScanRequest(environment="gen", clear=True)),
            submit(ScanRequest(environment="other")),
        ]
        ended = [wait_for_end(scan_id, 120) for scan_id in scans]

        assert [scan["status"] for scan in ended] == ["completed", "completed"]
        assert contents(inv, "gen") == alone
        all_hold(inv, "other")
