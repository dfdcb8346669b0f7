"""Parts of a scan, each timed alone with pytest-benchmark.

python -m pytest tests/bench/test_parts.py --benchmark-only

`make bench` runs them with its other figures. In `make test` each runs once, untimed: what it
found is checked, not how long it took.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from calipso.discover.cliques.clique_finder import CliqueFinder
from calipso.hostparse.ethtool import parse_nics
from calipso.hostparse.fdb import parse_fdb
from calipso.hostparse.iplink import parse_devices
from calipso.hostparse.libvirt import parse_domains
from calipso.hostparse.lldp import parse_lldp
from calipso.hostparse.netns import parse_namespaces
from calipso.hostparse.ovsdb import parse_ovs
from calipso.model.link import Link
from calipso.sources.cli.commands import BY_NAME
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.bench.memory_inventory import memory_inventory
from tests.link_finders.casekit import clique_metadata, configured_finders, environment, run_finder
from tests.link_finders.wiring import ENV, Item, cloud, stored, switch_of
from tests.sample_cloud.generate.generated import GeneratedCloud
from tests.sample_cloud.generate.params import CloudParams

#: command -> its parser, what it returns one of for each item, on what kind of host it says most
PARSERS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "links": (parse_devices, "devices", "ovs"),
    "ovs": (parse_ovs, "ports", "ovs"),
    "domains": (parse_domains, "domains", "ovs"),
    "namespace_links": (parse_namespaces, "namespaces", "network"),
    "nics": (parse_nics, "NICs", "ovs"),
    "lldp": (parse_lldp, "NICs", "ovs"),
    "fdb": (parse_fdb, "devices", "lxb"),
}

#: Hosts of the generated inventories, 50 instances each: time per link should be the same.
SIZES = (10, 40)

ROUNDS = 5

#: Those that find links in a generated cloud.
NONE_HERE = ("FindImplicitLinks", "FindLinksForOvn", "FindRouterStates")
FINDERS = [name for name in configured_finders() if name not in NONE_HERE]


@cache
def generated() -> GeneratedCloud:
    return GeneratedCloud(CloudParams(hosts=10, instances=400, networks=24))


def answer(command: str, kind: str) -> str:
    """The longest answer of a generated host of this kind to a command."""
    plan = generated().plan
    hosts = [host for host in plan.hosts if kind in (host.driver, *host.roles)]
    said = (generated().answer(host.name, BY_NAME[command].text) for host in hosts)
    return max((one.out.decode() for one in said if one is not None and not one.exit), key=len)


@cache
def objects(hosts: int) -> InventoryMgr:
    return memory_inventory([stored(item) for item in wired(hosts)])


def wired(hosts: int) -> list[Item]:
    found = cloud(hosts=hosts, instances_per_host=50, tenant_networks=hosts * 3)
    return [*found, *switch_of(nic for nic in found if nic["type"] == "host_pnic")]


@cache
def links(hosts: int) -> list[Link]:
    return [link for name in FINDERS for link in run_finder(name, objects(hosts))]


def told(benchmark: BenchmarkFixture, unit: str, count: int) -> None:
    """What a round works on, for the table of `make bench`."""
    benchmark.extra_info.update(unit=unit, count=count)


def timed(benchmark: BenchmarkFixture, function: Callable[..., Any], *arguments: Any) -> Any:
    """Some rounds of one call each; what it returned."""
    pedantic: Any = benchmark.pedantic
    return pedantic(function, arguments, rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize("command", PARSERS)
def test_parsing_a_host_answer(benchmark: BenchmarkFixture, command: str) -> None:
    parser, unit, kind = PARSERS[command]
    text = answer(command, kind)

    found = benchmark(parser, text)

    count = sum(len(b.ports) for b in found.values()) if command == "ovs" else len(found)
    assert count
    told(benchmark, unit, count)


@pytest.mark.parametrize("hosts", SIZES)
@pytest.mark.parametrize("finder", FINDERS)
def test_joining_links(benchmark: BenchmarkFixture, finder: str, hosts: int) -> None:
    inventory = objects(hosts)

    found = timed(benchmark, run_finder, finder, inventory)

    assert found
    told(benchmark, "links", len(found))


@pytest.mark.parametrize("hosts", SIZES)
def test_building_an_adjacency(benchmark: BenchmarkFixture, hosts: int) -> None:
    given = clique_metadata()
    arguments = (environment(), given["clique_types"], given["clique_constraints"], links(hosts))

    finder = timed(benchmark, CliqueFinder, *arguments)

    assert len(finder.adjacency)
    told(benchmark, "links", len(finder.adjacency))


@pytest.mark.parametrize("hosts", SIZES)
@pytest.mark.parametrize("focal_type", ["instance", "vservice", "network", "host_pnic"])
def test_walking_cliques(benchmark: BenchmarkFixture, focal_type: str, hosts: int) -> None:
    given = clique_metadata()
    types, constraints = given["clique_types"], given["clique_constraints"]
    finder = CliqueFinder(environment(), types, constraints, links(hosts))
    focal_points = objects(hosts).find_items({"environment": ENV, "type": focal_type})

    found = timed(benchmark, finder.find_for, focal_points)

    assert found
    told(benchmark, "cliques", len(found))
