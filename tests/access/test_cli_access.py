"""CliAccess against a real sshd."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calipso.discover.context import ScanContext
from calipso.discover.fetchers.cli.cli_access import CliAccess
from calipso.discover.fetchers.cli.commands import COMMANDS, Command
from calipso.discover.fetchers.cli.connections import HostConnections, same_host
from calipso.discover.fetchers.cli.probe import TOOLS, probe
from calipso.errors import CliAccessError, ErrorKind
from calipso.model.environment import parse_environment
from calipso.settings import settings
from calipso.utils.inventory_mgr import InventoryMgr
from tests.access.sshd import PASSWORD, Sshd, fingerprint, sshd, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

ECHO = Command("echo", "echo hello", "echo")
LOCALE = Command("locale", 'echo "$LC_ALL"; uname -n', "echo")

Access = Callable[..., CliAccess]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("node")) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("gateway"), name="gate-1") as server:
        yield server


@pytest.fixture
def access(inv: InventoryMgr, home: Path) -> Iterator[Access]:
    """Makes `cli` sources for environments that differ in their CLI section."""
    contexts: list[ScanContext] = []

    def make(
        scan_id: str = "scan", commands: tuple[Command, ...] = (ECHO, LOCALE), **cli: Any
    ) -> Any:
        context = ScanContext(environment(**cli), inv, scan_id, cli_commands=commands)
        contexts.append(context)
        return context.source("cli")

    yield make
    for context in contexts:
        context.close()


def environment(**cli: Any) -> Any:
    section = {"name": "CLI", "direct": True, "accept_new_hosts": True, **cli}
    others = [
        {"name": "OpenStack", "host": "127.0.0.1", "user": "a", "pwd": "b"},
        {"name": "mysql", "host": "127.0.0.1", "user": "a", "pwd": "b"},
    ]
    return parse_environment({"name": "test", "configuration": [*others, section]})


def login(server: Sshd, **more: Any) -> dict[str, Any]:
    """A CLI section that leads to node-1 with the key."""
    given = {"host": "127.0.0.1", "port": server.port, "user": "root", "key": server.key}
    return {**given, "hosts": {"node-1": {"host": "127.0.0.1", "port": server.port}}, **more}


def error_of(cli: CliAccess, host: str = "node-1", command: Command | str = ECHO) -> CliAccessError:
    with pytest.raises(CliAccessError) as caught:
        cli.run(command, host)
    assert caught.value.hint, "an error must say what to do"
    assert PASSWORD not in str(caught.value) + caught.value.hint
    return caught.value


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


def test_wrong_password_is_told_once_then_the_host_is_skipped(access: Access, node: Sshd) -> None:
    cli = access(**login(node, user="scan", pwd="wrong", key=""))

    first, second = error_of(cli), error_of(cli)

    assert (first.kind, second.kind) == (ErrorKind.LOGIN_FAILED, ErrorKind.SKIPPED_HOST)
    assert "login refused for user scan" in second.message
    assert cli.context.counters["ssh_sessions"] == 1


def test_key_file_that_is_not_there(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node, key="/nowhere/id_rsa")))

    assert error.kind is ErrorKind.LOGIN_FAILED
    assert "/nowhere/id_rsa" in error.message


def test_password_of_one_host_goes_before_the_key_of_all(access: Access, node: Sshd) -> None:
    own = {"host": "127.0.0.1", "port": node.port, "user": "scan", "pwd": PASSWORD}
    cli = access(**login(node, key="/nowhere/id_rsa", hosts={"node-1": own}))

    assert cli.run(ECHO, "node-1.example.org") == "hello\n"


def test_sudo_that_asks_for_a_password(access: Access, node: Sshd) -> None:
    error = error_of(access(**login(node, user="nosudo", pwd=PASSWORD, key="")))

    assert error.kind is ErrorKind.SUDO
    assert error.message == "node-1: sudo: a password is required"
    assert "nosudo" in error.hint


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


# -- commands ------------------------------------------------------------------------------


def test_hanging_command_ends_and_spares_the_others(
    access: Access, node: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_COMMAND_TIMEOUT", "1")
    settings.cache_clear()
    hang = Command("hang", "echo begun; sleep 60", "sleep")
    cli = access(commands=(hang, ECHO), **login(node))

    assert error_of(cli, command=hang).kind is ErrorKind.TIMEOUT
    assert cli.run(ECHO, "node-1") == "hello\n"


def test_host_that_is_too_slow_keeps_what_it_has_said(
    access: Access, node: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_HOST_TIMEOUT", "2")
    monkeypatch.setenv("CALIPSO_COMMAND_TIMEOUT", "4")
    settings.cache_clear()
    slow, later = Command("slow", "sleep 60"), Command("later", "echo never")
    cli = access(commands=(ECHO, slow, later), **login(node))

    assert cli.run(ECHO, "node-1") == "hello\n"
    assert error_of(cli, command=slow).kind is ErrorKind.TIMEOUT
    assert error_of(cli, command=later).kind is ErrorKind.TIMEOUT


def test_connection_that_breaks_truncates_only_what_was_not_said(
    access: Access, node: Sshd
) -> None:
    # Ends the server process of this very session, found by going up from the command.
    cut = Command(
        "cut",
        "echo half; p=$$; while :; do read -r c </proc/$p/comm; case $c in sshd*) break;; esac;"
        " p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p; sleep 5",
    )
    cli = access(commands=(ECHO, cut, LOCALE), **login(node))

    assert cli.run(ECHO, "node-1") == "hello\n"
    assert error_of(cli, command=cut).kind is ErrorKind.TRUNCATED
    assert error_of(cli, command=LOCALE).kind is ErrorKind.TRUNCATED


def test_exit_status_decides_and_stderr_does_not(access: Access, node: Sshd) -> None:
    noisy = Command("noisy", "echo out; echo oops >&2")
    fails = Command("fails", "echo why >&2; exit 3", "fails", "Do that.")
    missing = Command("missing", "no-such-tool --list", "no-such-tool", "Install it.")
    cli = access(commands=(noisy, fails, missing), **login(node))

    answer = cli.ask(noisy, "node-1")
    assert (answer.exit, answer.out, answer.err) == (0, "out\n", "oops\n")
    error = error_of(cli, command=fails)
    assert (error.kind, error.exit_status) == (ErrorKind.COMMAND_FAILED, 3)
    assert "exited with 3: why" in error.message
    error = error_of(cli, command=missing)
    assert (error.kind, error.hint) == (ErrorKind.COMMAND_NOT_FOUND, "Install it.")


def test_output_is_kept_as_it_is(access: Access, node: Sshd) -> None:
    odd = Command("odd", r"printf 'no newline \303\244 \377 %s' '\\'")
    empty = Command("empty", ":")
    marks = Command("marks", "printf '\\n\\n end odd 0\\n'; ls -d /etc /nowhere")
    cli = access(commands=(odd, empty, marks), **login(node))

    assert cli.run(odd, "node-1") == "no newline ä \ufffd \\\\"
    assert cli.run(empty, "node-1") == ""
    assert cli.ask(marks, "node-1").out == "\n\n end odd 0\n/etc\n"


def test_text_of_a_plug_in_is_a_round_trip_of_its_own_and_kept(access: Access, node: Sshd) -> None:
    cli = access(**login(node))
    cli.run(ECHO, "node-1")

    said = {cli.run("date +%s%N", "node-1") for _ in range(3)}

    assert len(said) == 1
    assert cli.run_json("echo '[1, {}]'", "node-1") == [1, {}]
    assert cli.context.counters["ssh_round_trips"] == 3
    assert cli.context.counters["ssh_sessions"] == 1


def test_all_real_commands_run_on_this_machine(access: Access, node: Sshd) -> None:
    cli = access(commands=COMMANDS, **login(node))

    answers = {command.name: cli.ask(command, "node-1") for command in COMMANDS}

    assert answers["os_release"].exit == 0
    assert "HOSTNAME=node-1.example.org" in answers["os_release"].out
    assert answers["bonds"].exit == 0
    for name, answer in answers.items():
        assert "yntax error" not in answer.err, name


def test_metacharacters_in_an_environment_execute_nothing(
    access: Access, node: Sshd, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    evil = Command("evil", "echo ok", "virsh")
    hosts = {"$(touch trap)": {"host": "127.0.0.1", "port": node.port}}
    cli = access(commands=(evil,), **login(node, hosts=hosts))
    cli.context.environment.distribution = "Mercury"
    cli.context.environment.distribution_version = (
        f"1; touch {trap}; $(touch {trap}) `touch {trap}`"
    )

    error = error_of(cli, "$(touch trap)", evil)

    assert error.kind is ErrorKind.COMMAND_NOT_FOUND
    assert not trap.exists()


# -- several at once -----------------------------------------------------------------------


def test_threads_share_one_connection_and_one_round_trip(access: Access, node: Sshd) -> None:
    cli = access(**login(node))
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: said.append(cli.run(ECHO, "node-1"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == ["hello\n"] * 8
    assert cli.context.counters["ssh_round_trips"] == 1


def test_workers_share_the_answers_of_a_scan(access: Access, node: Sshd) -> None:
    one, two = access("shared", **login(node)), access("shared", **login(node))

    now = Command("now", "date +%s%N")
    one.context.cli_commands = two.context.cli_commands = [now]
    assert one.run(now, "node-1") == two.run(now, "node-1")
    assert two.context.counters["ssh_sessions"] == 0
    assert access("another", commands=(now,), **login(node)).run(now, "node-1")


def test_hosts_of_one_task_are_asked_at_the_same_time(
    access: Access, node: Sshd, inv: InventoryMgr
) -> None:
    names = [f"host-{number}" for number in range(4)]
    for name in names:
        inv.set({"environment": "test", "type": "host", "id": name, "name": name})
    hosts = {name: {"host": "127.0.0.1", "port": node.port} for name in names}
    cli = access(commands=(Command("slow", "sleep 1; echo done"),), **login(node, hosts=hosts))

    class Fetch(CliAccess):
        """Asks one question of a host."""

        def get(self, parent_id: str) -> Any:
            return [{"id": parent_id, "said": self.run("slow", self.host_of(parent_id))}]

    fetcher = Fetch()
    fetcher.bind(cli.context)
    started = time.monotonic()
    found = dict(fetcher.get_many([*names, "not-there"]))

    assert time.monotonic() - started < 3
    assert isinstance(found.pop("not-there"), Exception)
    assert {parent_id for parent_id, objects in found.items() if objects[0]["said"]} == set(names)


# -- trying out ----------------------------------------------------------------------------


def test_probe_tells_who_and_which_tools(node: Sshd, home: Path) -> None:
    connections = HostConnections(environment(**login(node, user="scan", pwd=PASSWORD, key="")))

    found = probe(connections, "node-1")
    connections.close()

    assert (found.name, found.user, found.sudo) == ("node-1.example.org", "scan", True)
    assert found.error is None
    assert found.tools.keys() == TOOLS.keys()
    assert found.tools["timeout"]


def test_probe_tells_that_sudo_is_refused(node: Sshd, home: Path) -> None:
    connections = HostConnections(environment(**login(node, user="nosudo", pwd=PASSWORD, key="")))

    found = probe(connections, "node-1")
    connections.close()

    assert found.user == "nosudo"
    assert found.error is not None
    assert found.error.kind is ErrorKind.SUDO
