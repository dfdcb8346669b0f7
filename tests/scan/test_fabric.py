"""Bad days of a fabric: an APIC that is away, or that nobody has told where it is.

That a scan of a fabric is as it was drawn is a test of the profile `aci`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.scan import ScanRequest
from calipso.probe.aci_test import aci_steps
from calipso.recording.record import record_environment
from calipso.sources.context import ScanContext
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import RunningCloud, running_cloud

pytestmark = pytest.mark.slow

ENV = "fabric"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCloud]:
    with running_cloud(profile="aci", name=ENV) as cloud:
        yield cloud


def scanned(document: dict[str, Any], status: str) -> list[str]:
    """Scan; the messages of errors and warnings."""
    EnvironmentStore().add(document, replace=True)
    ended = run_local(ScanRequest(environment=ENV))
    assert ended["status"] == status, ended["errors"]
    return [f"{error['source']}: {error['message']}" for error in ended["errors"]]


def without_apic(running: RunningCloud) -> dict[str, Any]:
    """The environment with an APIC at a port where nobody listens."""
    other = [dict(section) for section in running.environment["configuration"]]
    next(section for section in other if section["name"] == "ACI")["port"] = 1
    return running.environment | {"configuration": other}


def test_an_apic_that_cannot_be_reached_removes_nothing(
    running: RunningCloud, inv: InventoryMgr
) -> None:
    scanned(running.environment, "completed")
    before = {item["id"] for kind in ("switch", "switch_pnic") for item in inv.find(ENV, kind)}

    told = scanned(without_apic(running), "completed_with_errors")

    after = {item["id"] for kind in ("switch", "switch_pnic") for item in inv.find(ENV, kind)}
    assert after == before
    assert [line for line in told if line.startswith("aci: https://127.0.0.1:1/api")]
    stale = inv.get_by_id(ENV, "switch-pod-1__node-101-leaf")
    assert stale is not None
    assert stale["stale_since"]


def test_where_aci_is_switched_off_hosts_still_see_their_leaves(
    running: RunningCloud, inv: InventoryMgr
) -> None:
    scanned(running.environment | {"aci_enabled": False}, "completed")

    assert {item["name"] for item in inv.find(ENV, "switch")} == {"mgmt-1", "leaf-101", "leaf-102"}
    assert not [item for item in inv.find(ENV, "switch") if item.get("dn")]


def test_the_test_of_an_environment_logs_in_and_counts_the_fabric(
    running: RunningCloud, inv: InventoryMgr
) -> None:
    EnvironmentStore().add(running.environment, replace=True)
    context = ScanContext(EnvironmentStore().get(ENV), inv, "test")

    steps = list(aci_steps(context, {}))
    context.close()

    assert [step.ok for step in steps] == [True, True]
    assert "2 leaves, 2 spines, 6 LLDP neighbours" in steps[1].message


def test_the_test_of_an_environment_says_that_the_apic_is_away(
    running: RunningCloud, inv: InventoryMgr
) -> None:
    EnvironmentStore().add(without_apic(running), replace=True)
    context = ScanContext(EnvironmentStore().get(ENV), inv, "test")

    steps = list(aci_steps(context, {}))
    context.close()

    assert [step.ok for step in steps] == [False]
    assert "section ACI" in steps[0].hint


def test_without_a_section_the_scan_says_what_is_missing(
    running: RunningCloud, inv: InventoryMgr
) -> None:
    rest = [s for s in running.environment["configuration"] if s["name"] != "ACI"]

    told = scanned(running.environment | {"configuration": rest}, "completed_with_errors")

    assert [line for line in told if "no section ACI" in line]
    assert inv.get_by_id(ENV, "switch-pod-1__node-101-leaf") is None


@pytest.mark.parametrize("anonymise", [False, True])
def test_a_recorded_fabric_is_scanned_again_without_the_fabric(
    running: RunningCloud, inv: InventoryMgr, tmp_path: Path, anonymise: bool
) -> None:
    EnvironmentStore().add(running.environment, replace=True)
    environment = EnvironmentStore().get(ENV)
    scan = record_environment(environment, tmp_path / "cloud", anonymise=anonymise)
    assert scan["recorded"]["APIC classes"] == 5

    with running_cloud(recorded=str(tmp_path / "cloud"), name="again") as cloud:
        EnvironmentStore().add(cloud.environment)
        ended = run_local(ScanRequest(environment="again"))

    assert ended["status"] == "completed", ended["errors"]
    types = [link["link_type"] for link in inv.collection("links").find({"environment": "again"})]
    assert types.count("switch_pnic-switch_pnic") == 4
    assert types.count("host_pnic-switch_pnic") == 9
