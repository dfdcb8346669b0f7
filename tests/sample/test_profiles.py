"""Profiles: drawn alike for a seed, whole in themselves, and in no need of the scanner's code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso.hostparse.ethtool import parse_nics
from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.libvirt import parse_domains
from calipso.hostparse.lldp import parse_lldp
from calipso.hostparse.netns import parse_namespaces
from calipso.hostparse.ovsdb import parse_ovs
from calipso.sources.cli.commands import BY_NAME, COMMANDS
from calipso.sources.cli.container import wrap
from tests.sample_cloud import profiles
from tests.sample_cloud.cloud import Listing
from tests.sample_cloud.profiles import PROFILES
from tests.sample_cloud.profiles.cloud import ProfileCloud

FOLDER = Path(profiles.__file__).parent


@pytest.fixture(params=PROFILES)
def cloud(request: pytest.FixtureRequest) -> ProfileCloud:
    return ProfileCloud(request.param)


def said(cloud: ProfileCloud, host: str, name: str) -> str:
    command = BY_NAME[name]
    answer = cloud.answer(host, wrap(command.text, command.tool, cloud.distribution, "Zed"))
    assert answer is not None
    return "" if answer.exit else answer.out.decode()


def items(cloud: ProfileCloud, service: str, resource: str) -> list[dict[str, Any]]:
    found = cloud.api(service, resource)
    assert isinstance(found, Listing)
    return list(found.items)


def test_the_same_seed_draws_the_same_and_another_other_ids(cloud: ProfileCloud) -> None:
    again, other = ProfileCloud(cloud.profile), ProfileCloud(cloud.profile, seed=2)

    for host in cloud.hosts:
        for command in COMMANDS:
            assert said(cloud, host, command.name) == said(again, host, command.name)
    ids = [{port["id"] for port in items(each, "network", "ports")} for each in (cloud, other)]
    assert not ids[0] & ids[1]
    assert cloud.site.truth.objects.keys() != other.site.truth.objects.keys()


def test_links_and_cliques_of_the_truth_are_of_things_that_it_names(cloud: ProfileCloud) -> None:
    truth = cloud.site.truth
    optional = {key for chains in truth.either for chain in chains for key in chain}
    for link in truth.links.keys() | optional:
        source, target = link[0].split("-")
        assert (source, link[1]) in truth.objects, link
        assert (target, link[2]) in truth.objects, link
    for key, way in truth.cliques.items():
        assert key in truth.objects
        for kind, names in (
            ("network", way.networks),
            ("host_pnic", way.nics | way.members),
            ("switch_pnic", way.switch_ports),
        ):
            assert all((kind, name) in truth.objects for name in names), key
        # A pod that no port knows has no network, and its clique ends at its bridge.
        alone = truth.objects[key].get("network") == set()
        assert bool(way.networks) != alone, key
        assert bool(way.nics) != alone, key


def test_every_host_prints_what_the_real_tools_could_have_printed(cloud: ProfileCloud) -> None:
    for host in cloud.hosts:
        devices = parse_devices(said(cloud, host, "links"))
        indexes = [device.index for device in devices.values()]
        assert len(set(indexes)) == len(indexes)
        assert all(device.master in devices for device in devices.values() if device.master)
        for found in parse_namespaces(said(cloud, host, "namespace_links")).values():
            assert found
            assert "lo" in found
        assert all(len(name) <= 15 for name in devices), host
        parse_nics(said(cloud, host, "nics"))
        parse_lldp(said(cloud, host, "lldp"))
        if said(cloud, host, "ovs"):
            parse_ovs(said(cloud, host, "ovs"))
        domains = parse_domains(said(cloud, host, "domains"))
        assert not any(isinstance(domain, Exception) for domain in domains.values())


def test_every_instance_has_the_ports_of_its_domain(cloud: ProfileCloud) -> None:
    ports = items(cloud, "network", "ports")
    for server in items(cloud, "compute", "servers/detail"):
        own = [port for port in ports if port["device_id"] == server["id"]]
        host = server["OS-EXT-SRV-ATTR:host"]
        assert own
        if host in cloud.hosts:
            domain = parse_domains(said(cloud, host, "domains"))[server["id"]]
            macs = {interface.mac for interface in getattr(domain, "interfaces", ())}
            shown = {p["mac_address"] for p in own if p["binding:vnic_type"] != "direct-physical"}
            assert macs == shown


def test_rows_have_columns_of_the_real_tables(cloud: ProfileCloud) -> None:
    for schema, tables in cloud.schemas().items():
        for table, columns in tables.items():
            for row in cloud.rows(schema, table):
                assert set(row) <= set(columns), (schema, table)
                json.dumps(row)


def test_the_truth_comes_without_the_scanner() -> None:
    """Only the part that serves a profile knows how the scanner asks."""
    files = [path for path in FOLDER.glob("*.py") if path.name != "cloud.py"]

    assert len(files) > 10
    assert not [path.name for path in files if "import calipso" in _code(path)]
    assert not [path.name for path in files if "from calipso" in _code(path)]


def _code(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_an_unknown_profile_is_refused_with_the_existing_ones() -> None:
    with pytest.raises(ValueError, match="kolla-ovs"):
        ProfileCloud("mainframe")
