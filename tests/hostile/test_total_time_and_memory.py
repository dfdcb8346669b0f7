"""Servers that do not go on or do not end: each call ends in its time and within its memory."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calipso.errors import AccessError, CliAccessError, ErrorKind
from calipso.limits import memory
from calipso.limits.calls import Bounds
from calipso.model.environment import MysqlSection, OpenStackSection
from calipso.settings import load_settings, settings
from calipso.sources.api.api_client import ApiClient
from calipso.sources.cli import ssh as ssh_module
from calipso.sources.cli.known_hosts import KnownHosts
from calipso.sources.cli.ssh import Account, SshConnection
from calipso.sources.cli.ssh_login import connect
from calipso.sources.db.db_pool import DbPool
from tests.hostile.fake_ssh import command_modes, login_modes
from tests.hostile.fakes import Say, hostile, http_modes, mysql_modes

#: Megabytes for answers in these tests, and seconds of a call.
MEMORY, TIMEOUT = 32, 0.5
#: Megabytes that a process may grow by: answers, and what Python keeps for itself.
GROWS = MEMORY + 80
#: No call takes longer: up to three attempts of three seconds, and a look at what is there.
SECONDS = 20.0


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CALIPSO_SOURCE_MEMORY", str(MEMORY))
    monkeypatch.setattr(memory, "_budget", None)
    settings.cache_clear()
    yield
    settings.cache_clear()


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def ends(call: Callable[[int], None], say: Say) -> AccessError:
    """The error of a call to this server, after its time and its memory were looked at."""
    with hostile(say) as port:
        before, began = resident(), time.monotonic()
        with pytest.raises(AccessError) as raised:
            call(port)
        seconds, grown = time.monotonic() - began, resident() - before
    assert seconds < SECONDS
    assert grown < GROWS
    assert raised.value.hint
    assert str(port) in raised.value.message
    assert raised.value.kind in (
        ErrorKind.TIMEOUT,
        ErrorKind.UNEXPECTED_OUTPUT,
        ErrorKind.TRUNCATED,
        ErrorKind.UNREACHABLE,
    )
    return raised.value


def api_login(port: int) -> None:
    section = OpenStackSection(host="127.0.0.1", port=port, user="a", pwd="pw-of-a")
    ApiClient(section, load_settings(api_timeout=TIMEOUT), lambda _what: None).catalogue()


def query(port: int) -> None:
    section = MysqlSection(
        host="127.0.0.1", port=port, user="a", pwd="pw-of-a", connect_timeout=TIMEOUT
    )
    DbPool(section, load_settings(db_timeout=TIMEOUT), lambda _what: None).query("SELECT id", [])


@pytest.mark.parametrize("mode", http_modes())
def test_a_login_ends_whatever_keystone_does(mode: str) -> None:
    ends(api_login, http_modes()[mode])


@pytest.mark.parametrize("mode", mysql_modes())
def test_a_query_ends_whatever_the_database_does(mode: str) -> None:
    ends(query, mysql_modes()[mode])


def ssh(port: int, known_hosts: Path) -> SshConnection:
    account = Account("127.0.0.1", port, "a", "pw-of-a")
    return connect(f"host-{port}", account, KnownHosts(known_hosts, accept_new=True), TIMEOUT)


@pytest.mark.parametrize("mode", login_modes())
def test_a_login_ends_whatever_sshd_does(mode: str, tmp_path: Path) -> None:
    ends(lambda port: ssh(port, tmp_path / "known_hosts").close(), login_modes()[mode])


@pytest.mark.parametrize("mode", command_modes())
def test_a_command_ends_whatever_sshd_does(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_module, "GRACE", 0.5)

    def command(port: int) -> None:
        connection = ssh(port, tmp_path / "known_hosts")
        try:
            said = connection.execute("true", 3.0)
        finally:
            connection.close()
        if said.timed_out:
            raise CliAccessError(f"host-{port}: late", kind=ErrorKind.TIMEOUT, hint="wait")

    monkeypatch.setattr(sys.modules[__name__], "TIMEOUT", 5.0)
    ends(command, command_modes()[mode])


def test_the_end_of_the_work_ends_a_call_that_waits() -> None:
    bounds = Bounds()
    section = OpenStackSection(host="127.0.0.1", port=1, user="a", pwd="pw-of-a")
    with hostile(http_modes()["says nothing"]) as port:
        section.port = port
        client = ApiClient(section, load_settings(), lambda _what: None, bounds)
        threading.Timer(0.5, bounds.end, ["scan cancelled"]).start()
        began = time.monotonic()
        with pytest.raises(AccessError, match="scan cancelled"):
            client.catalogue()

    assert time.monotonic() - began < 5
