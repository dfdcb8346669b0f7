"""A whole scan stores what is declared, and what is declared occurs."""

from __future__ import annotations

import json
from collections import defaultdict
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from calipso.discover.engine.scan_local import run_local
from calipso.model.link import Link
from calipso.model.scan import ScanRequest
from calipso.model.types import COMMON, LINK_TYPES, OBJECT_TYPES, lives_on_host, object_type
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.running import ROOT, running_cloud

CLOUDS: dict[str, dict[str, Any]] = {
    "recorded": {"recorded": str(ROOT / "tests" / "recorded" / "lab")},
    "ovn": {"profile": "ovn"},
    "aci": {"profile": "aci"},
    "generated": {"hosts": 6, "instances": 14, "networks": 11, "mechanism": "mixed"},
}

#: Declared fields of every object that a first scan of a healthy cloud does not store, and why.
COMMON_RARE = {
    "stale_since": "nothing was there before",
    "monitoring": "the sample clouds are not monitored here",
    "notes": "nobody wrote one",
    "problems": "nothing is wrong in the sample clouds",
}

#: Declared fields that the sample clouds do not have: why, and the case of a fetcher that has it.
RARE = {
    ("host", "other_names"): (
        "Nova and Neutron name it differently",
        "api_fetch_project_hosts/nova_with_domain_neutron_without",
    ),
    ("aggregate", "region"): ("several regions", "db_fetch_aggregates/two_regions_with_compute"),
    ("aggregate", "hosts"): ("several regions", "db_fetch_aggregates/two_regions_with_compute"),
    ("instance", "fault"): (
        "an instance in ERROR",
        "api_fetch_project_instances/fault_only_in_a_cell",
    ),
    ("instance", "no_host_reason"): (
        "an instance without a host",
        "api_fetch_project_instances/instances_without_a_host",
    ),
    ("instance", "nova_host"): (
        "a host that is left out",
        "api_fetch_project_instances/instances_without_a_host",
    ),
    ("network", "segments"): (
        "a network of several segments",
        "api_fetch_networks/no_project_no_name_segments",
    ),
    ("vnic", "virtualport"): (
        "a libvirt network of Open vSwitch",
        "cli_fetch_instance_vnics/hardware_and_sockets",
    ),
    ("vnic", "vlan"): (
        "an interface with a virtual function",
        "cli_fetch_instance_vnics/hardware_and_sockets",
    ),
    ("host_pnic", "virtual_functions"): (
        "a NIC with functions",
        "cli_fetch_host_pnics/functions_and_representors",
    ),
    ("host_pnic", "pci_address"): (
        "a NIC of DPDK",
        "cli_fetch_dpdk_host_pnics/bond_of_two_and_one_for_a_guest",
    ),
    ("host_pnic", "dpdk"): (
        "a NIC of DPDK",
        "cli_fetch_dpdk_host_pnics/bond_of_two_and_one_for_a_guest",
    ),
    ("otep", "ends_at"): (
        "an address on a dummy device",
        "db_fetch_oteps/address_on_a_dummy_without_routes",
    ),
    ("vservice", "ha_state"): (
        "a highly available router",
        "cli_fetch_host_vservices/dvr_and_ha",
    ),
    ("vnic", "lower_devices"): ("a macvtap", "cli_fetch_instance_vnics/macvtap_on_a_vlan"),
    ("vnic", "pnic"): (
        "hardware in a guest",
        "cli_fetch_instance_vnics/function_of_one_of_two_nics",
    ),
    ("vnic", "pci_address"): (
        "hardware in a guest",
        "cli_fetch_instance_vnics/hardware_and_sockets",
    ),
    ("vnic", "vhost_device"): ("vDPA", "cli_fetch_instance_vnics/vdpa_of_a_known_nic"),
    ("vnic", "socket"): ("a vhost-user socket", "cli_fetch_instance_vnics/hardware_and_sockets"),
    ("vnic", "sub_ports"): ("a trunk", "cli_fetch_instance_vnics/trunk_with_a_sub_port"),
    ("switch_pnic", "vlan"): (
        "a switch that tells it",
        "cli_fetch_switch_pnics/one_switch_of_three_hosts",
    ),
    ("host_pnic", "lldp_others"): (
        "two neighbours on a line",
        "cli_fetch_host_pnics/bonded_bare_metal",
    ),
    ("vconnector", "IP Address"): (
        "a bridge with an address",
        "cli_fetch_vconnectors_ovs/bridges_of_the_host_itself",
    ),
    ("vconnector", "IPv6 Address"): (
        "a bridge with an address",
        "cli_fetch_vconnectors_ovs/bridge_with_ipv6_addresses",
    ),
    ("floating_ip", "port_forwardings"): (
        "a single port that is forwarded",
        "api_fetch_floating_ips/used_and_free",
    ),
    ("vedge", "pnic"): ("Open vSwitch without tunnels", "db_fetch_vedges_ovs/vlan_one_nic"),
}

#: Types that the sample clouds do not have, and why.
RARE_TYPES: dict[str, str] = {}


class Stored(NamedTuple):
    """What scans of all sample clouds left."""

    objects: list[dict[str, Any]]
    links: list[dict[str, Any]]


_SCANNED: list[Stored] = []


@pytest.fixture
def stored(inv: InventoryMgr) -> Stored:
    """Objects and links of all sample clouds; they are scanned once for all tests of this file."""
    if not _SCANNED:
        for name, options in CLOUDS.items():
            with running_cloud(**options) as cloud:
                EnvironmentStore().add(deepcopy(cloud.environment) | {"name": name})
                record = run_local(ScanRequest(environment=name))
            assert record["status"] == "completed", record["errors"]
        _SCANNED.append(Stored(list(inv.find_items({})), inv.find_all("links", {})))
    return _SCANNED[0]


def fields_by_type(stored: Stored) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in stored.objects:
        found[item["type"]] |= item.keys()
    return found


def test_a_scan_stores_no_field_that_is_not_declared(stored: Stored) -> None:
    common = {field.name for field in COMMON}

    unknown = {
        (kind, name)
        for kind, names in fields_by_type(stored).items()
        for name in names - common
        if not object_type(kind).knows(name)
    }

    assert unknown == set(), "declare it in calipso/model/types"


def test_every_declared_field_occurs_but_those_whose_reason_is_known(stored: Stored) -> None:
    found = fields_by_type(stored)

    missing = {
        (kind.name, field.name)
        for kind in OBJECT_TYPES.values()
        if not kind.planned and kind.name not in RARE_TYPES
        for field in kind.fields
        if field.name not in found[kind.name]
    }

    assert missing == set(RARE)


@pytest.mark.parametrize(("field", "case"), [(field, case) for field, (_, case) in RARE.items()])
def test_a_field_that_the_sample_clouds_do_not_have_occurs_in_its_case(
    field: tuple[str, str], case: str
) -> None:
    outcomes = json.loads((ROOT / "tests" / "fetch" / case / "expected.json").read_text())

    objects = [item for found in outcomes.values() if isinstance(found, list) for item in found]
    assert any(item.get(field[1]) for item in objects)


def test_every_common_field_occurs(stored: Stored) -> None:
    found = {name for item in stored.objects for name in item}

    assert {field.name for field in COMMON} - found == set(COMMON_RARE)


def test_every_type_that_is_made_occurs_and_no_other(stored: Stored) -> None:
    made = {kind.name for kind in OBJECT_TYPES.values() if not kind.planned}

    assert {item["type"] for item in stored.objects} == made - RARE_TYPES.keys()


def test_objects_hang_below_the_declared_parents(stored: Stored) -> None:
    found = {(item["type"], item["parent_type"]) for item in stored.objects}
    declared = {(kind.name, above) for kind in OBJECT_TYPES.values() for above in kind.parents}

    assert found <= declared
    rare = {pair for pair in declared - found if RARE_TYPES.keys() & set(pair)}
    planned = {pair for pair in declared if OBJECT_TYPES[pair[0]].planned}
    assert declared - found == rare | planned


def test_only_objects_with_a_host_above_them_live_on_one(stored: Stored) -> None:
    found = {item["type"] for item in stored.objects if item.get("host")}

    assert {k for k in found if not lives_on_host(k)} <= {"host", "host_ref"}
    assert {
        k.name for k in OBJECT_TYPES.values() if lives_on_host(k.name)
    } - found == RARE_TYPES.keys()


def test_links_are_of_the_declared_types_and_have_the_declared_fields(stored: Stored) -> None:
    kinds = {link["link_type"] for link in stored.links}
    fields = {name for link in stored.links for name in link}

    made = {link.name for link in LINK_TYPES.values() if not link.planned and not link.implicit}
    assert kinds == made - {"vnic-host_pnic", "vnic-vnic"}  # those of the profiles sriov and dvr
    assert fields - Link.__annotations__.keys() <= {"scan_id", "generation", "last_scanned"}
