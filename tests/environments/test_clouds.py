"""clouds.yaml, secure.yaml, vendor profiles and OS_*, by openstacksdk's loader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calipso.errors import ConfigError
from calipso.model.openstack_section import OpenStackSection
from calipso.sources.api.clouds import Clouds, _Loader, load_clouds

from .conftest import SECRET, look_for_clouds_below

AUTH = {"auth_url": "http://192.0.2.1:5000/v3", "username": "admin", "password": SECRET}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without clouds, as the loader would see it in a process of its own."""
    look_for_clouds_below(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set `OS_*` variables."""

    def give(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return give


def write(path: Path, clouds: dict[str, Any], word: str = "clouds") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dump = json.dumps if path.suffix == ".json" else yaml.safe_dump
    path.write_text(dump({word: clouds}))
    return path


def section_of(home: Path, cloud: dict[str, Any], region: str = "") -> dict[str, Any]:
    """The section for a cloud of `clouds.yaml`."""
    write(home / "cwd/clouds.yaml", {"c": cloud})
    return load_clouds().section("c", region)


def test_the_working_directory_goes_before_the_users_files(home: Path) -> None:
    write(home / ".config/openstack/clouds.yaml", {"mine": {}})
    write(home / "cwd/clouds.yml", {"here": {}})

    assert load_clouds().choose() == "here"


def test_the_named_file_goes_before_all(home: Path, variables: Callable[..., None]) -> None:
    write(home / "cwd/clouds.yaml", {"here": {}})
    variables(OS_CLIENT_CONFIG_FILE=str(write(home / "other.json", {"named": {}})))

    assert load_clouds().names == ["named"]


def test_secure_yaml_is_merged_over_clouds_yaml(home: Path) -> None:
    write(home / "cwd/clouds.yaml", {"a": {"auth": AUTH | {"password": "old"}}})
    write(home / ".config/openstack/secure.yaml", {"a": {"auth": {"password": SECRET}}})

    section = load_clouds().section("a")

    assert (section["user"], section["pwd"]) == ("admin", SECRET)


def test_variables_form_a_cloud_that_is_the_default(
    home: Path, variables: Callable[..., None]
) -> None:
    write(home / "cwd/clouds.yaml", {"a": {}, "b": {}})
    variables(OS_AUTH_URL="http://x:5000", OS_USERNAME="u", OS_PASSWORD=SECRET, OS_TEST_PATH="no")

    clouds = load_clouds()
    section = clouds.section(clouds.choose())

    assert clouds.choose() == "envvars"
    assert (section["auth_url"], section["user"], section["pwd"]) == (
        "http://x:5000/v3",
        "u",
        SECRET,
    )


def test_an_application_credential_of_variables_is_one(variables: Callable[..., None]) -> None:
    variables(
        OS_AUTH_TYPE="v3applicationcredential",
        OS_AUTH_URL="http://x:5000/v3",
        OS_APPLICATION_CREDENTIAL_ID="0ab1",
        OS_APPLICATION_CREDENTIAL_SECRET="a{b}{",  # the loader expands braces elsewhere
    )

    section = load_clouds().section("envvars")

    assert section["application_credential_secret"] == "a{b}{"
    assert OpenStackSection.model_validate(section).account == "application credential 0ab1"


def test_os_cloud_goes_before_the_variables(home: Path, variables: Callable[..., None]) -> None:
    write(home / "cwd/clouds.yaml", {"a": {"auth": AUTH}, "b": {}})
    variables(OS_CLOUD="a", OS_USERNAME="someone else")

    assert load_clouds().choose() == "a"
    assert load_clouds().choose("b") == "b"


def test_selectors_alone_form_no_cloud(home: Path, variables: Callable[..., None]) -> None:
    write(home / "cwd/clouds.yaml", {"a": {}, "b": {}})
    variables(OS_REGION_NAME="R", OS_CLOUD_NAME="x")

    found = load_clouds()

    assert found.names == ["a", "b"]
    with pytest.raises(ConfigError, match="which cloud"):
        found.choose()


def test_the_variables_cloud_may_be_renamed_but_not_hide_another(
    home: Path, variables: Callable[..., None]
) -> None:
    path = write(home / "cwd/clouds.yaml", {"envvars": {}})

    with pytest.raises(ConfigError, match="defines a cloud named 'envvars'") as caught:
        load_clouds()
    assert str(path) in caught.value.message
    variables(OS_CLOUD_NAME="vars", OS_USERNAME="u")
    assert load_clouds().choose() == "vars"


def test_an_unknown_cloud_is_answered_with_file_and_nearest_name(home: Path) -> None:
    path = write(home / "cwd/clouds.yaml", {"production": {}})

    with pytest.raises(ConfigError) as caught:
        load_clouds().choose("prodution")

    assert f"no cloud prodution ({path}); did you mean production?" in caught.value.message


def test_no_cloud_anywhere_says_what_to_give() -> None:
    with pytest.raises(ConfigError, match=r"no clouds\.yaml found") as caught:
        load_clouds().choose()

    assert "--file" in caught.value.hint


@pytest.mark.parametrize("name", ["clouds.yaml", "secure.yaml"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("clouds: {a: {auth: {password: [}}", "not valid YAML in line 1"),
        (f"clouds:\n  a: {{password: '{SECRET}\n", "not valid YAML in line"),
        ("[]", "no `clouds:`"),
        ("clouds: 3", "no `clouds:`"),
        (f"clouds: {{a: {SECRET}}}", r"clouds\.a: expected a section"),
    ],
)
def test_a_broken_file_is_named_and_nothing_of_it_repeated(
    home: Path, name: str, content: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = home / "cwd" / name
    path.parent.mkdir()
    path.write_text(content)

    with pytest.raises(ConfigError, match=said) as caught:
        load_clouds()

    assert str(path) in caught.value.message
    assert SECRET not in caught.value.message + caplog.text


def test_a_cloud_becomes_an_openstack_section(home: Path) -> None:
    section = section_of(
        home,
        {
            "auth": AUTH
            | {"project_name": "ops", "user_domain_name": "ldap", "project-domain-name": "D"},
            "region_name": "R1",
            "interface": "internal",
            "cacert": "/etc/ca.pem",
            "cert": "/etc/client.pem",
            "verify": False,
        },
    )

    assert OpenStackSection.model_validate(section)
    assert section == {
        "name": "OpenStack",
        "auth_type": "v3password",
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
        "cert_file": "/etc/client.pem",
        "insecure": True,
    }


def test_old_words_of_variables_are_known(variables: Callable[..., None]) -> None:
    variables(
        OS_AUTH_URL="https://[2001:db8::1]/identity",
        OS_USERNAME="u",
        OS_PASSWORD=SECRET,
        OS_TENANT_NAME="old",
        OS_DOMAIN_NAME="D",
        OS_ENDPOINT_TYPE="adminURL",
        OS_IDENTITY_API_VERSION="3",
        OS_INSECURE="true",
    )

    section = load_clouds().section("envvars")

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
        ("http://a/identity/v3/auth/tokens", "http://a/identity/v3"),
        ("http://a:5000/v3?x=1#y", "http://a:5000/v3"),
    ],
)
def test_the_url_is_that_of_version_3(home: Path, url: str, expected: str) -> None:
    assert section_of(home, {"auth": AUTH | {"auth_url": url}})["auth_url"] == expected


CREDENTIAL = {
    "auth_url": "http://192.0.2.1:5000/v3",
    "application_credential_id": "0ab1",
    "application_credential_secret": SECRET,
}


def test_an_application_credential_keeps_no_user_and_no_project(home: Path) -> None:
    section = section_of(home, {"auth_type": "v3applicationcredential", "auth": CREDENTIAL})

    assert {key: section.get(key) for key in CREDENTIAL} == CREDENTIAL
    assert section["auth_type"] == "v3applicationcredential"
    assert "admin_project" not in section
    assert not OpenStackSection.model_validate(section).names_project


def test_an_application_credential_by_name_needs_its_user(home: Path) -> None:
    auth = {key: CREDENTIAL[key] for key in ("auth_url", "application_credential_secret")}
    auth["application_credential_name"] = "calipso"

    with pytest.raises(ConfigError, match=r"auth\.username or auth\.user_id is missing"):
        section_of(home, {"auth_type": "v3applicationcredential", "auth": auth})
    section = section_of(
        home, {"auth_type": "v3applicationcredential", "auth": auth | {"username": "ops"}}
    )
    assert OpenStackSection.model_validate(section).user == "ops"


@pytest.mark.parametrize("login", ["token", "v3token"])
def test_a_token_is_a_login(home: Path, login: str) -> None:
    auth = {"auth_url": AUTH["auth_url"], "token": SECRET, "project_id": "p1"}

    section = OpenStackSection.model_validate(section_of(home, {"auth_type": login, "auth": auth}))

    assert (section.auth_type, section.token, section.project_id) == ("v3token", SECRET, "p1")
    with pytest.raises(ConfigError, match=r"auth\.token is missing"):
        section_of(home, {"auth_type": login, "auth": AUTH})


@pytest.mark.parametrize("login", ["v3oidcpassword", "v3kerberos", "v3multifactor", "none"])
def test_another_login_is_named_with_the_remedy(home: Path, login: str) -> None:
    with pytest.raises(ConfigError, match=f"auth_type {login} is not supported") as caught:
        section_of(home, {"auth_type": login, "auth": AUTH})

    assert "application credential" in caught.value.hint
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("cloud", [{"auth_type": "v2password"}, {"identity_api_version": 2}])
def test_version_2_of_keystone_is_refused(home: Path, cloud: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Keystone v2 is not supported: v3 is needed"):
        section_of(home, cloud | {"auth": AUTH})


def test_everything_that_makes_a_cloud_unusable_is_named(home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        section_of(home, {"auth": {"system_scope": "all", "password": SECRET}})

    for part in (
        "auth.system_scope is not supported",
        "auth.auth_url is missing",
        "auth.username or auth.user_id is missing",
    ):
        assert f"cloud c: {part}" in caught.value.message
    assert SECRET not in caught.value.message


def test_ids_stand_for_names(home: Path) -> None:
    ids = {"project_id": "p1", "user_domain_id": "default"}

    section = section_of(home, {"auth": AUTH | ids | {"domain_name": "not this one"}})

    assert {key: section[key] for key in ids} == ids
    assert "user_domain" not in section
    assert not OpenStackSection.model_validate(section).names_project


def test_a_vendor_profile_gives_what_the_cloud_leaves_out(home: Path) -> None:
    write(
        home / ".config/openstack/clouds-public.yaml",
        {"ours": {"auth": {"auth_url": "https://keystone.example:5000/v3"}, "region_name": "R7"}},
        "public-clouds",
    )
    section = section_of(home, {"profile": "ours", "auth": {"username": "u", "password": SECRET}})

    assert (section["auth_url"], section["region"]) == ("https://keystone.example:5000/v3", "R7")
    elastx = section_of(home, {"profile": "elastx", "auth": {"username": "u"}})
    assert elastx["auth_url"] == "https://ops.elastx.cloud:5000/v3"


def test_an_unknown_vendor_profile_is_an_error(home: Path) -> None:
    with pytest.raises(ConfigError, match="vendor profile is not known") as caught:
        section_of(home, {"profile": "elastix", "auth": {"username": "u", "password": SECRET}})

    assert "elastx" in caught.value.hint


def test_a_region_is_chosen_among_those_of_the_cloud(home: Path) -> None:
    auth_2 = {"auth": {"auth_url": "http://two:5000/v3"}}
    cloud = {"auth": AUTH, "regions": ["R1", {"name": "R2", "values": auth_2}]}

    assert section_of(home, cloud)["region"] == "R1"
    second = section_of(home, cloud, "R2")
    assert (second["region"], second["auth_url"]) == ("R2", "http://two:5000/v3")
    with pytest.raises(ConfigError, match="Region R3 is not a valid region name") as caught:
        section_of(home, cloud, "R3")
    assert "R1,R2" in caught.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
keys = st.sampled_from(["auth", "auth_url", "regions", "region_name", "username", "auth_type"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, json_values))
@example({"auth": AUTH | {"auth_url": "http://[::1"}})
@example({"auth": AUTH | {"auth_url": "http://192.0.2.1:port"}})
def test_any_cloud_gives_a_section_or_a_named_error(cloud: dict[str, Any]) -> None:
    found = _Loader(load_yaml_config=False, load_envvars=False)
    found.cloud_config["clouds"]["c"] = cloud
    section, told = {}, ""
    try:
        section = Clouds(found, ["c"], []).section("c")
    except ConfigError as error:
        told = error.message

    assert told.startswith("cloud c: ") or section["name"] == "OpenStack"
