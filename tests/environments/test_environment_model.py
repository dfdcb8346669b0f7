"""Environment documents: what is accepted, and that everything wrong is named at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from calipso.errors import ConfigError
from calipso.model.environment import (
    CliSection,
    Environment,
    MysqlSection,
    OpenStackSection,
    parse_environment,
)
from calipso.model.sections import OTHER_KEYS

from .conftest import SECRET, openstack_document

SAMPLES = Path(__file__).parent / "original_documents.json"


def problems(document: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_environment(document)
    assert SECRET not in caught.value.message
    return caught.value.message.splitlines()


def changed(section: int, **fields: Any) -> dict[str, Any]:
    document = openstack_document()
    document["configuration"][section].update(fields)
    return document


@pytest.mark.parametrize("document", json.loads(SAMPLES.read_text()), ids=lambda d: d["name"])
def test_documents_written_for_the_original_load(document: dict[str, Any]) -> None:
    environment = parse_environment(document)

    assert environment.section(MysqlSection).port == 3307
    assert environment.section(OpenStackSection).identity_url() == "http://10.0.0.1:5000/v3"
    assert parse_environment(environment.document()) == environment


def test_every_wrong_field_is_named_at_once_with_the_nearest_name() -> None:
    document = openstack_document(nmae="x", environment_type="Openstack", auth="all")
    document["configuration"][0] |= {"password": SECRET, "host": "not a host"}
    document["configuration"][1] |= {"port": "99999", "hots": "db"}
    del document["configuration"][2]["pwd"]
    document["configuration"].append({"name": "Monitring"})
    document["configuration"].append({"name": "AMQP", "host": "mq", "port": "x", "usr": "u"})

    found = problems(document)

    assert all(line.startswith("environment prod: ") for line in found)
    text = "\n".join(found)
    for part in (
        "nmae: unknown key; did you mean name?",
        "environment_type: expected 'OpenStack'",
        "auth: expected an object",
        "configuration[0].OpenStack.password: unknown key; did you mean pwd?",
        "configuration[0].OpenStack.host: expected an IPv4 or IPv6 address",
        "configuration[1].mysql.port: expected 65535 or less (got '99999')",
        "configuration[1].mysql.hots: unknown key; did you mean host?",
        "configuration[2].CLI.key: CLI needs pwd or key",
        "configuration[3].name: 'Monitring' is not one of",
        "did you mean Monitoring?",
        "configuration[4].AMQP: pwd is missing, user is missing, usr is unknown, port: expected",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["OpenStack", "CLI"], "configuration: missing section mysql"),
        (["OpenStack", "mysql", "CLI", "CLI"], "configuration: section CLI is given twice"),
        ([], "configuration: missing section OpenStack, mysql, CLI"),
    ],
)
def test_the_set_of_sections_is_checked(names: list[str], said: str) -> None:
    sections = {section["name"]: section for section in openstack_document()["configuration"]}

    found = problems(openstack_document(configuration=[sections[name] for name in names]))

    assert found == [f"environment prod: {said}"]


def test_missing_sections_are_named_beside_wrong_fields() -> None:
    found = problems({"name": "x!", "configuration": [{"name": "OpenStack", "port": 0}]})

    assert len(found) == 5
    assert found[-1] == "environment x!: configuration: missing section mysql, CLI"


@pytest.mark.parametrize("wrong", ["", "../etc", "a/b", "$where", "x" * 65, "a\nb", "a\n"])
def test_a_name_is_plain(wrong: str) -> None:
    assert any("name: expected" in line for line in problems(openstack_document(name=wrong)))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "ctl-1.example.com", "db_vip"])
def test_hosts_are_addresses_of_both_kinds_or_names(host: str) -> None:
    environment = parse_environment(changed(0, host=host))

    assert environment.section(OpenStackSection).host == host


@pytest.mark.parametrize(
    "host",
    ["-oProxyCommand=x", "a b", "a;b", "http://a", "a:1", "", "a\n", "a..b", f"{'x' * 64}.org"],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert any("CLI.host" in line for line in problems(changed(2, host=host)))


def test_an_address_of_ipv6_is_bracketed_in_the_url() -> None:
    section = parse_environment(changed(0, host="2001:db8::1", use_tls=True)).section(
        OpenStackSection
    )

    assert section.identity_url() == "https://[2001:db8::1]:5000/v3"


def test_the_auth_url_gives_the_host() -> None:
    document = changed(0, auth_url="https://cloud.example:35357/v3")
    del document["configuration"][0]["host"]

    section = parse_environment(document).section(OpenStackSection)

    assert section.host == "cloud.example"
    assert section.identity_url() == "https://cloud.example:35357/v3"


def test_a_password_in_the_auth_url_is_refused_and_not_repeated() -> None:
    found = problems(changed(0, auth_url=f"http://admin:{SECRET}@cloud/v3"))

    assert "without user or password" in found[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://cloud/v3\n",
        "http://cloud?x=y",
        "http://cloud/v3#x",
        "http://cloud:99999/v3",
        "ftp://c",
    ],
)
def test_what_is_no_address_of_keystone_is_refused(url: str) -> None:
    assert any("OpenStack.auth_url" in line for line in problems(changed(0, auth_url=url)))


@pytest.mark.parametrize(
    ("name", "field", "value", "said"),
    [
        ("AMQP", "host", "http://a/?", "an IPv4 or IPv6 address or a host name"),
        ("AMQP", "port", "5672x", "a port, 1-65535"),
        ("AMQP", "use_tls", "yes", "true or false"),
        ("AMQP", "vhost", ["/"], "text"),
        ("AMQP", "ca_file", True, "text"),
        ("AMQP", "pwd", {"a": 1}, "text"),
        ("Monitoring", "server_ip", "10.0.0.1/x", "an IPv4 or IPv6 address or a host name"),
    ],
)
def test_fields_of_the_other_sections_are_checked(
    name: str, field: str, value: Any, said: str
) -> None:
    required, _ = OTHER_KEYS[name]
    good = {key: 1 if key.endswith("port") else "a" for key in required} | {"name": name}
    document = openstack_document()
    document["configuration"].append(good)
    parse_environment(document)
    document["configuration"][-1] = good | {field: value}

    assert problems(document) == [
        f"environment prod: configuration[3].{name}: {field}: expected {said}"
    ]


def test_numbers_of_yaml_become_words() -> None:
    document = changed(0, pwd=12345)

    environment = parse_environment(document | {"distribution_version": 8.0})

    assert environment.distribution_version == "8.0"
    assert environment.section(OpenStackSection).pwd == "12345"


def test_drivers_may_be_one_word_and_in_neutrons_spelling() -> None:
    environment = parse_environment(
        openstack_document(mechanism_drivers="openvswitch", type_drivers=["vlan", "vxlan"])
    )

    assert environment.mechanism_drivers == ["OVS"]
    assert environment.type_drivers == "vlan,vxlan"


def test_a_host_of_its_own_account_is_checked_too() -> None:
    hosts = {"compute-1.example.com": {"name": "CLI", "user": "u", "pwd": SECRET, "port": 2222}}

    section = parse_environment(changed(2, hosts=hosts)).section(CliSection)

    assert section.hosts["compute-1.example.com"].port == 2222
    assert problems(changed(2, hosts={"c": {"prot": 1}})) == [
        "environment prod: configuration[2].CLI.hosts.c.prot: unknown key; did you mean port?"
    ]


def test_no_representation_of_an_environment_shows_a_secret() -> None:
    document = changed(2, hosts={"c": {"pwd": SECRET}})
    document["configuration"].append(
        {"name": "AMQP", "host": "mq", "port": "5672", "user": "u", "pwd": SECRET}
    )

    environment = parse_environment(document)

    assert SECRET not in f"{environment!r}{environment!s}{environment.configuration}"


def test_the_models_own_error_does_not_show_a_secret_either() -> None:
    with pytest.raises(ValidationError) as caught:
        Environment.model_validate(changed(0, pwd=[SECRET], password=SECRET))

    assert SECRET not in str(caught.value)


def test_a_missing_section_is_named() -> None:
    environment = Environment(name="bare", environment_type="VMware")

    with pytest.raises(ConfigError, match="environment bare: no OpenStack section"):
        environment.section(OpenStackSection)


@pytest.mark.parametrize("document", [{}, {"configuration": 3}, {"configuration": [3, None]}])
def test_any_document_is_answered_with_a_list_of_problems(document: dict[str, Any]) -> None:
    assert "environment ?: name: missing" in problems(document)
