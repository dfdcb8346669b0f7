"""Generated clouds: same parameters same cloud; API, database and hosts agree with each other."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.libvirt import parse_domains
from calipso.hostparse.netns import parse_namespaces
from calipso.hostparse.ovsdb import Interface, Port, parse_ovs
from calipso.sources.cli.commands import BY_NAME, COMMANDS
from tests.sample_cloud.cloud import Listing
from tests.sample_cloud.generate.generated import GeneratedCloud
from tests.sample_cloud.generate.params import CloudParams

KINDS = {
    "ovs": CloudParams(hosts=8, instances=40, networks=12, mechanism="ovs"),
    "lxb": CloudParams(hosts=8, instances=40, networks=12, mechanism="lxb"),
    "mixed": CloudParams(hosts=8, instances=40, networks=12, mechanism="mixed"),
    "vlan only": CloudParams(hosts=8, instances=40, networks=12, type_drivers=("vlan", "flat")),
    "one host": CloudParams(hosts=1, instances=4, networks=3),
    "one network": CloudParams(hosts=4, instances=8, networks=1),
}


@pytest.fixture(params=[*KINDS, "changed"])
def made(request: pytest.FixtureRequest) -> GeneratedCloud:
    if request.param != "changed":
        return GeneratedCloud(KINDS[request.param])
    cloud = GeneratedCloud(KINDS["mixed"])
    for operation in (*["delete_instance"] * 5, *["create_instance"] * 7, "add_router_interface"):
        cloud.mutate({"op": operation})
    return cloud


def items(cloud: GeneratedCloud, service: str, resource: str) -> list[dict[str, Any]]:
    found = cloud.api(service, resource)
    assert isinstance(found, Listing)
    return list(found.items)


def said(cloud: GeneratedCloud, host: str, name: str) -> str:
    """What a host prints; nothing when the command fails there."""
    answer = cloud.answer(host, BY_NAME[name].text)
    assert answer is not None
    return "" if answer.exit else answer.out.decode()


def device_names(cloud: GeneratedCloud, host: str) -> set[str]:
    """Devices of a host and of its namespaces."""
    names = set(parse_devices(said(cloud, host, "links")))
    for devices in parse_namespaces(said(cloud, host, "namespace_links")).values():
        names |= set(devices or {})
    return names


def test_the_same_seed_gives_the_same_cloud_and_another_gives_another() -> None:
    first, again, other = (
        GeneratedCloud(CloudParams(hosts=4, instances=8, networks=4, seed=seed))
        for seed in (7, 7, 8)
    )

    for resource in ("networks", "ports", "routers", "subnets"):
        assert items(first, "network", resource) == items(again, "network", resource)
    ports = [{port["id"] for port in items(each, "network", "ports")} for each in (first, other)]
    assert not ports[0] & ports[1]
    for host in first.hosts:
        for command in COMMANDS:
            assert first.answer(host, command.text) == again.answer(host, command.text)


def test_every_bound_port_has_its_device_on_its_host(made: GeneratedCloud) -> None:
    names = {host: device_names(made, host) for host in made.hosts}

    for port in items(made, "network", "ports"):
        on = port["binding:host_id"]
        short = port["id"][:11]
        if on:
            assert any(name.endswith(short) for name in names[on]), port
        else:
            assert not any(name.endswith(short) for each in names.values() for name in each)


def test_no_host_has_a_device_of_a_port_that_is_elsewhere(made: GeneratedCloud) -> None:
    where = {port["id"][:11]: port["binding:host_id"] for port in items(made, "network", "ports")}

    for host in made.hosts:
        for name in device_names(made, host):
            if name.startswith(("tap", "qvo", "qvb", "qbr", "qr-", "qg-", "ns-")):
                assert where[name[3:]] == host


def test_every_instance_is_a_domain_of_its_host_with_its_ports(made: GeneratedCloud) -> None:
    domains = {host: parse_domains(said(made, host, "domains") or "") for host in made.hosts}
    macs: dict[str, set[str]] = {}
    for port in items(made, "network", "ports"):
        macs.setdefault(port["device_id"], set()).add(port["mac_address"])

    servers = items(made, "compute", "servers/detail")
    assert sum(map(len, domains.values())) == len(servers)
    for server in servers:
        domain = domains[server["OS-EXT-SRV-ATTR:host"]][server["id"]]
        assert not isinstance(domain, Exception)
        assert domain.name == server["OS-EXT-SRV-ATTR:instance_name"]
        assert {interface.mac for interface in domain.interfaces} == macs[server["id"]]


def test_addresses_of_servers_are_those_of_their_ports(made: GeneratedCloud) -> None:
    fixed: dict[str, set[str]] = {}
    for port in items(made, "network", "ports"):
        addresses = {entry["ip_address"] for entry in port["fixed_ips"]}
        fixed.setdefault(port["device_id"], set()).update(addresses)

    for server in items(made, "compute", "servers/detail"):
        shown = {
            entry["addr"]
            for entries in server["addresses"].values()
            for entry in entries
            if entry["OS-EXT-IPS:type"] == "fixed"
        }
        assert shown == fixed[server["id"]]


def test_no_two_ports_share_a_mac_or_an_address_of_a_subnet(made: GeneratedCloud) -> None:
    ports = items(made, "network", "ports")

    macs = Counter(port["mac_address"] for port in ports)
    addresses = Counter(
        (entry["subnet_id"], entry["ip_address"]) for port in ports for entry in port["fixed_ips"]
    )
    assert max(macs.values()) == max(addresses.values()) == 1


def switches(cloud: GeneratedCloud, host: str) -> list[tuple[Port, Interface]]:
    """Ports and interfaces of all OVS bridges of a host."""
    text = said(cloud, host, "ovs")
    bridges = parse_ovs(text).values() if text else ()
    return [pair for bridge in bridges for pair in bridge.interfaces()]


def test_ports_of_a_network_have_one_tag_on_a_host(made: GeneratedCloud) -> None:
    network_of = {port["id"]: port["network_id"] for port in items(made, "network", "ports")}

    for host in made.hosts:
        tags: dict[str, set[int | None]] = {}
        for port, interface in switches(made, host):
            if interface.port_id:
                tags.setdefault(network_of[interface.port_id], set()).add(port.tag)
        assert all(len(found) == 1 and None not in found for found in tags.values())
        assert len(tags) == len({tag for found in tags.values() for tag in found})


def test_tunnels_have_two_ends(made: GeneratedCloud) -> None:
    hosts = [host for host in made.plan.hosts if host.driver == "ovs" and host.tunnel_ip]
    ends = {
        (host.tunnel_ip, interface.options["remote_ip"])
        for host in hosts
        for _, interface in switches(made, host.name)
        if interface.tunnel
    }

    addresses = {host.tunnel_ip for host in hosts}
    assert all((remote, local) in ends for local, remote in ends if remote in addresses)


def test_database_and_api_return_the_same_ports(made: GeneratedCloud) -> None:
    fields = ("id", "network_id", "mac_address", "status", "device_id", "device_owner")
    listed = {tuple(port[field] for field in fields) for port in items(made, "network", "ports")}

    stored = {tuple(row[field] for field in fields) for row in made.rows("neutron", "ports")}

    assert stored == listed


def test_agents_of_the_database_are_those_of_the_api(made: GeneratedCloud) -> None:
    listed = {agent["id"]: agent for agent in items(made, "network", "agents")}
    stored = {row["id"]: row for row in made.rows("neutron", "agents")}

    assert set(listed) == set(stored)
    for identity, row in stored.items():
        assert json.loads(row["configurations"]) == listed[identity]["configurations"]


def test_rows_name_only_columns_of_their_tables(made: GeneratedCloud) -> None:
    for schema, tables in made.schemas().items():
        for table, columns in tables.items():
            for row in made.rows(schema, table):
                assert set(row) <= set(columns), (schema, table)


def test_projects_overlap_in_their_addresses() -> None:
    cloud = GeneratedCloud(CloudParams(hosts=5, instances=10, networks=20, projects=3))

    subnets = items(cloud, "network", "subnets")
    owners: dict[str, set[str]] = {}
    for subnet in subnets:
        owners.setdefault(subnet["cidr"], set()).add(subnet["project_id"])
    assert max(map(len, owners.values())) == 3


def test_a_mixed_cloud_has_every_kind_of_host_network_and_nic() -> None:
    cloud = GeneratedCloud(CloudParams(hosts=12, instances=60, networks=20))
    hosts = cloud.plan.hosts

    assert {(host.driver, host.hybrid) for host in hosts if "compute" in host.roles} == {
        ("ovs", True),
        ("ovs", False),
        ("lxb", False),
    }
    assert {network.kind for network in cloud.plan.networks} == {"vxlan", "vlan", "flat"}
    assert {host.bonded for host in hosts} == {True, False}
    assert {len(instance.ports) for instance in cloud.plan.instances} == {1, 2}
    assert any(subnet["ip_version"] == 6 for subnet in items(cloud, "network", "subnets"))


def test_forty_hosts_have_the_size_of_the_benchmark() -> None:
    summary = GeneratedCloud(CloudParams(hosts=40, instances=1000, networks=60)).summary()

    assert (summary["hosts"], summary["instances"], summary["networks"]) == (40, 1000, 60)
    assert 1700 <= summary["ports"] <= 1900


def test_output_of_a_host_does_not_grow_with_the_cloud() -> None:
    def most_tunnels(hosts: int) -> int:
        cloud = GeneratedCloud(
            CloudParams(hosts=hosts, instances=hosts * 20, networks=hosts, mechanism="ovs")
        )
        counts = (
            said(cloud, host.name, "ovs").count('"remote_ip"')
            for host in cloud.plan.hosts
            if host.roles == {"compute"}
        )
        return max(counts)

    assert most_tunnels(200) <= most_tunnels(50) * 1.5


@pytest.mark.parametrize("mechanism", ["ovs", "lxb"])
def test_in_a_full_mesh_every_host_has_a_tunnel_to_every_other(mechanism: str) -> None:
    sizes = {"hosts": 12, "instances": 24, "networks": 4, "mechanism": mechanism}
    cloud = GeneratedCloud(CloudParams(**sizes, mesh="full"))
    ends = {host.name: host.tunnel_ip for host in cloud.plan.hosts if host.driver}

    texts = {name: said(cloud, name, "ovs" if mechanism == "ovs" else "fdb") for name in ends}
    for name, text in texts.items():
        others = set(ends.values()) - {ends[name]}
        assert not text or {ip for ip in others if f'"{ip}"' in text} == others
    assert sum(map(bool, texts.values())) > 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": 0},
        {"networks": 0},
        {"mechanism": "sdn"},
        {"type_drivers": ("gre",)},
        {"mesh": "half"},
    ],
)
def test_parameters_that_make_no_cloud_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"host|network|mechanism|type drivers|mesh"):
        CloudParams(**wrong)
