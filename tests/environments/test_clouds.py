"""clouds.yaml, secure.yaml and OS_*: found and merged as openstacksdk does."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calipso.errors import ConfigError
from calipso.model.sections import OpenStackSection
from calipso.sources.api.clouds import Clouds, load_clouds, openstack_section

from .conftest import SECRET

AUTH = {"auth_url": "http://192.0.2.1:5000/v3", "username": "admin", "password": SECRET}


def write(path: Path, clouds: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dump = json.dumps if path.suffix == ".json" else yaml.safe_dump
    path.write_text(dump({"clouds": clouds}))
    return path


def load(home: Path, **env: str) -> Clouds:
    return load_clouds({"HOME": str(home)} | env, home / "cwd")


def test_the_working_directory_goes_before_the_users_files(tmp_path: Path) -> None:
    write(tmp_path / ".config/openstack/clouds.yaml", {"mine": {}})
    write(tmp_path / "cwd/clouds.yml", {"here": {}})

    assert load(tmp_path).choose() == ("here", {})


def test_the_named_file_goes_before_all(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"here": {}})
    named = write(tmp_path / "other.json", {"named": {}})

    assert list(load(tmp_path, OS_CLIENT_CONFIG_FILE=str(named)).clouds) == ["named"]


def test_secure_yaml_is_merged_over_clouds_yaml(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"a": {"auth": {"username": "u", "password": "old"}}})
    write(tmp_path / ".config/openstack/secure.yaml", {"a": {"auth": {"password": SECRET}}})

    name, cloud = load(tmp_path).choose()

    assert (name, cloud) == ("a", {"auth": {"username": "u", "password": SECRET}})


def test_variables_form_a_cloud_that_is_the_default(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"a": {}, "b": {}})

    found = load(tmp_path, OS_AUTH_URL="http://x:5000", OS_USERNAME="u", OS_TEST_PATH="no")

    assert found.choose() == ("envvars", {"auth_url": "http://x:5000", "username": "u"})


def test_os_cloud_goes_before_the_variables(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"a": {"auth": AUTH}, "b": {}})

    found = load(tmp_path, OS_CLOUD="a", OS_USERNAME="someone else")

    assert found.choose() == ("a", {"auth": AUTH})
    assert found.choose("b") == ("b", {})


def test_selectors_alone_form_no_cloud(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"a": {}, "b": {}})

    found = load(tmp_path, OS_REGION_NAME="R", OS_CLOUD_NAME="x")

    assert set(found.clouds) == {"a", "b"}
    with pytest.raises(ConfigError, match="which cloud"):
        found.choose()


def test_the_variables_cloud_may_be_renamed_but_not_hide_another(tmp_path: Path) -> None:
    write(tmp_path / "cwd/clouds.yaml", {"envvars": {}})

    with pytest.raises(ConfigError, match="envvars"):
        load(tmp_path)
    assert load(tmp_path, OS_CLOUD_NAME="vars", OS_USERNAME="u").choose()[0] == "vars"


def test_an_unknown_cloud_is_answered_with_file_and_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path / "cwd/clouds.yaml", {"production": {}})

    with pytest.raises(ConfigError) as caught:
        load(tmp_path).choose("prodution")

    assert f"no cloud prodution ({path}); did you mean production?" in caught.value.message


def test_no_cloud_anywhere_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no clouds\.yaml found") as caught:
        load(tmp_path).choose()

    assert "--file" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("clouds: {a: {auth: {password: [}}", "not valid YAML in line 1"),
        ("[]", "no `clouds:`"),
        ("clouds: 3", "no `clouds:`"),
        (f"clouds: {{a: {SECRET}}}", r"clouds\.a: expected a section"),
    ],
)
def test_a_broken_file_is_named_and_nothing_of_it_repeated(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "cwd/clouds.yaml"
    path.parent.mkdir()
    path.write_text(content)

    with pytest.raises(ConfigError, match=said) as caught:
        load(tmp_path)

    assert str(path) in caught.value.message
    assert SECRET not in caught.value.message


def test_a_cloud_becomes_an_openstack_section() -> None:
    cloud = {
        "auth": AUTH
        | {"project_name": "ops", "user_domain_name": "ldap", "project-domain-name": "D"},
        "region_name": "R1",
        "interface": "internal",
        "cacert": "/etc/ca.pem",
        "verify": False,
    }

    section = openstack_section("c", cloud)

    assert OpenStackSection.model_validate(section)
    assert section == {
        "name": "OpenStack",
        "auth_url": "http://192.0.2.1:5000/v3",
        "host": "192.0.2.1",
        "port": 5000,
        "use_tls": False,
        "user": "admin",
        "pwd": SECRET,
        "admin_project": "ops",
        "user_domain": "ldap",
        "project_domain": "D",
        "region": "R1",
        "interface": "internal",
        "ca_file": "/etc/ca.pem",
        "insecure": True,
    }


def test_a_cloud_of_variables_becomes_a_section() -> None:
    cloud = {
        "auth_url": "https://[2001:db8::1]/identity",
        "username": "u",
        "password": SECRET,
        "tenant_name": "old",
        "domain_name": "D",
        "endpoint_type": "adminURL",
        "identity_api_version": "3",
        "insecure": "true",
    }

    section = openstack_section("envvars", cloud)

    assert section["auth_url"] == "https://[2001:db8::1]/identity/v3"
    assert (section["host"], section["port"], section["use_tls"]) == ("2001:db8::1", 443, True)
    assert (section["admin_project"], section["interface"]) == ("old", "admin")
    assert (section["user_domain"], section["project_domain"]) == ("D", "D")
    assert section["insecure"] is True


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a:5000", "http://a:5000/v3"),
        ("http://a:5000/v3/", "http://a:5000/v3"),
        ("http://a:5000/v2.0", "http://a:5000/v3"),
        ("http://a/identity/", "http://a/identity/v3"),
    ],
)
def test_the_url_is_that_of_version_3(url: str, expected: str) -> None:
    assert openstack_section("c", {"auth": AUTH | {"auth_url": url}})["auth_url"] == expected


def test_everything_that_makes_a_cloud_unusable_is_named() -> None:
    cloud = {
        "auth_type": "v3applicationcredential",
        "identity_api_version": 2,
        "auth": {"project_id": "p", "password": SECRET},
    }

    with pytest.raises(ConfigError) as caught:
        openstack_section("c", cloud)

    for part in (
        "cloud c: auth_type v3applicationcredential: only logins",
        "Keystone v3",
        "project_id without a name: give project_name",
        "auth.auth_url is missing",
        "auth.username is missing",
    ):
        assert part in caught.value.message
    assert SECRET not in caught.value.message


def test_the_default_domains_id_is_known() -> None:
    section = openstack_section("c", {"auth": AUTH | {"user_domain_id": "default"}})

    assert OpenStackSection.model_validate(section).user_domain == "Default"
    with pytest.raises(ConfigError, match="user_domain_id without a name"):
        openstack_section("c", {"auth": AUTH | {"user_domain_id": "0ab1"}})


def test_a_region_is_chosen_among_those_of_the_cloud() -> None:
    cloud = {"auth": AUTH, "regions": ["R1", {"name": "R2", "values": {}}]}

    assert openstack_section("c", cloud)["region"] == "R1"
    assert openstack_section("c", cloud, "R2")["region"] == "R2"
    with pytest.raises(ConfigError, match="no region R3") as caught:
        openstack_section("c", cloud, "R3")
    assert caught.value.hint == "Its regions: R1, R2."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
keys = st.sampled_from(["auth", "auth_url", "regions", "region_name", "username", "auth_type"])


@given(st.dictionaries(keys, json_values))
def test_any_cloud_gives_a_section_or_a_named_error(cloud: dict[str, Any]) -> None:
    section: dict[str, Any] | None = None
    with contextlib.suppress(ConfigError):
        section = openstack_section("c", cloud)

    assert section is None or section["name"] == "OpenStack"
