"""The migration of tunnels to the list of their endpoint."""

from __future__ import annotations

from pathlib import Path

from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.migrations import m0003_tunnels_once as migration


def test_old_tunnels_become_addresses_of_their_endpoint_and_leave_the_switch(home: Path) -> None:
    inv = InventoryMgr("inventory")
    inv.ensure_indexes()
    inventory = inv.collection("inventory")
    tunnels = {
        "vxlan-2": {"type": "vxlan", "options": {"remote_ip": "192.0.2.2"}},
        "vxlan-1": {"type": "vxlan", "options": {"remote_ip": "192.0.2.1"}},
        "vx-flow": {"type": "vxlan", "options": {"remote_ip": "flow"}},
    }
    base = {"environment": "lab", "host": "c1"}
    switch = {"type": "vedge", "id": "c1-OVS", "tunnel_ports": tunnels}
    plain = {"type": "vedge", "id": "c2-OVS", "ports": {"tap1": {"tag": 1}}}
    inventory.insert_many(
        [
            base | switch | {"ports": {name: {} for name in (*tunnels, "tap.1")}},
            base | plain,
            base | {"type": "otep", "id": "c1-otep", "ports": tunnels},
            base | {"type": "otep", "id": "c2-otep", "ports": {}},
            # what no version wrote, and the next scan replaces
            base | {"type": "otep", "id": "c3-otep", "ports": ["a", "b"], "odd": True},
            base | {"type": "vedge", "id": "c3-OVS", "tunnel_ports": "none", "odd": True},
            base | {"type": "vedge", "id": "c4-OVS", "tunnel_ports": tunnels, "ports": ["a"]},
        ]
    )

    assert migration.affected(inv.db) == 4
    assert migration.upgrade(inv.db) == 4

    found = {item["id"]: item for item in inventory.find({"odd": {"$exists": False}})}
    assert found["c1-OVS"]["ports"] == {"tap.1": {}}
    assert found["c4-OVS"]["ports"] == {}
    assert found["c2-OVS"]["ports"] == {"tap1": {"tag": 1}}
    assert sorted(found["c1-otep"]["remote_addresses"]) == ["192.0.2.1", "192.0.2.2"]
    assert found["c2-otep"]["remote_addresses"] == []
    assert not any({"tunnel_ports"} & item.keys() for item in found.values())
    assert not any("ports" in item for item in found.values() if item["type"] == "otep")
    assert (migration.affected(inv.db), migration.upgrade(inv.db)) == (0, 0)
