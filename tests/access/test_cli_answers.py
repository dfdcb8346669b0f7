"""CliAccess against a real sshd: commands, their ends, and several askers at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import ErrorKind
from calipso.settings import settings
from calipso.sources.cli.cli_access import CliAccess
from calipso.sources.cli.commands import COMMANDS, Command
from calipso.sources.cli.connections import HostConnections
from calipso.sources.cli.container import PLACES, Place
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from tests.access.cli_sections import ECHO, LOCALE, Access, environment, error_of, login
from tests.access.sshd import Sshd

# -- commands ------------------------------------------------------------------------------


def test_hanging_command_ends_and_the_others_are_answered(
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
    # Ends the server process of this very session, found by going up from the command, when it has
    # sent what was said.
    cut = Command(
        "cut",
        "echo half; sleep 2; p=$$;"
        " while :; do read -r c </proc/$p/comm; case $c in sshd*) break;; esac;"
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


@pytest.mark.parametrize("tool", ["not-a-program", "cat"])
def test_metacharacters_in_an_environment_execute_nothing(
    access: Access, node: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    """In no container there is: on the host, where that has the tool; else nowhere."""
    monkeypatch.setitem(PLACES["Mercury"], tool, Place(("box_{version}",)))
    trap = tmp_path / "trap"
    evil = Command("evil", "echo ok", tool)
    hosts = {"$(touch trap)": {"host": "127.0.0.1", "port": node.port}}
    cli = access(commands=(evil,), **login(node, hosts=hosts))
    cli.context.environment.distribution = "Mercury"
    cli.context.environment.distribution_version = (
        f"1; touch {trap}; $(touch {trap}) `touch {trap}`"
    )

    if tool == "cat":
        assert cli.run(evil, "$(touch trap)") == "ok\n"
    else:
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
    access: Access,
    node: Sshd,
    inv: InventoryMgr,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Each command waits until all four have begun."""
    monkeypatch.setenv("CALIPSO_SSH_HOST_SESSIONS", "4")  # here they are one host
    settings.cache_clear()
    names = [f"host-{number}" for number in range(4)]
    for name in names:
        inv.set({"environment": "test", "type": "host", "id": name, "name": name})
    hosts = {name: {"host": "127.0.0.1", "port": node.port} for name in names}
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    begun = f"[ $(ls {meeting} | wc -l) -ge 4 ]"
    waits = f"until {begun} || [ $i -ge 200 ]; do sleep 0.1; i=$((i+1)); done"
    text = f"mktemp -p {meeting} >/dev/null; i=0; {waits}; {begun} && echo all four"
    cli = access(commands=(Command("meet", text),), **login(node, hosts=hosts))

    class Fetch(CliAccess):
        """Asks one question of a host."""

        def get(self, parent_id: str) -> Any:
            return [{"id": parent_id, "said": self.run("meet", self.host_of(parent_id))}]

    fetcher = Fetch()
    fetcher.bind(cli.context)
    found = dict(fetcher.get_many([*names, "not-there"]))

    assert isinstance(found.pop("not-there"), Exception)
    said = {parent_id: objects[0]["said"] for parent_id, objects in found.items()}
    assert said == dict.fromkeys(names, "all four\n")


# -- sessions that are all in use ----------------------------------------------------------


@pytest.mark.parametrize("limited", ["HOST", "GATEWAY"])
def test_a_host_that_found_no_session_is_asked_again_and_spoils_nobody_elses_scan(
    access: Access, node: Sshd, gateway: Sshd, monkeypatch: pytest.MonkeyPatch, limited: str
) -> None:
    monkeypatch.setenv(f"CALIPSO_SSH_{limited}_SESSIONS", "1")
    monkeypatch.setenv("CALIPSO_SLOT_WAIT", "0.5")
    settings.cache_clear()
    own = {"host": "127.0.0.1", "port": node.port, "key": node.key}
    section = login(gateway, direct=False) | {"hosts": {"node-1": own}}
    others = HostConnections(environment(**section))
    one, another = access(**section), access(**section)
    others.get("node-1")

    error = error_of(one)
    again = error_of(one)
    others.close()

    assert (error.kind, again.kind) == (ErrorKind.TIMEOUT, ErrorKind.SKIPPED_HOST)
    assert another.run(ECHO, "node-1") == "hello\n"
    another.context.close()
    time.sleep(0.6)
    assert one.run(ECHO, "node-1") == "hello\n"
