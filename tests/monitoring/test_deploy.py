"""Putting files on a host: SFTP and commands of a real sshd, as a login with a noisy shell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from calipso.errors import CalipsoError, ConfigError
from calipso.sources.cli.connections import HostConnections
from monitoring.setup import places
from monitoring.setup.places import OnHost
from monitoring.setup.rendering import MARK
from tests.access.cli_sections import environment, login
from tests.access.sshd import PASSWORD, Sshd, sshd, why_not

FOREIGN = b"define host { host_name mine }\r\n\xff\xfe no end of line"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server whose logins print a banner and noise."""
    if why_not():
        pytest.skip(why_not())
    with sshd(tmp_path_factory.mktemp("node"), more="Subsystem sftp internal-sftp") as server:
        yield server


@dataclass
class Host:
    """A host with a folder for files, and connections to close."""

    folder: Path
    section: dict[str, Any]
    opened: list[HostConnections] = field(default_factory=list)

    def login(self, **more: Any) -> OnHost:
        connections = HostConnections(environment(**self.section | more), lambda _: {})
        self.opened.append(connections)
        return OnHost(connections, "node-1")

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def put(self, place: OnHost, files: dict[str, str], check: str = "", reload: str = "") -> int:
        found = list(places.changes(place, {self.file(n): t for n, t in files.items()}))
        places.replace(place, found, check, reload)
        return len(found)


@pytest.fixture
def host(node: Sshd, home: Path, tmp_path: Path) -> Iterator[Host]:
    folder = tmp_path / "etc of the host's $(runner)"
    folder.mkdir(mode=0o777)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    folder.chmod(0o777)
    (folder / "foreign.cfg").write_bytes(FOREIGN)
    made = Host(folder, login(node))
    yield made
    for connections in made.opened:
        connections.close()
    assert (folder / "foreign.cfg").read_bytes() == FOREIGN
    assert not [path for path in folder.iterdir() if ".calipso-" in path.name]


def ours(text: str) -> str:
    return f"# {MARK}\n{text}"


def test_a_login_with_a_noisy_shell_puts_compares_and_removes_files(host: Host) -> None:
    place = host.login(user="scan", pwd=PASSWORD, key="")
    files = {"a.cfg": ours("ä 'quoted' $(x)\n"), "sub/b.json": ours("no end of line")}

    assert host.put(place, files) == 2
    assert (host.folder / "sub" / "b.json").read_text() == files["sub/b.json"]
    assert (host.folder / "a.cfg").stat().st_mode & 0o777 == 0o644
    assert host.put(place, files) == 0  # what is there is read as it is, without the noise

    gone = places.remove(place, [host.file(name) for name in (*files, "foreign.cfg", "none")])

    assert gone == [host.file(name) for name in files]
    assert not (host.folder / "a.cfg").exists()


def test_a_foreign_file_is_refused_before_anything_is_written(host: Host) -> None:
    place = host.login()

    with pytest.raises(ConfigError, match="was not made by Calipso"):
        host.put(place, {"a.cfg": ours("new\n"), "foreign.cfg": ours("new\n")})

    assert [path.name for path in host.folder.iterdir()] == ["foreign.cfg"]


def test_the_check_sees_the_new_files_before_anybody_else_does(host: Host) -> None:
    place, path, seen = host.login(), host.file("a.cfg"), host.folder.parent / "seen"
    host.put(place, {"a.cfg": ours("good\n")})
    real = f"/proc/{os.getpid()}/root"
    quoted = "'" + path.replace("'", "'\\''") + "'"
    check = f"cat {real}{quoted} > {seen}; grep -q good {quoted} || exit 3"

    with pytest.raises(ConfigError, match="grep"):
        host.put(place, {"a.cfg": ours("bad\n"), "new/b.cfg": ours("bad\n")}, check)

    assert seen.read_text() == ours("good\n")
    assert Path(path).read_text() == ours("good\n")
    assert not (host.folder / "new" / "b.cfg").exists()
    assert host.put(place, {"a.cfg": ours("good again\n")}, check) == 1


def test_a_reload_that_fails_brings_the_files_before_back(host: Host) -> None:
    place = host.login()
    host.put(place, {"a.cfg": ours("one\n")})

    with pytest.raises(ConfigError, match="no such service"):
        host.put(
            place,
            {"a.cfg": ours("two\n"), "b.cfg": ours("two\n")},
            reload="echo no such service >&2; false",
        )

    assert (host.folder / "a.cfg").read_text() == ours("one\n")
    assert not (host.folder / "b.cfg").exists()


def test_a_folder_that_cannot_be_written_is_an_error_that_names_the_host(host: Host) -> None:
    host.folder.chmod(0o555)
    place = host.login(user="scan", pwd=PASSWORD, key="")

    with pytest.raises(CalipsoError, match="node-1: files cannot be written"):
        host.put(place, {"a.cfg": ours("one\n")})

    host.folder.chmod(0o777)
