"""`calipso env`: what is printed, stored and shown; never a password."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from calipso.model.environment import (
    CliSection,
    MysqlSection,
    OpenStackSection,
    check_environment,
)
from calipso.secrets.box import MASK
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

from .conftest import SECRET, Document, Run, openstack_document

FLAGS = (
    *("--api-host", "192.0.2.1", "--api-user", "admin"),
    *("--db-host", "192.0.2.2", "--db-user", "scanner"),
    *("--ssh-host", "192.0.2.3", "--ssh-user", "scan"),
)


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n")
    return str(path)


def write(path: Path, content: Any) -> str:
    text = json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


def added(run: Run, *arguments: str) -> None:
    ended = run("add", "--no-test", *arguments)
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert SECRET not in ended.err


def test_an_environment_is_added_by_options(run: Run, password_file: str) -> None:
    more = ("--mechanism-driver", "OVS", "--mechanism-driver", "LXB", "--api-port", "5001")
    added(run, "prod", *FLAGS, *more, "--password-file", password_file, "--ssh-direct")

    environment = EnvironmentStore().get("prod")
    api, cli = environment.section(OpenStackSection), environment.section(CliSection)
    assert (api.host, api.port, api.user, api.pwd) == ("192.0.2.1", 5001, "admin", SECRET)
    assert (cli.host, cli.pwd, cli.direct) == ("192.0.2.3", SECRET, True)
    assert environment.section(MysqlSection).pwd == SECRET
    assert environment.mechanism_drivers == ["OVS", "LXB"]


def test_each_source_may_have_a_password_of_its_own(
    run: Run, tmp_path: Path, password_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "db").write_text("db-password")
    monkeypatch.setenv("CALIPSO_DB_PASSWORD_FILE", str(tmp_path / "db"))
    monkeypatch.setenv("CALIPSO_SSH_PASSWORD", "ssh-password")

    added(run, "prod", *FLAGS, "--api-password-file", password_file)

    environment = EnvironmentStore().get("prod")
    assert environment.section(OpenStackSection).pwd == SECRET
    assert environment.section(MysqlSection).pwd == "db-password"
    assert environment.section(CliSection).pwd == "ssh-password"


def test_a_key_takes_the_place_of_the_ssh_password(run: Run, password_file: str) -> None:
    added(run, "prod", *FLAGS, "--ssh-key", "~/id", "--password-file", password_file)

    section = EnvironmentStore().get("prod").section(CliSection)
    assert (section.key, section.pwd) == (str(Path.home() / "id"), "")


def test_without_a_password_nothing_is_stored_and_all_ways_are_named(run: Run) -> None:
    ended = run("add", "prod", *FLAGS)

    assert ended.code == 1
    assert "no password for OpenStack" in ended.err
    assert "--api-password-file" in ended.err
    assert "CALIPSO_API_PASSWORD" in ended.err
    assert EnvironmentStore().names() == []


@pytest.mark.parametrize("field", ["mysql.pwd", "CLI.password", "Kubernetes.token"])
def test_a_password_as_argument_is_refused_without_repeating_it(run: Run, field: str) -> None:
    ended = run("add", "prod", *FLAGS, "--set", f"{field}={SECRET}")

    assert ended.code == 1
    assert "a password must not be an argument" in ended.err
    assert SECRET not in ended.err


def test_any_other_field_is_set_by_its_name(run: Run, password_file: str) -> None:
    more = (
        "--set",
        "CLI.host_port=2222",
        "--set",
        "listen=true",
        "--set",
        "mysql.schema=prod_nova",
    )
    amqp = ("--set", "AMQP.host=192.0.2.9", "--set", "AMQP.port=5672", "--set", "AMQP.user=u")
    ended = run("add", "prod", *FLAGS, "--password-file", password_file, *more, *amqp)

    assert ended.code == 1
    assert "AMQP: pwd is missing" in ended.err
    added(run, "prod", *FLAGS, "--password-file", password_file, *more)
    environment = EnvironmentStore().get("prod")
    assert environment.section(CliSection).host_port == 2222
    assert environment.section(MysqlSection).schema_ == "prod_nova"
    assert environment.listen


def test_wrong_settings_are_named_with_the_nearest_name(run: Run, password_file: str) -> None:
    ended = run("add", "prod", *FLAGS, "--password-file", password_file, "--set", "CIL.host=x")
    assert "no section CIL; did you mean CLI?" in ended.err

    ended = run("add", "prod", *FLAGS, "--password-file", password_file, "--set", "CLI.hots=x")
    assert "CLI.hots: unknown key; did you mean hosts?" in ended.err


@pytest.mark.parametrize("name", ["env.json", "env.yaml"])
def test_an_environment_is_added_from_a_file(run: Run, tmp_path: Path, name: str) -> None:
    added(run, "--file", write(tmp_path / name, openstack_document()))

    assert EnvironmentStore().get("prod").section(OpenStackSection).pwd == SECRET


def test_a_file_may_hold_several_and_one_may_be_chosen(run: Run, tmp_path: Path) -> None:
    both = [openstack_document(name="a"), openstack_document(name="b")]
    path = write(tmp_path / "env.yaml", both)

    added(run, "b", "--file", path)
    assert EnvironmentStore().names() == ["b"]
    ended = run("add", "c", "--file", path)
    assert "the file has no environment c" in ended.err


def test_one_wrong_environment_of_a_file_adds_none(run: Run, tmp_path: Path) -> None:
    wrong = openstack_document(name="b", colour="green")
    path = write(tmp_path / "env.json", [openstack_document(name="a"), wrong])

    ended = run("add", "--no-test", "--file", path)

    assert ended.code == 1
    assert "environment b: colour: unknown key" in ended.err
    assert EnvironmentStore().names() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not valid JSON in line 1"),
        ('"x"', "expected an environment"),
        ("[]", "expected an environment"),
        (None, "No such file or directory\nhint: Name a file with the document"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    run: Run, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "env.json"
    if content is not None:
        path.write_text(content)

    ended = run("add", "--file", str(path))

    assert ended.code == 1
    assert str(path) in ended.err
    assert said in ended.err


def test_a_cloud_of_clouds_yaml_gives_name_and_openstack_section(
    run: Run, tmp_path: Path, password_file: str
) -> None:
    auth = {"auth_url": "https://cloud.example:5000", "username": "admin"}
    write(tmp_path / "cwd/clouds.yaml", {"clouds": {"prod": {"auth": auth, "region_name": "R"}}})
    write(tmp_path / "cwd/secure.yaml", {"clouds": {"prod": {"auth": {"password": "api"}}}})

    added(run, "--os-cloud", "prod", *FLAGS[4:], "--password-file", password_file)

    environment = EnvironmentStore().get("prod")
    section = environment.section(OpenStackSection)
    assert section.identity_url() == "https://cloud.example:5000/v3"
    assert (section.pwd, section.region) == ("api", "R")
    assert environment.section(MysqlSection).pwd == SECRET


def test_os_variables_are_a_cloud(
    run: Run, password_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_AUTH_URL", "http://192.0.2.7:5000/v3")
    monkeypatch.setenv("OS_USERNAME", "admin")
    monkeypatch.setenv("OS_PASSWORD", SECRET)
    monkeypatch.setenv("OS_REGION_NAME", "R9")

    added(run, "mine", *FLAGS[4:], "--password-file", password_file)

    section = EnvironmentStore().get("mine").section(OpenStackSection)
    assert (section.host, section.pwd, section.region) == ("192.0.2.7", SECRET, "R9")


def test_an_application_credential_is_stored_encrypted_and_shown_masked(
    run: Run, tmp_path: Path, password_file: str
) -> None:
    auth = {"auth_url": "http://a:5000", "application_credential_id": "0ab1"}
    login = {"auth_type": "v3applicationcredential", "auth": auth}
    write(tmp_path / "cwd/clouds.yaml", {"clouds": {"prod": login}})

    added(run, "--os-cloud", "prod", *FLAGS[4:], "--password-file", password_file)

    environment = EnvironmentStore().get("prod")
    section = environment.section(OpenStackSection)
    assert (section.application_credential_secret, section.pwd) == (SECRET, "")
    kept = InventoryMgr().db["environments_config"].find_one({"name": "prod"})
    assert SECRET not in str(kept)
    assert SECRET not in repr(environment)
    shown = run("show", "prod", "-f", "json")
    assert SECRET not in shown.out
    assert '"application_credential_id": "0ab1"' in shown.out


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "OpenStack.user: missing"),
        ({"auth_type": "v3token"}, "OpenStack.token: missing"),
        ({"auth_type": "v3applicationcredential"}, "application_credential_secret: missing"),
        (
            {"auth_type": "v3applicationcredential", "application_credential_secret": SECRET},
            "give application_credential_id too",
        ),
        ({"auth_type": "v2password"}, "OpenStack.auth_type"),
    ],
)
def test_what_a_login_lacks_is_named(section: Document, said: str) -> None:
    document = openstack_document()
    document["configuration"][0] = {"name": "OpenStack", "host": "a"} | section

    _, problems = check_environment(document)

    assert said in "\n".join(problems)
    assert SECRET not in "\n".join(problems)


def test_what_a_cloud_does_not_give_is_named(run: Run, tmp_path: Path, password_file: str) -> None:
    auth = {"auth_url": "http://a:5000", "username": "admin", "password": SECRET}
    write(tmp_path / "cwd/clouds.yaml", {"clouds": {"prod": {"auth": auth}}})

    ended = run("add", "--os-cloud", "prod")

    assert ended.code == 1
    assert "environment prod: configuration: missing section mysql, CLI" in ended.err
    assert SECRET not in ended.err


def test_a_name_that_exists_is_replaced_only_when_asked(run: Run, password_file: str) -> None:
    added(run, "prod", *FLAGS, "--password-file", password_file)

    ended = run("add", "--no-test", "prod", *FLAGS, "--password-file", password_file)
    assert ended.code == 1
    assert "--replace" in ended.err
    more = ("--type-drivers", "vlan", "--replace")
    added(run, "prod", *FLAGS, "--password-file", password_file, *more)
    assert EnvironmentStore().get("prod").type_drivers == "vlan"


def test_list_and_show_mask_secrets_in_every_format(run: Run) -> None:
    EnvironmentStore().add(openstack_document())

    for form in ("table", "json", "yaml", "csv", "value"):
        listed, shown = run("list", "-f", form), run("show", "prod", "-f", form)
        assert (listed.code, shown.code) == (0, 0)
        assert "192.0.2.11" in listed.out
        assert MASK in shown.out
        assert SECRET not in listed.out + listed.err + shown.out + shown.err
    assert json.loads(run("show", "prod", "-f", "json").out)["configuration"][0]["pwd"] == MASK
    assert run("list", "-f", "value", "-c", "name").out == "prod\n"


def test_an_unknown_name_ends_with_1_and_the_nearest(run: Run) -> None:
    EnvironmentStore().add(openstack_document())

    for command in (["show", "prdo"], ["test", "prdo"], ["remove", "prdo", "--yes"]):
        ended = run(*command)
        assert ended.code == 1
        assert "no environment prdo; did you mean prod?" in ended.err


def test_removing_asks_first_and_lists_what_goes(run: Run) -> None:
    store = EnvironmentStore()
    store.add(openstack_document())
    store.db["links"].insert_one({"environment": "prod"})

    ended = run("remove", "prod", "--data")
    assert ended.code == 1
    assert "environment prod would be removed, 1 of links" in ended.err
    assert store.names() == ["prod"]

    ended = run("remove", "prod", "--data", "--yes")
    assert ended.code == 0
    assert store.names() == []
    assert store.db["links"].count_documents({}) == 0


def test_the_key_is_rotated(run: Run, key_path: Path) -> None:
    EnvironmentStore().add(openstack_document())
    before = key_path.read_text()

    ended = run("rotate-key")

    assert ended.code == 0
    assert before not in key_path.read_text()
    assert EnvironmentStore().get("prod").section(MysqlSection).pwd == SECRET


def test_on_a_terminal_what_is_missing_is_asked_and_passwords_are_not_shown(
    run: Run, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "calipso", "env", "add", "prod", "--no-test", *FLAGS[:4]]
    master, slave = pty.openpty()
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=os.environ, start_new_session=True
    ) as process:
        os.close(slave)
        said = b""
        for answer in (SECRET, "", "scanner", SECRET, "", "scan", SECRET):
            said += _until(master, b": ")
            os.write(master, f"{answer}\n".encode())
        said += _until(master, b"is stored")
        assert process.wait(20) == 0, said
    os.close(master)

    environment = EnvironmentStore().get("prod")
    assert SECRET.encode() not in said
    assert environment.section(MysqlSection).host == "192.0.2.1"
    assert environment.section(CliSection).pwd == SECRET


def _until(terminal: int, mark: bytes) -> bytes:
    said = b""
    while mark not in said:
        said += os.read(terminal, 1000)
    return said


def test_a_secret_goes_to_the_field_of_the_login_that_is_set_with_it(
    run: Run, tmp_path: Path, password_file: str
) -> None:
    added(run, "prod", *FLAGS, "--password-file", password_file)
    (tmp_path / "token").write_text("a-token\n")

    ended = run(
        *("set", "prod", "OpenStack.auth_type=v3token", "--api-password-file"),
        str(tmp_path / "token"),
    )

    assert ended.code == 0, ended.err
    section = EnvironmentStore().get("prod").section(OpenStackSection)
    assert (section.auth_type, section.token, section.pwd) == ("v3token", "a-token", SECRET)

    ended = run("set", "prod", "OpenStack.auth_type=", "--api-password-file", password_file)

    assert ended.code == 0, ended.err
    section = EnvironmentStore().get("prod").section(OpenStackSection)
    assert (section.auth_type, section.token) == ("v3password", "a-token")
