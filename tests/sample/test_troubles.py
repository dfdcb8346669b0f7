"""Planted troubles: named in the state, seen in what the cloud and its hosts say, nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calipso.cli.demo import _find_troubles as find_troubles
from calipso.sources.cli.commands import BY_NAME
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.sample_cloud.cloud import Listing
from tests.sample_cloud.generate.generated import GeneratedCloud
from tests.sample_cloud.generate.params import CloudParams

SIZE: dict[str, Any] = {"hosts": 8, "instances": 40, "networks": 8}
CODES = {
    *("tap_missing", "dead_vlan", "wrong_vlan", "mtu_changed", "instance_error", "nic_down"),
    *("bond_member_down", "agent_dead", "namespace_orphan", "host_unreachable"),
}


@pytest.fixture(params=[1, 2, 3])
def cloud(request: pytest.FixtureRequest) -> GeneratedCloud:
    return GeneratedCloud(CloudParams(**SIZE, troubles=True, seed=request.param))


def planted(cloud: GeneratedCloud) -> dict[str, dict[str, Any]]:
    return {trouble["code"]: trouble for trouble in cloud.troubles}


def said(cloud: GeneratedCloud, host: str, name: str) -> str:
    answer = cloud.answer(host, BY_NAME[name].text)
    assert answer
    return answer.out.decode()


def items(cloud: GeneratedCloud, service: str, resource: str) -> list[dict[str, Any]]:
    found = cloud.api(service, resource)
    assert isinstance(found, Listing)
    return list(found.items)


def port_of(cloud: GeneratedCloud, trouble: dict[str, Any]) -> dict[str, Any]:
    servers = {server["name"]: server["id"] for server in items(cloud, "compute", "servers/detail")}
    owner = servers[trouble["name"]]
    return next(p for p in items(cloud, "network", "ports") if p["device_id"] == owner)


def devices(cloud: GeneratedCloud, host: str) -> dict[str, dict[str, Any]]:
    return {device["ifname"]: device for device in json.loads(said(cloud, host, "links"))}


def switch_ports(cloud: GeneratedCloud, host: str) -> dict[str, dict[str, Any]]:
    table = json.loads(said(cloud, host, "ovs").splitlines()[1])
    rows = [dict(zip(table["headings"], row, strict=True)) for row in table["data"]]
    return {row["name"]: row for row in rows}


def test_every_trouble_is_planted_and_named_alike_for_a_seed(cloud: GeneratedCloud) -> None:
    again = GeneratedCloud(cloud.params)

    assert set(planted(cloud)) == CODES
    assert cloud.troubles == again.troubles
    assert all(trouble["name"] in trouble["text"] for trouble in cloud.troubles)


def test_a_cloud_without_troubles_has_none() -> None:
    whole = GeneratedCloud(CloudParams(**SIZE))

    assert not whole.troubles
    assert {server["status"] for server in items(whole, "compute", "servers/detail")} == {"ACTIVE"}
    text = "".join(said(whole, host, "ovs") for host in whole.hosts)
    assert "4095" not in text


def test_the_tap_of_one_instance_is_gone_but_its_domain_names_it(cloud: GeneratedCloud) -> None:
    trouble = planted(cloud)["tap_missing"]
    tap = f"tap{port_of(cloud, trouble)['id'][:11]}"

    assert tap not in devices(cloud, trouble["host"])
    assert tap in said(cloud, trouble["host"], "domains")


def test_one_port_is_in_the_dead_vlan_and_one_in_another_network(cloud: GeneratedCloud) -> None:
    found = {}
    for code in ("dead_vlan", "wrong_vlan"):
        trouble = planted(cloud)[code]
        short = port_of(cloud, trouble)["id"][:11]
        ports = switch_ports(cloud, trouble["host"])
        found[code] = ports.get(f"tap{short}") or ports[f"qvo{short}"]

    noted = dict(found["wrong_vlan"]["other_config"][1])
    assert found["dead_vlan"]["tag"] == 4095
    assert str(found["wrong_vlan"]["tag"]) != noted["tag"]
    assert port_of(cloud, planted(cloud)["dead_vlan"])["status"] == "DOWN"


def test_one_tap_has_another_mtu_than_its_network(cloud: GeneratedCloud) -> None:
    trouble = planted(cloud)["mtu_changed"]
    port = port_of(cloud, trouble)
    networks = {n["id"]: n["mtu"] for n in items(cloud, "network", "networks")}

    assert devices(cloud, trouble["host"])[f"tap{port['id'][:11]}"]["mtu"] == 1400
    assert networks[port["network_id"]] != 1400


def test_one_instance_is_in_error_and_has_no_domain(cloud: GeneratedCloud) -> None:
    trouble = planted(cloud)["instance_error"]
    failed = [s for s in items(cloud, "compute", "servers/detail") if s["status"] == "ERROR"]

    assert [server["name"] for server in failed] == [trouble["name"]]
    assert failed[0]["id"] not in said(cloud, trouble["host"], "domains")
    short = port_of(cloud, trouble)["id"][:11]
    assert not any(name.endswith(short) for name in devices(cloud, trouble["host"]))


@pytest.mark.parametrize("code", ["nic_down", "bond_member_down"])
def test_a_nic_has_no_link_for_the_kernel_ethtool_and_its_neighbour(
    cloud: GeneratedCloud, code: str
) -> None:
    trouble = planted(cloud)[code]
    nic, host = trouble["name"], trouble["host"]

    about = said(cloud, host, "nics").split(f"== {nic} ")[1].partition("\n== ")[0]
    assert "Link detected: no" in about
    assert "LOWER_UP" not in devices(cloud, host)[nic]["flags"]
    assert f'"name": "{nic}"' not in said(cloud, host, "lldp")
    if code == "bond_member_down":
        about = said(cloud, host, "bonds").split(f"Slave Interface: {nic}\n")[1]
        assert about.startswith("MII Status: down")


def test_an_agent_is_silent_and_a_namespace_is_nobodys(cloud: GeneratedCloud) -> None:
    silent, orphan = planted(cloud)["agent_dead"], planted(cloud)["namespace_orphan"]
    agents = items(cloud, "network", "agents")
    networks = {network["id"] for network in items(cloud, "network", "networks")}

    dead = [(a["host"], a["binary"]) for a in agents if not a["alive"]]
    assert dead == [(silent["host"], silent["name"])]
    assert orphan["name"] in said(cloud, orphan["host"], "namespace_links")
    assert orphan["name"].removeprefix("qdhcp-") not in networks


def test_a_cloud_without_a_fitting_host_leaves_troubles_out() -> None:
    small = GeneratedCloud(CloudParams(hosts=3, instances=1, networks=2, troubles=True))

    assert len(small.troubles) < len(CODES)


def test_the_demo_prints_commands_that_name_what_was_planted(
    cloud: GeneratedCloud, inv: InventoryMgr
) -> None:
    commands = find_troubles(list(cloud.troubles))

    assert commands[0] == "inventory list --env demo --with-problems"
    shown = {f"inventory show {name} --env demo" for name in ("web-3", "db-2")}  # no clique yet
    assert shown <= set(commands)
    assert find_troubles([]) == []
