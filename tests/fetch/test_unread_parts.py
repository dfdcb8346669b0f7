"""A part of a host's answers is lost: what came from it stays as it is stored, and is told once."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.fetch.casekit import HERE, Case

LOST = {"lost": "timeout"}
STOPPED = {"exit": 1}

#: Cases whose objects have ways out, and the type of these objects.
WITH_WAYS = {
    "cli_fetch_vconnectors_ovs/bridges_of_the_host_itself": "vconnector",
    "cli_fetch_vconnectors_lxb/empty_bridge": "vconnector",
    "cli_fetch_oteps_lxb/ipv6_on_a_bond_vlan": "otep",
    "db_fetch_vedges_ovs/vlan_one_nic": "vedge",
    "db_fetch_vedges_ovs/lab_compute_1": "vedge",
    "db_fetch_oteps/address_on_a_nic": "otep",
    "db_fetch_oteps/address_on_a_dummy_with_routes": "otep",
}
DPDK = "cli_fetch_dpdk_host_pnics/bond_of_two_and_one_for_a_guest"


def without(name: str, object_type: str = "", **answers: Any) -> Case:
    """The case with other answers of its hosts, and what it finds stored beforehand."""
    case = Case(HERE / name)
    for said in case.cli.values():
        said.setdefault("namespace_links", {})
        said |= answers
    if object_type:
        found = [item for items in case.expected().values() for item in items]
        case.data["inventory"] += [{**item, "type": object_type} for item in found]
    return case


@pytest.mark.parametrize("name", WITH_WAYS)
def test_ways_out_stay_when_the_nics_are_not_told(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = without(name, WITH_WAYS[name], nics=LOST)

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert [p["kind"] for p in told if "nics" in p["message"]] == ["timeout"]
    assert {p["kind"] for p in told} == {"timeout"}


@pytest.mark.parametrize("name", WITH_WAYS)
def test_without_stored_ways_nothing_says_that_there_are_none(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    found, _ = without(name, nics=LOST).run(inv, monkeypatch)

    items = [item for items in found.values() for item in items]
    items += [bridge for item in items for bridge in item.get("bridges", ())]
    fields = {key for item in items for key in item}
    assert not fields & {"ways_out", "ends_at", "pnics", "pnic", "uplinks", "mapped_ways"}


def test_ways_of_bridges_stay_when_open_vswitch_gives_no_answer(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = without("cli_fetch_vconnectors_ovs/bridges_of_the_host_itself", "vconnector", ovs=LOST)

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert [(p["kind"], "ovs" in p["message"]) for p in told] == [("timeout", True)]


def test_ways_by_routes_stay_when_the_routes_are_not_told(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = without("db_fetch_oteps/address_on_a_dummy_with_routes", "otep", routes=LOST)

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert [(p["kind"], "routes" in p["message"]) for p in told] == [("timeout", True)]


@pytest.mark.parametrize("part", ["ovs", "nics"])
def test_nics_that_no_device_drives_are_not_gone_when_a_part_is_lost(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    found, _ = without(DPDK, **{part: LOST}).run(inv, monkeypatch)

    assert [list(outcome) for outcome in found.values()] == [["raises"]]
    assert [outcome["raises"]["kind"] for outcome in found.values()] == ["timeout"]


def test_a_stopped_open_vswitch_that_had_nics_keeps_them(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = without(DPDK, "host_pnic", ovs=STOPPED).run(inv, monkeypatch)

    assert [outcome["raises"]["kind"] for outcome in found.values()] == ["command_failed"]


def test_an_open_vswitch_that_never_ran_is_no_error(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = without("cli_fetch_dpdk_host_pnics/no_open_vswitch", ovs=STOPPED)

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert told == []
