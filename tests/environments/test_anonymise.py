"""The anonymiser: other names and numbers, the same structure."""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso.recording.anonymise.addresses import AddressMap
from calipso.recording.anonymise.anonymiser import Anonymiser
from calipso.recording.anonymise.digits import DigitMap

KEY = b"a key of this test"
PORT = "1a2b3c4d-5e6f-4a7b-8c9d-0123456789ab"


def digits() -> DigitMap:
    return DigitMap(KEY)


def addresses(*networks: str) -> AddressMap:
    found = AddressMap(digits())
    found.learn(" ".join(networks))
    found.settle()
    return found


# -- ids and MAC addresses -------------------------------------------------------------


def test_a_device_named_after_a_port_is_named_after_the_replaced_port() -> None:
    port = digits().uuid(PORT)

    assert port != PORT
    for prefix in ("tap", "qvo", "qvb", "qbr", "brq", "qr-", "qg-", "sg-", "ha-", "fg-"):
        assert digits().text(f"{prefix}{PORT[:11]}") == f"{prefix}{port[:11]}"
    assert digits().text(f"rfp-{PORT[:10]}") == f"rfp-{port[:10]}"
    assert digits().text(f'"qrouter-{PORT}"') == f'"qrouter-{port}"'


def test_an_id_with_and_without_dashes_is_one_id() -> None:
    plain = digits().uuid(PORT).replace("-", "")

    assert digits().text(PORT.replace("-", "")) == plain


@given(st.lists(st.uuids(version=4), min_size=2, max_size=2, unique=True))
def test_different_ids_stay_different_and_of_their_version(ids: list[uuid.UUID]) -> None:
    one, other = (uuid.UUID(digits().uuid(str(id_))) for id_ in ids)

    assert one != other
    assert (one.version, one.variant) == (4, uuid.RFC_4122)


def test_a_mac_keeps_its_maker_and_tap_and_port_stay_a_pair() -> None:
    guest, tap = digits().text("fa:16:3e:12:34:56 fe:16:3e:12:34:56").split()

    assert guest.startswith("fa:16:3e:")
    assert guest != "fa:16:3e:12:34:56"
    assert tap[3:] == guest[3:]
    assert digits().text("FA:16:3E:12:34:56") == guest


@pytest.mark.parametrize(
    "text",
    [
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "01:80:c2:00:00:00",
        "00000000-0000-0000-0000-000000000000",
        "2026-11-23T08:30:21Z",
        "instance-00000010",
        "vxlan-16777215",
        "6.1.0-13-amd64",
        "br-int",
    ],
)
def test_what_is_no_id_stays(text: str) -> None:
    assert Anonymiser(KEY).text(text) == text


def test_another_key_gives_other_ids() -> None:
    assert DigitMap(b"other").uuid(PORT) != digits().uuid(PORT)


# -- addresses -------------------------------------------------------------------------


def test_networks_move_into_documentation_ranges_with_everything_in_its_place() -> None:
    found = addresses("10.1.2.0/24", "10.1.0.0/16", "10.9.9.0/24")

    text = "10.9.9.1 10.9.9.0/24 10.9.9.255 10.1.2.7/24 10.1.2.255 10.1.0.1"

    assert found.text(text) == (
        "192.0.2.1 192.0.2.0/24 192.0.2.255 198.18.2.7/24 198.18.2.255 198.18.0.1"
    )


def test_addresses_of_no_known_network_move_together() -> None:
    found = addresses()

    one, other, far = found.text("10.0.0.1 10.0.0.2 10.0.1.1").split()

    assert one.rpartition(".")[0] == other.rpartition(".")[0] != far.rpartition(".")[0]
    assert (one[-2:], other[-2:]) == (".1", ".2")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1/8",
        "169.254.169.254",
        "0.0.0.0/0",
        "255.255.255.0",
        "224.0.0.251",
        "10.0.0.0/8",
        "::1/128",
        "::/0",
        "ff02::1",
        "12:34:56",
        "1.2.3",
        "version 1.2.3.4-5",
        "std::move",
        "999.1.1.1",
    ],
)
def test_what_is_no_address_of_the_cloud_stays(text: str) -> None:
    assert addresses().text(text) == text


def test_ipv6_networks_move_under_the_documentation_prefix() -> None:
    found = addresses("2a01:4f8:1:2::/64", "fd00:1:2:3::/64")

    moved = found.text("2a01:4f8:1:2::1/64 [fd00:1:2:3::5]:5000").split()

    assert moved == ["2001:db8::1/64", "[2001:db8:1::5]:5000"]


def test_an_address_made_of_a_mac_is_made_of_the_replaced_mac() -> None:
    both = Anonymiser(KEY)
    both.learn("2a01:4f8:1:2::/64")

    mac, local, public = both.text(
        "fa:16:3e:12:34:56 fe80::f816:3eff:fe12:3456 2a01:4f8:1:2:f816:3eff:fe12:3456"
    ).split()

    tail = mac.replace(":", "")[6:]
    assert ipaddress.ip_address(local).packed[-3:].hex() == tail
    assert ipaddress.ip_address(public).packed[-3:].hex() == tail


def test_addresses_inside_names_are_replaced_where_they_are_addresses() -> None:
    found = addresses("10.78.0.0/24")

    assert found.text("vxlan-0a4e0015") == "vxlan-c0000215"  # 10.78.0.21 -> 192.0.2.21
    assert found.text("vxlan-00001234 vxlan-16777215") == "vxlan-00001234 vxlan-16777215"
    assert found.text("host-10-78-0-5.example") == "host-192-0-2-5.example"


addresses_of_a_cloud = st.integers(11 << 24, (127 << 24) - 1).map(ipaddress.IPv4Address)


@given(st.lists(addresses_of_a_cloud, min_size=2, max_size=2, unique=True))
def test_different_addresses_stay_different(found: list[Any]) -> None:
    mapped = addresses("20.0.0.0/16", "30.1.0.0/20")

    one, other = (mapped.address(address) for address in found)

    assert one != other
    same_network = int(found[0]) >> 8 == int(found[1]) >> 8
    assert (int(one) >> 8 == int(other) >> 8) == same_network


# -- documents -------------------------------------------------------------------------


def test_one_name_is_replaced_alike_in_api_database_and_xml() -> None:
    found = Anonymiser(KEY)
    server = {
        "id": PORT,
        "name": "payroll-db",
        "OS-EXT-SRV-ATTR:host": "nova7.corp.example",
        "OS-EXT-AZ:availability_zone": "berlin",
        "addresses": {"payroll-net": [{"addr": "10.0.0.5"}]},
        "metadata": {"owner": "someone"},
        "description": "the payroll database",
        "key_name": "someones-key",
    }

    shown = found.document([server], "servers")[0]
    row = found.document(
        [{"uuid": PORT, "display_name": "payroll-db", "host": "nova7.corp.example"}], "instances"
    )[0]
    xml = found.output(
        "domains", f"<uuid>{PORT}</uuid><nova:name>payroll-db</nova:name><controller type='pci'/>"
    )

    assert shown == {
        "id": digits().uuid(PORT),
        "name": "instance-1",
        "OS-EXT-SRV-ATTR:host": "host-1.example.com",
        "OS-EXT-AZ:availability_zone": "zone-1",
        "addresses": {"net-1": [{"addr": "192.0.2.5"}]},
        "metadata": {},
        "description": "",
        "key_name": "key-1",
    }
    assert row == {
        "uuid": shown["id"],
        "display_name": "instance-1",
        "host": "host-1.example.com",
    }
    assert "<nova:name>instance-1</nova:name><controller type='pci'/>" in xml
    assert shown["id"] in xml


def test_json_inside_a_column_is_replaced_too() -> None:
    found = Anonymiser(KEY)
    inner = {"bridge": "br-int", "network": {"label": "payroll-net", "id": PORT}}

    rows = found.document([{"network_info": json.dumps([inner])}], "instance_info_caches")

    assert json.loads(rows[0]["network_info"]) == [
        {"bridge": "br-int", "network": {"label": "net-1", "id": digits().uuid(PORT)}}
    ]


def test_words_that_are_compared_with_stay() -> None:
    found = Anonymiser(KEY)
    port = {"device_owner": "compute:berlin", "network_id": PORT, "binding:vif_type": "ovs"}

    assert found.document([port], "ports")[0]["device_owner"] == "compute:zone-1"
    owner = {"device_owner": "network:router_interface", "name": ""}
    assert found.document([owner], "ports") == [owner]
    assert found.document([{"name": "admin"}, {"name": "payroll"}], "projects") == [
        {"name": "admin"},
        {"name": "project-1"},
    ]


def test_a_host_named_like_a_word_of_xml_does_not_break_the_xml() -> None:
    found = Anonymiser(KEY)
    found.names.host("controller")

    assert found.output("domains", "<controller/>") == "<controller/>"
    assert (
        found.output("os_release", "HOSTNAME=controller\nID=debian") == "HOSTNAME=host-1\nID=debian"
    )


def test_hosts_as_keys_and_maps_of_hosts_are_replaced() -> None:
    found = Anonymiser(KEY)

    zone = found.document([{"zoneName": "z", "hosts": {"n1": {"nova-compute": {}}}}], "x")
    agent = found.document(
        [{"host": "n1", "configurations": {"resource_provider_hypervisors": {"br-ex": "n1"}}}],
        "agents",
    )

    assert zone == [{"zoneName": "zone-1", "hosts": {"host-1": {"nova-compute": {}}}}]
    assert agent[0]["configurations"]["resource_provider_hypervisors"] == {"br-ex": "host-1"}


def test_aggregate_metadata_keeps_its_zone_only() -> None:
    found = Anonymiser(KEY)
    rows = [
        {"aggregate_id": 1, "key": "availability_zone", "value": "berlin"},
        {"aggregate_id": 1, "key": "owner", "value": "someone"},
    ]

    assert [row["value"] for row in found.document(rows, "aggregate_metadata")] == ["zone-1", ""]


def test_lldp_keeps_ports_that_are_named_by_their_maker() -> None:
    found = Anonymiser(KEY)
    said = {
        "chassis": [{"name": [{"value": "sw-berlin-3"}], "descr": [{"value": "NX-OS at Berlin"}]}],
        "port": [
            {"id": [{"type": "ifname", "value": "Ethernet1/7"}], "descr": [{"value": "to n1"}]}
        ],
    }

    shown = json.loads(found.output("lldp", json.dumps(said)))

    assert shown["chassis"] == [{"name": [{"value": "switch-1"}], "descr": [{"value": "switch"}]}]
    assert shown["port"][0]["id"][0]["value"] == "Ethernet1/7"
    assert shown["port"][0]["descr"] == [{"value": "port-1"}]
    assert found.output("lldp", "not JSON: sw-berlin-3") == ""


def test_endpoints_lose_the_names_of_their_hosts() -> None:
    found = Anonymiser(KEY)
    catalog = [
        {"name": "nova", "type": "compute", "endpoints": [{"url": "http://vip.corp:8774/v2"}]}
    ]

    shown = found.document(catalog, "catalog")[0]

    assert (shown["name"], shown["type"]) == ("nova", "compute")
    assert shown["endpoints"][0]["url"] == "http://host-1.example.com:8774/v2"
