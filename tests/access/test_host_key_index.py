"""Known hosts files: what a name finds, and what that costs in a large file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import paramiko
import pytest

from calipso.errors import CliAccessError, ErrorKind
from calipso.sources.cli.host_key_index import HostKeyIndex
from calipso.sources.cli.known_hosts import KnownHosts, UnknownHostKey
from tests.sample_cloud.serve.keys import private_key

KEY, OTHER = private_key("one"), private_key("two")


def line(name: str, key: paramiko.PKey = KEY) -> str:
    return f"{name} {key.get_name()} {key.get_base64()}"


def hashed(name: str) -> str:
    return paramiko.HostKeys.hash_host(name)


def test_a_name_finds_its_key():
    assert HostKeyIndex(line("web-1")).lookup("web-1") == {KEY.get_name(): KEY}


def test_each_name_of_a_line_finds_it():
    index = HostKeyIndex(line("web-1,10.0.0.1,[web-1]:2222"))

    assert index.lookup("10.0.0.1") == index.lookup("[web-1]:2222") == {KEY.get_name(): KEY}


def test_a_port_is_part_of_the_name():
    index = HostKeyIndex(line("[web-1]:2222"))

    assert index.lookup("web-1") == {}


def test_hashed_names_are_found_as_openssh_writes_them():
    index = HostKeyIndex(f"{line(hashed('web-1'))}\n{line(hashed('[web-2]:2222'), OTHER)}")

    assert index.lookup("web-1") == {KEY.get_name(): KEY}
    assert index.lookup("[web-2]:2222") == {OTHER.get_name(): OTHER}
    assert index.lookup("web-2") == {}


def test_the_hash_itself_is_no_name():
    name = hashed("web-1")

    assert HostKeyIndex(line(name)).lookup(name) == {}


def test_of_two_keys_of_one_type_the_first_counts_as_it_does_for_paramiko(tmp_path: Path):
    text = f"{line('web-1', OTHER)}\n{line('web-1', KEY)}\n"
    file = tmp_path / "known_hosts"
    file.write_text(text)

    found = HostKeyIndex(text).lookup("web-1")

    assert found == {OTHER.get_name(): OTHER}
    assert found == dict(paramiko.HostKeys(str(file)).lookup("web-1") or {})


@pytest.mark.parametrize(
    "damaged",
    [
        "# a comment",
        "web-1",
        "web-1 ssh-ed25519",
        "web-1 ssh-ed25519 not-base64!",
        "web-1 ssh-of-tomorrow AAAA",
        "|1|broken ssh-ed25519 AAAA",
        "@cert-authority *.example.org ssh-ed25519 AAAA",
    ],
)
def test_damaged_lines_hide_nothing(damaged: str):
    assert HostKeyIndex(f"{damaged}\n{line('web-2')}").lookup("web-2") == {KEY.get_name(): KEY}
    assert HostKeyIndex(damaged).lookup("web-1") == {}


def test_a_look_up_costs_the_same_in_a_file_of_any_size():
    small = seconds_of_look_ups(HostKeyIndex("\n".join(line(f"h{n}") for n in range(100))))
    large = seconds_of_look_ups(HostKeyIndex("\n".join(line(f"h{n}") for n in range(20_000))))

    assert large < 5 * small  # comparing each line would make it 200 times


def seconds_of_look_ups(index: HostKeyIndex) -> float:
    began = time.process_time()
    for number in range(100):
        assert index.lookup(f"h{number}")
    return time.process_time() - began


def test_a_first_contact_with_many_hosts_reads_the_file_once(tmp_path: Path):
    file = tmp_path / "known_hosts"
    file.write_text("".join(line(f"old-{number}") + "\n" for number in range(3000)))
    known = KnownHosts(file, accept_new=True)
    began = time.process_time()

    for number in range(1000):
        client = paramiko.SSHClient()
        known.prepare(client, f"new-{number}")
        known.missing_host_key(client, f"new-{number}", KEY)

    assert time.process_time() - began < 2  # paramiko's way: minutes
    assert len(file.read_text().splitlines()) == 4000


def test_what_another_process_accepted_is_seen(tmp_path: Path):
    file = tmp_path / "known_hosts"
    ours, theirs = KnownHosts(file, accept_new=True), KnownHosts(file, accept_new=True)
    ours.missing_host_key(paramiko.SSHClient(), "web-1", KEY)

    theirs.missing_host_key(paramiko.SSHClient(), "web-2", KEY)
    ours.missing_host_key(paramiko.SSHClient(), "web-3", KEY)

    with pytest.raises(paramiko.BadHostKeyException):
        ours.missing_host_key(paramiko.SSHClient(), "web-2", OTHER)
    assert len(file.read_text().splitlines()) == 3


def test_a_line_without_an_end_is_not_glued_to_the_next(tmp_path: Path):
    file = tmp_path / "known_hosts"
    file.write_text(line("web-1"))
    KnownHosts(file, accept_new=True).missing_host_key(paramiko.SSHClient(), "web-2", KEY)

    index = HostKeyIndex(file.read_text())

    assert index.lookup("web-1") == index.lookup("web-2") == {KEY.get_name(): KEY}


def test_a_hash_with_another_key_refuses_the_host(tmp_path: Path):
    file = tmp_path / "known_hosts"
    file.write_text(line(hashed("web-1")) + "\n")

    with pytest.raises(paramiko.BadHostKeyException):
        KnownHosts(file, accept_new=True).missing_host_key(paramiko.SSHClient(), "web-1", OTHER)


def test_a_host_that_has_a_key_of_another_type_is_unknown_even_to_accept_new(tmp_path: Path):
    file = tmp_path / "known_hosts"
    file.write_text(line("web-1") + "\n")
    rsa = paramiko.RSAKey.generate(1024)

    with pytest.raises(UnknownHostKey):
        KnownHosts(file, accept_new=True).missing_host_key(paramiko.SSHClient(), "web-1", rsa)


def accept(path: Path) -> None:
    """Keep the key of a new host there."""
    KnownHosts(path, accept_new=True).missing_host_key(paramiko.SSHClient(), "web-9", KEY)


def refusal(path: Path) -> str:
    """Why the key of a new host is not kept there."""
    with pytest.raises(CliAccessError) as caught:
        accept(path)
    error = caught.value
    assert error.kind is ErrorKind.HOST_KEY
    assert error.hint
    assert str(path) in error.message
    return error.message.rpartition(": ")[2]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# a comment\n\n",
        line("web-1,10.0.0.1,[web-1]:2222") + " a comment\n",
        line(hashed("web-1")) + "\n",
        f"@cert-authority *.example.org {KEY.get_name()} {KEY.get_base64()}\n",
        f"@revoked [2001:db8::1]:22 {KEY.get_name()} {KEY.get_base64()}\n",
        "web-1 sk-ssh-ed25519@openssh.com AAAAGnNr\n",
    ],
)
def test_a_new_key_is_added_to_a_file_of_known_hosts(tmp_path: Path, content: str):
    file = tmp_path / "known_hosts"
    file.write_text(content)

    accept(file)

    assert file.read_text() == content + line("web-9") + "\n"


@pytest.mark.parametrize(
    "content",
    [
        "Zm9yIGV4YW1wbGUgYSBrZXkgb2YgRmVybmV0IGhlcmU=\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n",
        "root:x:0:0:root:/root:/bin/bash\n",
        f'from="10.0.0.1" {KEY.get_name()} {KEY.get_base64()}\n',
        f"{KEY.get_name()} {KEY.get_base64()} me@example.org\n",
        f"{line('web-1')}\n* * * * * root run\n",
    ],
    ids=["key file", "private key", "accounts", "authorized keys", "public key", "crontab"],
)
def test_nothing_is_added_to_another_file(tmp_path: Path, content: str):
    file = tmp_path / "another"
    file.write_text(content)

    assert refusal(file).endswith("is not a line of a known hosts file")
    assert file.read_text() == content


def test_nothing_is_written_through_a_link_or_to_what_is_no_file(tmp_path: Path):
    file, link, pipe = tmp_path / "known_hosts", tmp_path / "link", tmp_path / "pipe"
    file.write_text("")
    link.symlink_to(file)
    os.mkfifo(pipe)

    assert "symbolic links" in refusal(link)
    assert refusal(pipe) == refusal(tmp_path) == "it is no regular file"
    assert file.read_text() == ""


def test_a_file_behind_a_link_is_read(tmp_path: Path):
    file, link = tmp_path / "known_hosts", tmp_path / "link"
    file.write_text(line("web-9") + "\n")
    link.symlink_to(file)

    accept(link)

    assert len(file.read_text().splitlines()) == 1
