"""A host that hangs (its port accepts, nobody answers) costs a scan one time-out, no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.scans.scan_store import ScanStore
from tests.sample_cloud.running import RunningCloud, running_cloud
from tests.scan.cloud_checks import contents

HOST = "compute-2"
#: Seconds; a scan of this cloud takes much less.
TIMEOUT = 4.0


@pytest.fixture(
    params=[
        pytest.param(False, id="through the gateway"),
        pytest.param(True, id="directly", marks=pytest.mark.long),
    ]
)
def cloud(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[RunningCloud]:
    """A cloud whose hosts are known by a name and by an address, which lead to the same port."""
    monkeypatch.setenv("CALIPSO_SSH_CONNECT_TIMEOUT", str(TIMEOUT))
    settings.cache_clear()
    sizes = {"seed": 5, "hosts": 5, "instances": 12, "networks": 4}
    with running_cloud(name="hang", direct=request.param, **sizes) as running:
        EnvironmentStore().add(running.environment)
        yield running


@pytest.mark.slow
@pytest.mark.alone
def test_a_scan_of_a_cloud_with_a_hanging_host_ends_within_two_timeouts(
    cloud: RunningCloud, inv: InventoryMgr
):
    wanted = ScanRequest(environment="hang")
    assert run_local(wanted)["status"] == "completed"
    before = contents(inv, "hang")
    cloud.fault(f"hanging-host:{HOST}")

    record = run_local(wanted)

    seconds = (record["end_timestamp"] - record["start_timestamp"]).total_seconds()
    assert TIMEOUT < seconds < 2 * TIMEOUT
    (error,) = record["errors"]
    assert (error["host"], error["kind"]) == (HOST, "unreachable")
    assert "says nothing" in error["message"]
    lines = ScanStore().coverage.find({"scan_id": record["_id"], "reached": False})
    assert {line["host"] for line in lines} == {HOST}
    stale = inv.find_items({"environment": "hang", "stale_since": {"$exists": True}})
    assert {item["host"] for item in stale} == {HOST}

    cloud.clear()
    assert run_local(wanted)["status"] == "completed"
    assert contents(inv, "hang") == before
