"""Queues of an environment: which tasks go where, and the error for a wrong entry."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId

from calipso.discover.engine.scan_plan import Planner
from calipso.discover.engine.scanners_metadata import load_scanners
from calipso.errors import ConfigError
from calipso.model.environment import Environment, parse_environment
from calipso.model.queues import Queues
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

SECTIONS = [
    {"name": "OpenStack", "host": "10.0.0.1", "user": "a", "pwd": "b"},
    {"name": "mysql", "host": "10.0.0.1", "user": "a", "pwd": "b"},
    {"name": "CLI", "host": "10.0.0.1", "user": "a", "pwd": "b"},
]


def environment(**queues: Any) -> Environment:
    return parse_environment({"name": "prod", "configuration": SECTIONS, "queues": queues})


def error(**queues: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        environment(**queues)
    return caught.value.message


def test_without_queues_each_source_is_its_own():
    queues = parse_environment({"name": "prod", "configuration": SECTIONS}).queues

    assert [queues.of(source) for source in ("api", "db", "cli")] == ["api", "db", "cli"]
    assert queues.of("cli", "compute-1") == "cli"


def test_a_source_has_the_queue_it_is_given():
    queues = environment(api="api-dc2", db="db-dc2", cli="cli-dc2").queues

    assert [queues.of(source, "compute-1") for source in ("api", "db", "cli")] == [
        "api-dc2",
        "db-dc2",
        "cli-dc2",
    ]


def test_the_first_pattern_that_matches_a_host_counts_for_cli_only():
    queues = environment(
        hosts=[
            {"hosts": "edge-1*", "queue": "cli-edge-1"},
            {"hosts": ["edge-*", "cell?.example.org"], "queue": "cli-edge"},
        ]
    ).queues

    found = [queues.of("cli", host) for host in ("edge-17", "EDGE-2", "cell3.example.org", "c-1")]
    assert found == ["cli-edge-1", "cli-edge", "cli-edge", "cli"]
    assert queues.of("db", "edge-17") == "db"
    assert queues.names() == ["api", "db", "cli", "cli-edge-1", "cli-edge"]


def test_queues_are_stored_and_read_back(inv: InventoryMgr):
    hosts = [{"hosts": ["edge-*"], "queue": "cli-edge"}]
    EnvironmentStore().add(environment(cli="cli-dc2", hosts=hosts))

    read = EnvironmentStore().get("prod").queues

    assert read == Queues.model_validate({"cli": "cli-dc2", "hosts": hosts})


@pytest.mark.parametrize(
    ("queues", "said"),
    [
        ({"cli": "links"}, "queues.cli: queue links is for other work"),
        ({"cli": "cli dc2"}, "queues.cli: expected 1-64 letters, digits, dots"),
        ({"cli": "cli\n"}, "queues.cli: expected 1-64 letters, digits, dots"),
        ({"hosts": [{"hosts": "a\n", "queue": "q"}]}, "expected a host name"),
        ({"clis": "cli-dc2"}, "queues.clis: unknown key; did you mean cli?"),
        ({"hosts": [{"hosts": "edge-*"}]}, "queues.hosts.0.queue"),
        ({"hosts": [{"hosts": [], "queue": "q"}]}, "queues.hosts.0.hosts"),
        ({"hosts": [{"hosts": "$(id)", "queue": "q"}]}, "'$(id)': expected a host name"),
        (
            {"hosts": [{"hosts": "*", "queue": "q"}, {"hosts": "edge-*", "queue": "r"}]},
            "hosts.1 is never used: `*` before it matches every host",
        ),
        (
            {"hosts": [{"hosts": "a", "queue": "q"}, {"hosts": ["b", "a"], "queue": "r"}]},
            "hosts.1: a is matched by an entry before it",
        ),
    ],
)
def test_a_wrong_entry_is_named(queues: dict[str, Any], said: str):
    assert said in error(**queues)


def test_a_fetcher_of_the_databases_that_asks_hosts_goes_to_the_queue_of_the_host():
    known = environment(hosts=[{"hosts": "rack1-*", "queue": "cli-rack1"}])
    known.mechanism_drivers = ["OVS"]
    planner = Planner("s", known, load_scanners())
    hosts = {"rack1-a": ObjectId(), "rack2-a": ObjectId()}

    level = planner.fetch_level(
        1,
        [
            (name, host, key)
            for name in ("ScanVedgesRoot", "ScanOteps")
            for host, key in hosts.items()
        ],
    )

    assert {(task["queue"], *task["parents"]) for task in level.tasks()} == {
        ("cli-rack1", hosts["rack1-a"]),
        ("cli", hosts["rack2-a"]),
    }
    assert {task["source"] for task in level.tasks()} == {"cli"}
