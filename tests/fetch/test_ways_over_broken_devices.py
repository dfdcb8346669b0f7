"""What leads over a device that `ip` does not describe in valid JSON stays as it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from calipso.errors import PartialAnswer
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.fetch.casekit import HERE
from tests.fetch.test_broken_devices import BrokenCase


def broken(name: str, device: str, object_type: str = "", *, named: bool = True) -> BrokenCase:
    """The case with one device that cannot be read, and what it finds stored beforehand."""
    case = BrokenCase(HERE / name)
    case.device, case.named = device, named
    for said in case.cli.values():
        said.setdefault("namespace_links", {})
    if object_type:
        found = [item for items in case.expected().values() for item in items]
        case.data["inventory"] += [{**item, "type": object_type} for item in found]
    return case


def found_of(case: BrokenCase, inv: InventoryMgr, patch: pytest.MonkeyPatch) -> Any:
    return next(iter(case.run(inv, patch)[0].values()))


WAY = "db_fetch_oteps/address_on_a_vlan_of_a_bond"


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("device", ["eno1", "bond0", "bond0.30"])
def test_the_device_and_the_ways_of_a_tunnel_address_stay(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, device: str, named: bool
) -> None:
    case = broken(WAY, device, "otep", named=named)

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert {p["code"] for p in told} == {""}


@pytest.mark.parametrize("device", ["eno1", "bond0", "bond0.30"])
def test_nothing_says_that_a_tunnel_address_is_nowhere_when_its_way_cannot_be_read(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    found, told = broken(WAY, device).run(inv, monkeypatch)

    (otep,) = found["compute-1-OVS"]
    assert otep.get("device", "bond0.30") == "bond0.30"
    assert not otep.keys() & {"ways_out", "ends_at", "pnics"}
    assert {p["code"] for p in told} == {""}


def test_a_broken_device_that_has_other_addresses_hides_no_missing_address(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moved(BrokenCase):
        def _read(self, name: str) -> str:
            text = super()._read(name)
            return text.replace("198.51.100.31", "198.51.100.99") if name == "links.out" else text

    case = broken(WAY, "bond0.30")
    case.__class__ = Moved

    _, told = case.run(inv, monkeypatch)

    assert "tunnel_address_missing" in {p["code"] for p in told}


def test_a_broken_tunnel_device_says_nothing_of_ways(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Erspan(BrokenCase):
        def _read(self, name: str) -> str:
            text = super()._read(name)
            more = '"linkinfo": {"info_kind": "erspan"}, "addr_info": []}]'
            more = f', {{"ifindex": 99, "ifname": "erspan0", "erspan_index": , {more}'
            return text.rstrip().removesuffix("]") + more if name == "links.out" else text

    case = broken(WAY, "")
    case.__class__ = Erspan

    found, told = case.run(inv, monkeypatch)

    assert found == case.expected()
    assert ["erspan0" in p["message"] for p in told] == [True]


def test_members_of_a_bridge_stay(inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "cli_fetch_vconnectors_ovs/bridges_of_the_host_itself"
    case = broken(name, "", "vconnector")
    bridges = next(iter(case.expected().values()))
    bridge = next(item for item in bridges if item["interfaces_names"])
    case.device = bridge["interfaces_names"][0]

    found = found_of(case, inv, monkeypatch)

    assert found == bridges


def test_members_of_a_broken_bond_stay_members(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = broken("cli_fetch_host_pnics/bonded_bare_metal", "bond0", "host_pnic")

    found = found_of(case, inv, monkeypatch)

    assert found == next(iter(case.expected().values()))


def test_of_a_broken_bond_that_nobody_knew_its_members_say_nothing(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_of(broken("cli_fetch_host_pnics/bonded_bare_metal", "bond0"), inv, monkeypatch)

    assert not [nic["name"] for nic in found if nic.get("master") == "bond0"]


@pytest.mark.parametrize(
    ("name", "device"),
    [("lacp_with_a_dead_member", "bond0"), ("team_of_two", "team0")],
)
def test_a_broken_bond_or_team_stays(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch, name: str, device: str
) -> None:
    case = broken(f"cli_fetch_bond_host_pnics/{name}", device, "host_pnic")
    (item,) = next(iter(case.expected().values()))

    outcomes, _ = case.outcomes(inv, monkeypatch)

    (outcome,) = outcomes.values()
    assert isinstance(outcome, PartialAnswer)
    assert outcome.unread == [object_key("lab", "host_pnic", item["id"])]
    assert device in outcome.message


def test_a_broken_member_of_a_team_stays_its_member(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = broken("cli_fetch_bond_host_pnics/team_of_two", "eno2", "host_pnic")

    assert found_of(case, inv, monkeypatch) == next(iter(case.expected().values()))
