"""Which clique type an environment gets."""

from __future__ import annotations

from typing import Any, cast

import pytest

from calipso.discover.cliques.clique_finder import score, select_clique_types
from calipso.model.clique import CliqueType
from calipso.model.environment import Environment
from tests.link_finders.casekit import clique_metadata
from tests.link_finders.wiring import ENV


def here(**fields: Any) -> Environment:
    return Environment(
        name=ENV, environment_type="VMware", mechanism_drivers=["OVS", "LXB"], **fields
    )


def clique_type(name: str = "t", **fields: Any) -> CliqueType:
    found = {"name": name, "focal_point_type": "instance", "link_types": ["instance-vnic"]}
    return cast(CliqueType, found | fields)


MIRANTIS = {"distribution": "Mirantis", "distribution_version": "9.0"}


@pytest.mark.parametrize(
    ("said", "points"),
    [
        ({"environment": ENV}, 64),
        ({"environment": "ANY"}, 1),
        ({"environment": "elsewhere"}, 0),
        ({}, 2),
        ({"environment_type": "VMware"}, 2),
        ({"environment_type": "OpenStack"}, 0),
        ({"distribution": "Mirantis"}, 32),
        ({"distribution": "RDO"}, 0),
        (MIRANTIS, 48),
        ({"distribution": "Mirantis", "distribution_version": "8.0"}, 0),
        ({"distribution_version": "9.0"}, 2),
        ({"mechanism_drivers": "LXB"}, 8),
        ({"mechanism_drivers": "VPP"}, 0),
        ({"type_drivers": "vxlan"}, 4),
        ({"type_drivers": "vlan"}, 0),
        (MIRANTIS | {"mechanism_drivers": "OVS", "type_drivers": "vxlan"}, 60),
        ({"environment": ENV, "mechanism_drivers": "OVS"}, 72),
        ({"environment": ENV, "mechanism_drivers": "VPP"}, 0),
        ({"environment": "elsewhere", "mechanism_drivers": "OVS"}, 0),
    ],
)
def test_score_follows_what_the_clique_type_says(said: dict[str, Any], points: int) -> None:
    environment = here(distribution="Mirantis", distribution_version="9.0", type_drivers="vxlan")

    assert score(clique_type(**said), environment) == points


def test_the_environments_own_type_beats_its_settings_and_these_beat_any() -> None:
    by_name = clique_type("own", environment=ENV)
    by_driver = clique_type("driver", mechanism_drivers="OVS")
    fallback = clique_type("any", environment="ANY")

    assert select_clique_types(here(), [fallback, by_driver, by_name])[0]["instance"] == by_name
    assert select_clique_types(here(), [fallback, by_driver])[0]["instance"] == by_driver


def test_the_first_of_equals_wins_and_the_tie_is_reported() -> None:
    chosen, problems = select_clique_types(
        here(), [clique_type("one", environment="ANY"), clique_type("two", environment="ANY")]
    )

    assert chosen["instance"]["name"] == "one"
    assert [("one, two" in item.message, item.warning) for item in problems] == [(True, True)]


def test_a_focal_point_type_without_a_fitting_clique_type_is_reported_and_gets_no_cliques() -> None:
    chosen, problems = select_clique_types(here(), [clique_type(environment="elsewhere")])

    assert chosen == {}
    assert ["no clique type for instance" in item.message for item in problems] == [True]


def test_default_clique_types_have_no_tie_in_any_environment_they_name() -> None:
    types = clique_metadata()["clique_types"]
    names = {item["environment"] for item in types} | {"prod"}

    for name in names:
        problems = select_clique_types(here().model_copy(update={"name": name}), types)[1]
        assert problems == [], name


def test_default_link_types_join_object_types_that_follow_from_the_focal_point() -> None:
    for item in clique_metadata()["clique_types"]:
        known = {item["focal_point_type"]}
        for link_type in item["link_types"]:
            source, target = link_type.split("-")
            assert source in known, f"{item['environment']} {item['name']}: {link_type}"
            known.add(target)
