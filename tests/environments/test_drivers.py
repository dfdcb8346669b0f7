"""The table of mechanism drivers: one row decides what is read, asked, tested and documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.fetchers.api.host_problems import host_driver_problems
from calipso.model.drivers import DRIVERS, commands_of, drivers_of_agents, drivers_of_ports
from calipso.model.environment import Environment, parse_environment
from calipso.probe.environment_hosts import HostTest
from calipso.probe.environment_test import _name_steps, driver_steps
from calipso.probe.steps import Step
from calipso.probe.supported import scanned_drivers
from calipso.sources.cli.commands import BY_NAME, COMMANDS
from calipso.utils.constants import constant_values

from .conftest import openstack_document

ROOT = Path(__file__).parents[2]


def environment(*drivers: str) -> Environment:
    return parse_environment(openstack_document(mechanism_drivers=list(drivers)))


def host(name: str, *agents: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "network_agents": {key: {} for key in agents}, **more}


def drivers_step(env: Environment, *hosts: dict[str, Any]) -> Step:
    (step,) = driver_steps(env, {item["name"]: item for item in hosts})
    return step


def test_the_words_for_drivers_are_the_rows() -> None:
    assert sorted(constant_values("mechanism_drivers")) == sorted(d.name for d in DRIVERS)


def test_a_row_says_read_when_the_scan_tree_reads_it() -> None:
    assert sorted(driver.name for driver in DRIVERS if driver.read) == scanned_drivers()


def test_each_command_of_a_driver_exists() -> None:
    assert {name for driver in DRIVERS for name in driver.commands} <= BY_NAME.keys()


def test_the_table_in_the_docs_is_the_table() -> None:
    text = (ROOT / "docs" / "environments.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| (yes|no) \| ([^|]*) \|$", text, re.M)

    assert [tuple(map(str.strip, row)) for row in rows] == [
        (
            driver.name,
            ", ".join(driver.agent_types) or "none",
            ", ".join(f"`{vif}`" for vif in driver.vif_types) or "none of its own",
            "yes" if driver.read else "no",
            "" if driver.read else driver.missing,
        )
        for driver in DRIVERS
    ]


@pytest.mark.parametrize("driver", [d for d in DRIVERS if d.agent_types], ids=lambda d: d.name)
def test_each_agent_shows_its_driver(driver: Any) -> None:
    for kind in driver.agent_types:
        (found,) = drivers_of_agents([{"agent_type": kind, "host": "a"}])

        assert found.driver is driver


def test_a_renamed_agent_is_known_by_its_binary() -> None:
    agent = {"agent_type": "OVN thing", "binary": "ovn-controller", "host": "a"}

    assert drivers_of_agents([agent])[0].name == "OVN"


def test_service_agents_are_no_drivers_and_unknown_ones_are() -> None:
    agents = [{"agent_type": kind, "host": "a"} for kind in ("L3 agent", "BaGPipe agent")]

    assert [(found.driver, found.word) for found in drivers_of_agents(agents)] == [
        (None, "BaGPipe agent")
    ]


def test_who_bound_a_port_wins_over_its_vif_type() -> None:
    port = {"binding:vif_type": "ovs", "binding:host_id": "a"}
    bound = port | {"binding:vif_details": {"bound_drivers": {"0": "ovn"}}}

    assert [found.name for found in drivers_of_ports([port, bound])] == ["OVN", "OVS"]


@pytest.mark.parametrize(
    "agent", ["OVN Controller agent", "NIC Switch agent", "VPP agent", "Snake oil agent"]
)
def test_the_test_of_an_environment_fails_for_agents_that_are_not_read(agent: str) -> None:
    step = drivers_step(environment("OVS"), host("a", "Open vSwitch agent"), host("b", agent))

    assert not step.ok
    assert "on b is not read" in step.message
    assert "are missing" in step.message
    assert step.hint


def test_naming_a_driver_that_is_not_read_does_not_make_it_read() -> None:
    step = drivers_step(environment("OVS", "VPP"), host("b", "VPP agent"))

    assert not step.ok
    assert "no fetchers" in step.hint


def test_the_remedy_on_a_host_is_the_command_for_its_environment() -> None:
    agents = [{"agent_type": "Linux bridge agent", "host": "c1"}]
    hosts = {"c1": {"id": "c1"}}

    told = host_driver_problems("my cloud", drivers_of_agents(agents), hosts, ["OVS"])

    hints = [problem.hint for problem in told]
    assert hints == ["calipso env set 'my cloud' mechanism_drivers=OVS,LXB"]


def test_agents_that_are_all_read_pass() -> None:
    env = environment("OVS", "LXB")

    assert drivers_step(env, host("a", "Open vSwitch agent", "L3 agent")).ok


def test_a_host_name_in_two_regions_fails_and_names_region_and_host() -> None:
    found = {"compute-1": {"region": "One"}}

    (step,) = _name_steps("Two", [{"name": "compute-1"}, {"name": "compute-2"}], found)

    assert not step.ok
    assert "region Two: 1 of 2 hosts" in step.message
    assert "compute-1" in step.message
    assert "`region`" in step.hint


def test_a_host_that_stands_for_others_is_not_logged_in_to() -> None:
    test = HostTest(environment("OVS"), {"ironic-0": host("ironic-0", host_type=["Baremetal"])})

    (step,) = test._host_steps("ironic-0")

    assert step.ok
    assert "does not log in" in step.message


def test_a_host_is_asked_only_for_its_own_drivers() -> None:
    both = ["OVS", "LXB"]

    assert commands_of(["Open vSwitch agent", "L3 agent"], both) == {"ovs"}
    assert commands_of(["Linux bridge agent"], both) == {"fdb"}
    assert commands_of(["Linux bridge agent"], ["OVS"]) == set()
    assert {command.name for command in COMMANDS} >= {"ovs", "fdb"}
