"""The test of an environment on OVN: what was reached, in which role and how old."""

from __future__ import annotations

import pytest

from calipso.model.environment import parse_environment
from calipso.probe import environment_test as probe
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import running_cloud


def test_it_names_server_role_schema_content_and_age(inv: InventoryMgr) -> None:
    with running_cloud(profile="ovn", name="ovn") as cloud:
        steps = {
            step.name: step for step in probe.test_environment(parse_environment(cloud.environment))
        }

    north, content = steps["OVN northbound"], steps["OVN content"]
    assert [step.name for step in steps.values() if not step.ok] == []
    assert "unix:/run/ovn/ovnnb_db.sock; leader, connected; schema 7.0.0" in north.message
    assert "3 chassis, 3 networks" in content.message
    assert "last confirmed by a chassis" in content.message


@pytest.mark.parametrize("drivers", [["OVS"], ["LXB"]])
def test_a_cloud_without_ovn_is_not_asked_for_it(inv: InventoryMgr, drivers: list[str]) -> None:
    with running_cloud(profile="ovn", name="ovn") as cloud:
        environment = parse_environment(cloud.environment | {"mechanism_drivers": drivers})
        steps = [step.name for step in probe.test_environment(environment)]

    assert not [name for name in steps if name.startswith("OVN")]
