"""The SSH servers of the sample cloud, asked with paramiko."""

from __future__ import annotations

import socket
import time

import paramiko
import pytest

from calipso.sources.cli.bundle import Question, compose
from calipso.sources.cli.commands import COMMANDS
from tests.sample.clients import gateway, host, login
from tests.sample_cloud import RunningCloud, running_cloud
from tests.sample_cloud.serve.keys import private_key


def test_the_gateway_knows_who_it_is(cloud: RunningCloud) -> None:
    with gateway(cloud) as connection:
        assert connection.run("hostname").out == b"controller-1\n"


@pytest.mark.parametrize("target", ["compute-1", "10.77.0.14"])
def test_hosts_are_reached_through_the_gateway_by_name_and_address(
    cloud: RunningCloud, target: str
) -> None:
    with host(cloud, target) as connection:
        assert connection.run("uname -n").out == b"compute-1\n"


def test_a_host_that_does_not_exist_cannot_be_reached(cloud: RunningCloud) -> None:
    with pytest.raises(paramiko.ChannelException), host(cloud, "compute-99"):
        pass


def test_a_wrong_password_is_refused(cloud: RunningCloud) -> None:
    section = cloud.section("CLI")
    sock = socket.create_connection((section["host"], section["port"]))

    with pytest.raises(paramiko.AuthenticationException):
        login(sock, section["user"], "wrong")


def test_the_client_key_may_log_in_and_no_other(cloud: RunningCloud) -> None:
    section = cloud.section("CLI")
    place = (section["host"], section["port"])

    right = login(socket.create_connection(place), "root", "", private_key("client key"))
    right.transport.close()
    with pytest.raises(paramiko.AuthenticationException):
        login(socket.create_connection(place), "root", "", private_key("another key"))


def test_the_host_key_is_the_same_at_each_start(cloud: RunningCloud) -> None:
    with gateway(cloud) as connection:
        key = connection.transport.get_remote_server_key()

    assert key.get_base64() == private_key("host key").get_base64()


def test_a_bundle_answers_every_command_of_the_fetchers(cloud: RunningCloud) -> None:
    with host(cloud, "compute-1") as connection:
        answers = connection.bundle()

    assert set(answers) == {command.name for command in COMMANDS}
    assert all(answer.exit == 0 for answer in answers.values())


def test_an_unknown_command_is_not_found(cloud: RunningCloud) -> None:
    with host(cloud, "compute-1") as connection:
        said = connection.run("frobnicate --all")

    assert said.status == 127
    assert b"frobnicate: command not found" in said.err


def test_sessions_and_commands_are_counted(cloud: RunningCloud) -> None:
    with host(cloud, "compute-1") as connection:
        connection.bundle()

    counts = cloud.counts()
    assert counts["sessions_per_host"] == {"gateway": 1, "compute-1": 1}
    assert counts["ssh_execs"] == 1
    assert counts["commands_per_host"] == {"compute-1": len(COMMANDS)}


def test_each_host_listens_itself_in_direct_mode() -> None:
    with running_cloud(hosts=3, instances=2, direct=True) as cloud:
        places = cloud.section("CLI")["hosts"]
        assert len({place["host"] for place in places.values()}) == 3
        for name, place in places.items():
            sock = socket.create_connection((place["host"], place["port"]))
            connection = login(sock, "root", cloud.section("CLI")["pwd"])
            assert connection.run("hostname").out.decode() == f"{name}\n"
            connection.transport.close()


# -- faults ------------------------------------------------------------------------------


def test_a_dead_host_refuses_connections(cloud: RunningCloud) -> None:
    cloud.fault("dead-host:compute-1")

    with pytest.raises(paramiko.ChannelException), host(cloud, "compute-1"):
        pass
    with host(cloud, "compute-2") as other:
        assert other.run("true").status == 0


def test_a_blackhole_host_gives_no_answer(cloud: RunningCloud) -> None:
    cloud.fault("blackhole-host:compute-1")

    with pytest.raises(paramiko.SSHException, match="Timeout"), host(cloud, "compute-1"):
        pass


def test_a_hanging_host_never_says_a_word(cloud: RunningCloud) -> None:
    cloud.fault("hanging-host:compute-1")

    with pytest.raises(paramiko.SSHException, match="banner"), host(cloud, "compute-1"):
        pass


def test_a_hanging_command_is_ended_by_its_timeout(cloud: RunningCloud) -> None:
    cloud.fault("hanging-command:domains@compute-1")

    began = time.monotonic()
    with host(cloud, "compute-1") as connection:
        answers = connection.bundle("os_release", "domains", "links")

    assert time.monotonic() - began >= 1
    assert [answers[name].exit for name in ("os_release", "domains", "links")] == [0, 124, 0]


def test_a_command_may_print_garbage(cloud: RunningCloud) -> None:
    cloud.fault("garbage-command:links@compute-1")

    with host(cloud, "compute-1") as connection:
        answer = connection.bundle("links")["links"]

    assert answer.exit == 0
    assert "ifname" not in answer.out


def test_output_may_end_in_the_middle(cloud: RunningCloud) -> None:
    cloud.fault("truncated-command:domains")

    with host(cloud, "compute-1") as connection:
        answer = connection.bundle("domains")["domains"]

    assert answer.exit == 0
    assert not answer.out.rstrip().endswith("</domain>")


def test_output_may_come_twice(cloud: RunningCloud) -> None:
    with host(cloud, "compute-1") as connection:
        once = connection.bundle("domains")["domains"].out.rstrip()
        cloud.fault("doubled-command:domains")
        twice = connection.bundle("domains")["domains"].out.rstrip()

    assert twice.count("</domain>") == 2 * once.count("</domain>") > 0


def test_a_tool_may_be_missing(cloud: RunningCloud) -> None:
    cloud.fault("missing-tool:ovs-vsctl@compute-1")

    with host(cloud, "compute-1") as connection:
        answer = connection.bundle("ovs")["ovs"]

    assert answer.exit == 127
    assert "ovs-vsctl: not found" in answer.err


def test_sudo_may_ask_for_a_password(cloud: RunningCloud) -> None:
    cloud.fault("sudo-password:compute-1")

    with host(cloud, "compute-1") as connection:
        refused = connection.run(compose([Question("x", "true")]).command_line(sudo=True))
        without = connection.run("true")

    assert (refused.status, refused.err) == (1, b"sudo: a password is required\n")
    assert without.status == 0


def test_a_channel_may_close_in_the_middle(cloud: RunningCloud) -> None:
    cloud.fault("closed-channel:compute-1")

    with host(cloud, "compute-1") as connection:
        answers = connection.bundle("links", "domains")

    assert set(answers) == {"links"}
    assert answers["links"].exit is None


def test_a_banner_may_precede_the_errors(cloud: RunningCloud) -> None:
    cloud.fault("noisy-stderr:compute-1")

    with host(cloud, "compute-1") as connection:
        said = connection.run("true")

    assert said.status == 0
    assert b"Authorised use only" in said.err


def test_a_host_may_refuse_the_right_password(cloud: RunningCloud) -> None:
    cloud.fault("wrong-password:compute-1")

    with pytest.raises(paramiko.AuthenticationException), host(cloud, "compute-1"):
        pass


def test_several_commands_of_one_connection_run_at_once(cloud: RunningCloud) -> None:
    cloud.fault("slow-command:sleepy=0.5")

    with host(cloud, "compute-1") as connection:
        began = time.monotonic()
        channels = [connection.transport.open_session() for _ in range(4)]
        for channel in channels:
            channel.exec_command("sleepy")
        assert [channel.recv_exit_status() for channel in channels] == [127] * 4

    assert time.monotonic() - began < 1.5
