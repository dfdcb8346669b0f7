"""The data directory: whose it is, where it is, and which ports its servers take."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from calipso.cli.stack.neighbours import HOME_FLAG, SUPERVISOR, check_owner, other_stacks
from calipso.cli.stack.ports import Port
from calipso.cli.stack.programs import LOOPBACK, free_port
from calipso.cli.stack.rundir import RunDir
from calipso.errors import ConfigError
from calipso.settings import Settings
from tests.cli.conftest import Shell


def test_a_replaced_port_is_reported_and_the_wanted_one_is_taken_back_when_it_is_free(
    tmp_path: Path,
) -> None:
    run = RunDir(tmp_path)
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        wanted = int(holder.getsockname()[1])
        port = Port(run, "mongo", wanted)
        replaced = port.take()

        assert replaced != wanted
        assert f"port {wanted} was taken" in port.notice()
        assert f"listens on {replaced}" in port.notice()
        assert Port(run, "mongo", wanted).take() == replaced, "the one used last, while it lasts"

    assert port.take() == replaced, "a server that starts again keeps what its clients know"
    later = Port(run, "mongo", wanted)
    assert later.take() == wanted
    assert later.notice() == ""


def test_a_port_tries_those_that_follow_before_any(tmp_path: Path) -> None:
    following = free_port()
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()

        assert Port(RunDir(tmp_path), "api", holder.getsockname()[1], [following]).take() == (
            following
        )


def test_a_data_directory_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(ConfigError, match=f"data directory {file}/var cannot be made") as caught:
        Settings(home=file / "var").data_dir()
    assert "CALIPSO_HOME" in caught.value.hint
    with pytest.raises(ConfigError, match=f"data directory {file} cannot be written"):
        RunDir(file)


def test_a_data_directory_of_another_user_is_an_error_that_names_both(tmp_path: Path) -> None:
    check_owner(tmp_path)

    with pytest.raises(ConfigError, match=r"belongs to .*, and you are user 54321") as caught:
        check_owner(tmp_path, user=54321)
    assert "Run the command as" in caught.value.hint


def test_status_and_down_make_no_data_directory_and_name_the_one_they_looked_for(
    calipso: Shell,
) -> None:
    status, down = calipso("status"), calipso("down")

    assert (status.returncode, down.returncode) == (1, 0)
    for answer in (status, down):
        assert f"there is no data directory {calipso.home}" in answer.stderr
    assert not calipso.home.exists()


def test_a_stack_of_another_data_directory_is_reported(calipso: Shell, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    code = "import sys; sys.stdin.read()"
    words = [sys.executable, "-c", code, SUPERVISOR, HOME_FLAG, str(elsewhere)]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as running:
        assert f"CALIPSO_HOME={elsewhere} calipso status" in calipso("status").stderr
        assert any(str(running.pid) in text for text in other_stacks(calipso.home))
        assert not any(str(running.pid) in text for text in other_stacks(elsewhere))
        running.communicate()


@pytest.mark.long
@pytest.mark.slow
def test_up_names_a_new_data_directory_once_and_status_names_it_always(calipso: Shell) -> None:
    first = calipso("up", "--only", "stores")
    status = calipso("status")
    calipso("down")
    second = calipso("up", "--only", "stores")

    assert f"{calipso.home} is the new data directory" in first.stderr
    assert f"data directory: {calipso.home}" in status.stderr
    assert "new data directory" not in second.stderr


@pytest.mark.slow
def test_a_supervisor_that_fails_is_named_and_not_the_stores(calipso: Shell) -> None:
    calipso.environment["CALIPSO_API_BIND"] = "no-port"
    up = calipso("up")

    assert up.returncode == 1
    assert "no-port" in up.stderr
    assert "the stores do not answer" not in up.stderr
    assert not os.path.exists(calipso.home / "run" / "stores.json")  # noqa: PTH110
