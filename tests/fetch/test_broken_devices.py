"""A device that `ip` does not describe in valid JSON: what is stored of it stays; it is told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from calipso.errors import PartialAnswer
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.fetch.casekit import ENVIRONMENT, HERE, Case

#: Case, type of its objects, field with the name of a device.
CASES = {
    "cli_fetch_host_pnics/bonded_bare_metal": ("host_pnic", "local_name"),
    "cli_fetch_vconnectors_ovs/bridges_of_the_host_itself": ("vconnector", "bridge_name"),
    "cli_fetch_vconnectors_lxb/empty_bridge": ("vconnector", "bridge_name"),
    "cli_fetch_oteps_lxb/ipv6_on_a_bond_vlan": ("otep", "tunnel_device"),
    "cli_fetch_instance_vnics/native_firewall": ("vnic", "device"),
    "cli_fetch_vservice_vnics/dvr_and_ha": ("vnic", "device"),
}


class BrokenCase(Case):
    """A case in which one device has a key without a value; its name is there, or is not."""

    device = ""
    named = True

    def _read(self, name: str) -> str:
        text = super()._read(name)
        if not self.device:
            return text
        name = f'"ifname": "{self.device}",'
        broken = f'{name} "erspan_index": ,' if self.named else f'"ifname" "{self.device}",'
        return re.sub(f'"ifname": ?"{re.escape(self.device)}",', broken, text)


def with_broken(name: str) -> tuple[BrokenCase, str, dict[str, Any]]:
    """The case with its objects stored, its parent, and the object whose device breaks."""
    object_type, field = CASES[name]
    case = BrokenCase(HERE / name)
    expected = case.expected()
    parent, items = next((p, items) for p, items in expected.items() if items)
    case.data["inventory"] += [
        {**item, "type": object_type} for items in expected.values() for item in items
    ]
    case.device = items[0][field]
    return case, parent, items[0]


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("name", CASES)
def test_what_is_stored_of_a_broken_device_stays_and_the_device_is_told(
    name: str, named: bool, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, parent, item = with_broken(name)
    case.named = named

    outcomes, problems = case.outcomes(inv, monkeypatch)

    outcome = outcomes[parent]
    assert isinstance(outcome, PartialAnswer)
    assert object_key(str(ENVIRONMENT["name"]), CASES[name][0], item["id"]) in outcome.unread
    found = {found["id"] for found in outcome.found}
    assert found == {item["id"] for item in case.expected()[parent]} - {item["id"]}
    assert re.search(r"device (\S+) \(index \d+", outcome.message)[1] == (
        case.device if named else "?"
    )
    assert outcome.warning
    assert outcome.hint
    assert "tap_missing" not in {problem.code for problem in problems}


def test_a_broken_device_in_a_namespace_is_told_at_the_first_scan_too(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, parent, item = with_broken("cli_fetch_vservice_vnics/dvr_and_ha")
    case.data["inventory"] = [i for i in case.data["inventory"] if i["id"] != item["id"]]

    outcomes, _ = case.outcomes(inv, monkeypatch)

    assert isinstance(outcomes[parent], PartialAnswer)
    assert outcomes[parent].unread == []
    assert item["device"] in outcomes[parent].message


def test_a_namespace_whose_answer_cannot_be_read_is_told_with_the_cause(
    inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Garbled(Case):
        def _read(self, name: str) -> str:
            head = "netns: qrouter-dead\n"
            text = super()._read(name)
            return text.replace(f"{head}\nexit: 255", f"{head}Segmentation fault\nexit: 0")

    case = Garbled(HERE / "cli_fetch_vservice_vnics/left_over_namespace")
    vnic = {"type": "vnic", "id": "net-1-qrouter-dead-qr-1", "host": "net-1"}
    case.data["inventory"] += [{**vnic, "vservice_id": "net-1-qrouter-dead", "device": "qr-1"}]

    outcomes, problems = case.outcomes(inv, monkeypatch)

    outcome = outcomes["net-1"]
    assert isinstance(outcome, PartialAnswer)
    assert object_key("lab", "vnic", vnic["id"]) in outcome.unread
    assert (outcome.kind, outcome.warning) == ("unexpected_output", True)
    assert "namespace qrouter-dead: not JSON" in outcome.message
    assert "entered" not in outcome.message
    told = [(p.kind, p.code, p.object_id) for p in problems]
    assert told == [("unexpected_output", "namespace_unreadable", "net-1-qrouter-dead")]
    assert "not JSON" in problems[0].message
