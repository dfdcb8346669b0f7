"""`calipso env set`: single fields change, all others stay; one that is wrong changes nothing."""

from __future__ import annotations

import pytest

from calipso.model.environment import CliSection, OpenStackSection
from calipso.stores.config.environment_store import EnvironmentStore

from .conftest import SECRET, Run, openstack_document


@pytest.fixture
def prod(run: Run) -> Run:
    """The command line, and an environment prod."""
    EnvironmentStore().add(openstack_document())
    return run


def test_fields_are_set_and_all_others_stay(prod: Run) -> None:
    before = EnvironmentStore().get("prod").document()

    ended = prod("set", "prod", "mechanism_drivers=OVS, LXB", "CLI.sudo=false", "mysql.port=3307")

    assert ended.code == 0, ended.err
    assert "CLI.sudo, mechanism_drivers, mysql.port stored" in ended.err
    assert "calipso env test prod" in ended.err
    after = EnvironmentStore().get("prod").document()
    assert after["mechanism_drivers"] == ["OVS", "LXB"]
    sections = {item["name"]: item for item in after["configuration"]}
    assert (sections["CLI"]["sudo"], sections["mysql"]["port"]) == (False, 3307)
    for item in before["configuration"]:
        kept = {name: value for name, value in item.items() if name not in ("sudo", "port")}
        assert kept.items() <= sections[item["name"]].items()
    assert after["type_drivers"] == before["type_drivers"]


def test_a_field_without_a_value_gets_its_default(prod: Run) -> None:
    default = EnvironmentStore().get("prod").section(CliSection).sudo
    prod("set", "prod", f"CLI.sudo={str(not default).lower()}")
    assert EnvironmentStore().get("prod").section(CliSection).sudo is not default

    assert prod("set", "prod", "CLI.sudo=").code == 0

    assert EnvironmentStore().get("prod").section(CliSection).sudo is default


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("CLI.sudoo=1", "CLI.sudoo: no field sudoo; did you mean sudo?"),
        ("CLY.sudo=1", "CLY.sudo: no section CLY; did you mean CLI?"),
        ("mysql.port=abc", "mysql.port: expected a whole number"),
        ("mechanism_drivers=OSV", "'OSV' is not one of"),
        ("name=other", "name: no field name"),
        ("CLI.sudo", "CLI.sudo: expected FIELD=VALUE or SECTION.FIELD=VALUE"),
        (f"CLI.pwd={SECRET}", "CLI.pwd: a password must not be an argument"),
    ],
)
def test_one_wrong_field_is_named_and_nothing_is_stored(prod: Run, field: str, told: str) -> None:
    before = EnvironmentStore().get("prod").document()

    ended = prod("set", "prod", "OpenStack.region=RegionTwo", field)

    assert ended.code == 1
    assert told in ended.err
    assert "\nhint: " in ended.err
    assert SECRET not in ended.err + ended.out
    assert EnvironmentStore().get("prod").document() == before


def test_what_is_not_there_or_not_given_is_told(prod: Run) -> None:
    assert "no environment prdo; did you mean prod?" in prod("set", "prdo", "CLI.sudo=1").err
    assert "nothing to set" in prod("set", "prod").err
    assert EnvironmentStore().get("prod").section(OpenStackSection).pwd == SECRET
