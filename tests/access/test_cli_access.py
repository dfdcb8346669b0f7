"""CliAccess against a real sshd: logging in, host keys, which way to a host."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from calipso.errors import ErrorKind
from calipso.model.hosts import same_host
from calipso.secrets.box import SecretBox
from calipso.settings import settings
from calipso.sources.cli.commands import Command
from calipso.sources.cli.problems import no_answer
from calipso.sources.cli.ssh import Executed
from tests.access.cli_sections import ECHO, LOCALE, Access, error_of, login
from tests.access.sshd import PASSWORD, Sshd, fingerprint, sshd

# -- logging in ----------------------------------------------------------------------------


def test_all_commands_of_a_host_travel_together(access: Access, node: Sshd) -> None:
    cli = access(**login(node))

    said = cli.run(ECHO, "node-1"), cli.run(LOCALE, "node-1")

    assert said == ("hello\n", "C\nnode-1.example.org\n")
    assert cli.context.counters == {
        "ssh_sessions": 1,
        "ssh_round_trips": 1,
        "ssh_commands": 2,
    }


def test_password_login_with_sudo_and_noise_at_login(access: Access, node: Sshd) -> None:
    commands = (Command("who", 'echo "$SUDO_USED"'), LOCALE)
    cli = access(commands=commands, **login(node, user="scan", pwd=PASSWORD, key=""))

    assert cli.run(commands[0], "node-1") == "yes\n"
    assert cli.run(LOCALE, "node-1") == "C\nnode-1.example.org\n"
    assert cli.ask(LOCALE, "node-1").err == ""


def test_wrong_password_is_reported_once_then_the_host_is_skipped(
    access: Access, node: Sshd
) -> None:
    cli = access(**login(node, user="scan", pwd="wrong", key=""))

    first, second = error_of(cli), error_of(cli)

    assert (first.kind, second.kind) == (ErrorKind.LOGIN_FAILED, ErrorKind.SKIPPED_HOST)
    assert "login refused for user scan" in second.message
    assert cli.context.counters["ssh_sessions"] == 1


def test_key_file_that_is_not_there(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node, key="/nowhere/id_rsa")))

    assert error.kind is ErrorKind.LOGIN_FAILED
    assert "/nowhere/id_rsa" in error.message


def test_an_invalid_key_file_gives_the_same_error_as_a_missing_one(
    access: Access, node: Sshd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "calipso.sources.cli.private_keys")
    text, missing = tmp_path / "text", tmp_path / "missing"
    text.write_text("the content")

    for path in (text, missing, tmp_path):
        error = error_of(access(str(path), **login(node, key=str(path))))
        assert error.message == f"node-1: private key {path} cannot be used"
    assert "No such file" in caplog.text


def test_a_new_host_key_is_not_written_into_another_file(
    access: Access, node: Sshd, home: Path
) -> None:
    keys = SecretBox(home / "secret.keys")
    keys.encrypt("x")
    before = keys.path.read_text()

    error = error_of(access(**login(node, known_hosts=str(keys.path))))

    assert error.kind is ErrorKind.HOST_KEY
    assert "line 1 is not a line of a known hosts file" in error.message
    assert keys.path.read_text() == before


def test_password_of_one_host_goes_before_the_key_of_all(access: Access, node: Sshd) -> None:
    own = {"host": "127.0.0.1", "port": node.port, "user": "scan", "pwd": PASSWORD}
    cli = access(**login(node, key="/nowhere/id_rsa", hosts={"node-1": own}))

    assert cli.run(ECHO, "node-1.example.org") == "hello\n"


def test_sudo_that_asks_for_a_password(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node, user="nosudo", pwd=PASSWORD, key="")))

    assert error.kind is ErrorKind.SUDO
    assert error.message == "node-1: sudo: a password is required"
    assert "nosudo" in error.hint


def test_a_line_of_the_login_shell_is_not_taken_for_one_of_sudo() -> None:
    noise = "Could not chdir to home directory x/nosudo: Permission denied\n"
    executed = Executed("", noise + "sudo: a password is required\n", 1, False)

    assert str(no_answer("node-1", "nosudo", executed)) == "node-1: sudo: a password is required"


def test_account_without_sudo_where_it_is_not_wanted(access: Access, node: Sshd) -> None:
    cli = access(**login(node, user="nosudo", pwd=PASSWORD, key="", sudo=False))

    assert cli.run(ECHO, "node-1") == "hello\n"


# -- host keys -----------------------------------------------------------------------------


def test_unknown_host_key_is_refused(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node, accept_new_hosts=False)))

    assert error.kind is ErrorKind.HOST_KEY
    assert fingerprint(node) in error.message
    assert "accept_new_hosts" in error.hint


def test_known_host_key_is_accepted(access: Access, node: Sshd, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text("# mine\n" + node.known_hosts_line)
    cli = access(**login(node, accept_new_hosts=False, known_hosts=str(known)))

    assert cli.run(ECHO, "node-1") == "hello\n"


def test_new_host_key_is_kept_and_a_changed_one_refused(
    access: Access, node: Sshd, home: Path
) -> None:
    cli = access("first", **login(node))
    cli.run(ECHO, "node-1")
    kept = home / "known_hosts" / "test"

    assert kept.read_text() == node.known_hosts_line
    other = kept.read_text().split()
    other[2] = other[2][:-8] + "AAAAAAAA"
    kept.write_text(" ".join(other) + "\n")
    error = error_of(access("second", **login(node)))
    assert error.kind is ErrorKind.HOST_KEY
    assert "changed" in error.message
    assert str(kept) in error.hint


# -- which way -----------------------------------------------------------------------------


def test_host_is_reached_through_the_gateway(access: Access, node: Sshd, gateway: Sshd) -> None:
    section = login(gateway, direct=False)
    own = {"host": "127.0.0.1", "port": node.port, "key": node.key}
    cli = access(**{**section, "hosts": {"node-1": own}})

    assert cli.run(LOCALE, "node-1") == "C\nnode-1.example.org\n"
    assert cli.context.counters["ssh_sessions"] == 2


@pytest.mark.parametrize("name", ["gate-1", "gate-1.example.org", "127.0.0.1"])
def test_gateway_makes_no_hop_to_itself(access: Access, gateway: Sshd, name: str) -> None:
    cli = access(**login(gateway, direct=False))

    assert cli.run(LOCALE, name) == "C\ngate-1\n"
    assert cli.context.counters["ssh_sessions"] == 1


def test_gateway_that_does_not_forward(
    access: Access, node: Sshd, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("closed")
    with sshd(folder, name="closed-1", more="AllowTcpForwarding no") as closed:
        section = login(closed, direct=False, hosts=login(node)["hosts"])
        error = error_of(access(**section))

    assert error.kind is ErrorKind.UNREACHABLE
    assert "does its sshd forward TCP" in error.hint


def test_dead_gateway_is_tried_once_for_all_hosts(access: Access, node: Sshd) -> None:
    cli = access(**login(node, direct=False, port=1))

    errors = [error_of(cli, host) for host in ("node-1", "node-2", "node-3")]

    assert {error.kind for error in errors} == {ErrorKind.UNREACHABLE}
    assert len({error.message for error in errors}) == 1
    assert cli.context.counters["ssh_sessions"] == 1


def test_host_without_an_address(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node)), "no-such-host.invalid")

    assert error.kind is ErrorKind.UNREACHABLE
    assert "CLI.hosts" in error.hint


def test_server_that_says_nothing_costs_one_connect_timeout(
    access: Access, node: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_SSH_CONNECT_TIMEOUT", "1")
    settings.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = {"node-1": {"host": "127.0.0.1", "port": silent.getsockname()[1]}}
        cli = access(**login(node, hosts=hosts))
        started = time.monotonic()
        error = error_of(cli)

    assert error.kind is ErrorKind.UNREACHABLE
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("node-1", "NODE-1", True),
        ("node-1", "node-1.example.org", True),
        ("node-1.example.org.", "node-1.example.org", True),
        ("node-1.example.org", "node-1.example.com", False),
        ("node-1", "node-10", False),
        ("10.0.0.1", "10", False),
        ("2001:db8::1", "2001:db8::1", True),
    ],
)
def test_names_of_one_host(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same
    assert same_host(other, one) is same
