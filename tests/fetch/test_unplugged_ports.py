"""A port that no interface of a running guest is: told on the host it is bound to, by any name."""

from __future__ import annotations

import pytest

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.fetch.casekit import HERE, Case

UUID = "5398a4e7-c956-4bfd-aef3-7f0bf52e5342"


@pytest.mark.parametrize(
    ("bound", "codes"),
    [
        ("compute-2", ["port_unplugged"]),
        ("compute-2.example.org", ["port_unplugged"]),
        ("compute-1", []),
    ],
)
def test_an_unplugged_port_is_told_where_it_is_bound(
    bound: str, codes: list[str], inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(HERE / "cli_fetch_instance_vnics/native_firewall")
    port = {"type": "port", "id": "unplugged", "device_id": UUID, "binding:host_id": bound}
    names = {"type": "host", "id": "compute-2", "other_names": ["compute-2.example.org"]}
    case.data["inventory"] += [{**port, "mac_address": "fa:16:3e:00:00:99"}, names]

    _, told = case.run(inv, monkeypatch)

    assert [problem["code"] for problem in told] == codes
