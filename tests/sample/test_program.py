"""The sample cloud as a program: what it prints, what it takes, how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calipso.model.environment import CliSection, OpenStackSection, parse_environment
from tests.sample.clients import host
from tests.sample_cloud import RunningCloud, running_cloud
from tests.sample_cloud.running import ROOT


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sample_cloud", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_printed_document_is_an_environment(cloud: RunningCloud) -> None:
    environment = parse_environment(cloud.environment)

    assert environment.mechanism_drivers == ["OVS", "LXB"]
    assert environment.section(OpenStackSection).identity_url() == cloud.state["auth_url"]
    assert environment.section(CliSection).accept_new_hosts


def test_sigterm_ends_it_with_success_and_state_was_written(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with start("--hosts", "3", "--state", str(state), "--for-seconds", "60") as process:
        assert process.stdout
        printed = json.loads(process.stdout.readline())

        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)

    assert process.returncode == 0
    assert json.loads(state.read_text()) == printed
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


#: The program, with a signal at the worst moment: while its main thread holds the lock of an
#: Event or Condition that it waits for.
SIGNALLED = """
import os, signal, sys
from tests.sample_cloud.__main__ import main

def trace(frame, event, argument):
    above = frame.f_back and frame.f_back.f_back
    if frame.f_code.co_name == "wait" and above and above.f_code.co_name == "main":
        os.kill(os.getpid(), signal.SIGTERM)

sys.settrace(trace)
os._exit(main(["--hosts", "3", "--for-seconds", "1"]))
"""


def test_a_signal_that_comes_as_it_begins_to_wait_does_not_stop_it_for_ever() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED], cwd=ROOT, stdout=subprocess.DEVNULL, timeout=30
    )

    assert done.returncode == 0


def test_it_ends_by_itself_after_the_time_given() -> None:
    began = time.monotonic()
    with start("--hosts", "3", "--for-seconds", "0.2") as process:
        process.communicate(timeout=20)

    assert process.returncode == 0
    assert time.monotonic() - began < 20


def test_it_ends_with_the_process_that_started_it() -> None:
    with start("--hosts", "3", "--until-stdin-closes") as process:
        assert process.stdout
        assert process.stdin
        process.stdout.readline()

        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hosts", "0"], "at least one host"),
        (["--fault", "nonsense:x"], "nonsense"),
        (["--recorded", "/nowhere"], "/nowhere/cloud.json"),
        (["--type-drivers", "gre"], "vxlan"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(arguments: list[str], said: str) -> None:
    with start(*arguments) as process:
        _, error = process.communicate(timeout=20)

    assert process.returncode == 2
    assert said in error


def test_a_key_may_take_the_place_of_the_password(tmp_path: Path) -> None:
    key = tmp_path / "key"
    with running_cloud(hosts=3, ssh_key=key) as cloud:
        section = cloud.section("CLI")

    assert section["key"] == str(key)
    assert "pwd" not in section
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def test_a_user_who_is_not_root_needs_sudo() -> None:
    with running_cloud(hosts=3, ssh_user="scan", fault=["sudo-password:compute-1"]) as cloud:
        assert cloud.section("CLI")["user"] == "scan"
        with host(cloud, "compute-1") as connection:
            assert connection.run("sudo -n -- hostname").status == 1
            assert connection.run("hostname").out == b"compute-1\n"


def test_ssh_connections_take_the_time_of_their_round_trips() -> None:
    with running_cloud(hosts=3, latency=50) as cloud:
        began = time.monotonic()
        with host(cloud, "compute-1") as connection:
            connection.run("true")

    assert time.monotonic() - began > 0.5  # two logins of five round trips


def test_nothing_is_left_running(tmp_path: Path) -> None:
    with running_cloud(hosts=3) as cloud:
        pid = cloud.state["pid"]

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
