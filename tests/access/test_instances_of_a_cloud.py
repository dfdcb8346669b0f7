"""Instances read through a real HTTP server, a real MariaDB and a real store, together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from calipso.discover.fetchers.api.api_fetch_host_instances import ApiFetchHostInstances
from calipso.errors import ErrorKind
from calipso.model.inventory import Fetched
from calipso.settings import settings
from calipso.sources.context import ScanContext
from calipso.stores.inventory.inventory_mgr import InventoryMgr

from . import mariadb_server
from .mariadb_server import MariaDb
from .openstack_server import Answer, OpenStackServer, Request
from .scan_context import context

pytestmark = pytest.mark.skipif(bool(mariadb_server.missing()), reason=mariadb_server.missing())

HOSTS = 30
INSTANCES = 1200  # more than one portion, spread unevenly
SERVERS = "/compute/RegionOne/v2.1/servers/detail"


def host_of(number: int) -> str:
    return f"compute-{number % HOSTS if number % 3 else 0}"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    mariadb = MariaDb(tmp_path_factory.mktemp("db"))
    mariadb.install()
    mariadb.start()
    rows = []
    for number in range(INSTANCES):
        info = [{"id": f"p{number}", "address": "FA:16:3E:00:00:01", "network": {"id": "net-1"}}]
        rows.append(f"('i{number}', '{json.dumps(info)}', 0)")
    mariadb.root(
        "CREATE DATABASE nova",
        "CREATE TABLE nova.instances (uuid VARCHAR(36))",
        "CREATE TABLE nova.instance_info_caches (instance_uuid VARCHAR(36), network_info TEXT,"
        " deleted INT)",
        f"INSERT INTO nova.instance_info_caches VALUES {', '.join(rows)}",
        "CREATE USER scanner@'127.0.0.1' IDENTIFIED BY 'right'",
        "GRANT SELECT ON nova.* TO scanner@'127.0.0.1'",
    )
    yield mariadb
    mariadb.stop()


@pytest.fixture
def cloud() -> Iterator[OpenStackServer]:
    def servers(request: Request) -> Answer:
        numbers = [
            number
            for number in range(INSTANCES)
            if request.params.get("host", host_of(number)) == host_of(number)
        ]
        start = int(request.params.get("marker", "-1").removeprefix("i")) + 1
        page = [number for number in numbers if number >= start][: int(request.params["limit"])]
        body: dict[str, Any] = {
            "servers": [
                {"id": f"i{number}", "OS-EXT-SRV-ATTR:host": host_of(number)} for number in page
            ]
        }
        if page and page[-1] != numbers[-1]:
            body["servers_links"] = [{"rel": "next", "href": f"?marker=i{page[-1]}"}]
        return Answer(body)

    with OpenStackServer() as server:
        server.answer("/compute/RegionOne/v2.1/", Answer({"version": {"version": "2.93"}}))
        server.answer("/compute/RegionOne/v2.1/os-services", Answer({"services": []}))
        server.routes[SERVERS] = servers
        yield server


@pytest.fixture
def fetcher(
    cloud: OpenStackServer, database: MariaDb, inv: InventoryMgr, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ApiFetchHostInstances]:
    monkeypatch.setenv("CALIPSO_API_PAGE_SIZE", "500")
    settings.cache_clear()
    sections = {"OpenStack": {"port": cloud.port}, "mysql": {"port": database.port}}
    opened = context(**sections)
    scan = ScanContext(opened.environment, inv, "scan-1")
    endpoints = {"nova": {"service_type": "compute"}}
    store(inv, "region", "RegionOne", endpoints=endpoints)
    for number in range(HOSTS):
        name = f"compute-{number}"
        store(inv, "host", name, host_type=["Compute"])
        store(inv, "instances_folder", f"{name}-instances", host=name)
    one = ApiFetchHostInstances()
    one.bind(scan)
    yield one
    scan.close()


def store(inv: InventoryMgr, kind: str, name: str, **fields: Any) -> None:
    inv.set({"environment": "test", "type": kind, "id": name, **fields})


def instances(fetcher: ApiFetchHostInstances, parents: list[str]) -> dict[str, list[Fetched]]:
    found: dict[str, list[Fetched]] = {}
    for parent, outcome in fetcher.get_many(parents):
        assert isinstance(outcome, list), outcome
        found[parent] = outcome
    return found


def test_the_cloud_is_listed_once_for_all_hosts(
    fetcher: ApiFetchHostInstances, cloud: OpenStackServer
) -> None:
    parents = [f"compute-{number}-instances" for number in range(HOSTS)]

    found = instances(fetcher, parents)

    wanted = {f"i{number}": f"{host_of(number)}-instances" for number in range(INSTANCES)}
    assert {item["id"]: parent for parent, items in found.items() for item in items} == wanted
    assert sorted(found) == sorted(parents)
    assert cloud.paths().count(SERVERS) == 3  # pages of 500
    assert fetcher.context.counters["sql_queries"] <= 4  # schemas, then a portion of hosts each


def test_each_instance_has_the_network_its_cell_database_knows(
    fetcher: ApiFetchHostInstances,
) -> None:
    found = instances(fetcher, ["compute-0-instances", "compute-1-instances"])

    for item in [item for items in found.values() for item in items]:
        assert item["network_info"][0]["id"] == f"p{item['id'][1:]}"
        assert (item["network"], item["mac_address"]) == (["net-1"], "fa:16:3e:00:00:01")


def test_for_one_host_only_its_instances_are_asked(
    fetcher: ApiFetchHostInstances, cloud: OpenStackServer
) -> None:
    found = instances(fetcher, ["compute-1-instances"])

    assert {item["host"] for item in found["compute-1-instances"]} == {"compute-1"}
    (asked,) = [request for request in cloud.asked if request.path == SERVERS]
    assert asked.params["host"] == "compute-1"


def test_instances_are_found_while_the_database_is_away(
    fetcher: ApiFetchHostInstances, inv: InventoryMgr, database: MariaDb
) -> None:
    port = {"device_id": "i1", "device_owner": "compute:nova", "network_id": "net-2"}
    store(inv, "port", "aaaaaaaa-bbbb-cccc", mac_address="fa:16:3e:00:00:02", **port)
    database.stop()

    found = instances(fetcher, ["compute-1-instances"])

    database.start()
    told, _ = fetcher.context.drain()
    (instance,) = (item for item in found["compute-1-instances"] if item["id"] == "i1")
    assert instance["network"] == ["net-2"]
    assert instance["network_info"][0]["devname"] == "tapaaaaaaaa-bb"
    assert [problem.kind for problem in told] == [ErrorKind.UNREACHABLE]
    assert told[0].hint
