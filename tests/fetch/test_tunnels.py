"""Tunnels of a host: each once, with what differs."""

from __future__ import annotations

from typing import Any

from calipso.discover.fetchers.db.ovs_tunnels import endpoint_of, tunnel_fields
from calipso.hostparse.ovsdb import Bridge, Interface, Port
from calipso.topology.plugs import faulty_tunnels

LOCAL = "198.51.100.1"


def tunnel(name: str, remote: str, kind: str = "vxlan", **fields: Any) -> Interface:
    options = {"local_ip": LOCAL, "in_key": "flow", "out_key": "flow", "remote_ip": remote}
    told: dict[str, Any] = {
        "mac": "02:00:00:00:00:01",
        "ofport": 5,
        "state": "up",
        "admin_state": "up",
        "port_id": "",
        "attached_mac": "",
        "error": "",
        "mtu": None,
        "options": options | fields.pop("options", {}),
    }
    return Interface(name=name, type=kind, **(told | fields))


def switch(*interfaces: Interface) -> dict[str, Bridge]:
    ports = {item.name: Port(item.name, None, (), "", (item,)) for item in interfaces}
    return {"br-tun": Bridge("br-tun", "system", "secure", ports)}


def mesh(count: int) -> list[Interface]:
    return [tunnel(f"vxlan-{n:08x}", f"198.51.100.{n}") for n in range(2, 2 + count)]


def test_tunnels_that_are_all_alike_leave_only_the_addresses_of_their_peers() -> None:
    found = tunnel_fields(switch(*mesh(3)))

    assert found["remote_addresses"] == ["198.51.100.2", "198.51.100.3", "198.51.100.4"]
    assert found["odd_tunnels"] == []
    assert found["tunnels_state"] == "up"
    (shared,) = found["tunnels"]
    assert shared["options"] == {"in_key": "flow", "local_ip": LOCAL, "out_key": "flow"}
    assert shared["state"] == "up"
    assert "remote_addresses" not in shared


def test_a_tunnel_unlike_the_others_lists_only_what_differs() -> None:
    other = tunnel("gone", "2001:DB8::0:9", options={"local_ip": "192.0.2.7", "csum": "true"})

    (odd,) = tunnel_fields(switch(*mesh(3), other))["odd_tunnels"]

    assert odd == {
        "name": "gone",
        "id": 5,
        "type": "vxlan",
        "remote_ip": "2001:db8::9",
        "options": {"csum": "true", "local_ip": "192.0.2.7"},
    }


def test_a_tunnel_that_is_down_or_broken_has_a_reason_and_its_peer_stays_listed() -> None:
    broken = tunnel("broken", "198.51.100.8", error="no route", ofport=None)
    down = tunnel("down", "198.51.100.9", state="down")

    found = tunnel_fields(switch(*mesh(3), broken, down))

    by_name = {item["name"]: item for item in found["odd_tunnels"]}
    assert by_name["broken"]["error"] == "no route"
    assert by_name["down"]["state"] == "down"
    assert {"198.51.100.8", "198.51.100.9"} <= set(found["remote_addresses"])
    assert found["tunnels_state"] == "up"
    (fault,) = faulty_tunnels({"host": "c1", **found})
    assert "broken" in fault.message


def test_the_endpoint_is_down_when_no_tunnel_works() -> None:
    found = tunnel_fields(switch(tunnel("a", "198.51.100.8", error="no route")))

    assert found["tunnels_state"] == "down"
    assert "tunnels_state" not in tunnel_fields(switch())


def test_each_type_of_tunnel_says_its_own_peers_where_they_are_not_the_same() -> None:
    gre = [tunnel("gre-1", "198.51.100.2", "gre"), tunnel("gre-2", "198.51.100.3", "gre")]

    same = tunnel_fields(switch(*mesh(2), *gre))["tunnels"]
    fewer = tunnel_fields(switch(*mesh(2), *gre[:1]))["tunnels"]

    assert [(group["type"], group.get("remote_addresses")) for group in same] == [
        ("gre", None),
        ("vxlan", None),
    ]
    assert {group["type"]: group.get("remote_addresses") for group in fewer} == {
        "gre": ["198.51.100.2"],
        "vxlan": None,
    }


def test_a_tunnel_that_the_flow_table_leads_has_no_peer() -> None:
    found = tunnel_fields(switch(tunnel("vxlan_sys", "flow")))

    assert found["remote_addresses"] == []


def test_an_agent_has_an_endpoint_only_with_a_type_and_an_address() -> None:
    both = {"tunnel_types": ["vxlan", "stt"], "tunneling_ip": LOCAL}

    assert endpoint_of(both) == (["vxlan"], LOCAL)
    assert endpoint_of(both | {"tunneling_ip": None}) == ([], "")
    assert endpoint_of(both | {"tunnel_types": ["stt"]}) == ([], "")


def test_a_host_more_adds_one_address_and_changes_nothing_else() -> None:
    before, after = tunnel_fields(switch(*mesh(40))), tunnel_fields(switch(*mesh(41)))

    added = after.pop("remote_addresses")[:], before.pop("remote_addresses")[:]
    assert set(added[0]) - set(added[1]) == {"198.51.100.42"}
    assert before == after
