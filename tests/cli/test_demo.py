"""`calipso demo` takes nothing over: neither the admin of the store nor an environment `demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from calipso import ui
from calipso.cli import demo
from calipso.cli.stack.sample import DemoDir
from calipso.errors import CalipsoError, Conflict, NotFound
from calipso.model.inventory import object_key
from calipso.model.user import Role, User
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.user_store import UserStore

ADDRESS = "http://127.0.0.1:9"


def cloud(port: int) -> dict[str, Any]:
    api = {"host": "127.0.0.1", "port": port, "user": "admin", "pwd": "s", "admin_project": "admin"}
    mysql = {"name": "mysql", "host": "127.0.0.1", "port": 3306, "user": "r", "pwd": "s"}
    cli = {"name": "CLI", "host": "127.0.0.1", "user": "u", "pwd": "s"}
    return {
        "name": "demo",
        "distribution": "any",
        "mechanism_drivers": ["OVS"],
        "configuration": [{"name": "OpenStack", **api}, mysql, cli],
    }


class Steps:
    """The command lines of a demo; `env add` is done, the others are only noted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = 5000
        self.called: list[tuple[str, ...]] = []

    def command(self, *arguments: str) -> int:
        self.called.append(arguments)
        if arguments[:2] == ("env", "add"):
            document = json.loads(Path(arguments[3]).read_text())
            EnvironmentStore().add(document, replace="--replace" in arguments)
        return 0

    def start(self, _folder: DemoDir, _flags: list[str]) -> dict[str, Any]:
        self.port += 1
        return {"environment": cloud(self.port)}


@pytest.fixture
def steps(home: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    found = Steps(home)
    monkeypatch.setattr(demo, "calipso", found.command)
    monkeypatch.setattr(demo, "start_cloud", found.start)
    monkeypatch.setattr(demo, "_api_address", lambda: ADDRESS)
    return found


def port() -> int:
    sections = EnvironmentStore().masked("demo")["configuration"]
    return int(next(item["port"] for item in sections if item["name"] == "OpenStack"))


def test_an_admin_keeps_its_password(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    UserStore().add(User(name="admin", role=Role.ADMIN), "of somebody else")

    assert demo.show([]) == 0

    assert not DemoDir(steps.home).password.exists()
    assert not [words for words in steps.called if "passwd" in words]
    said = capsys.readouterr().out
    assert "user admin keeps its password (`calipso user passwd admin` sets another)" in said
    assert "curl -s -u admin " in said


def test_a_file_with_a_password_of_another_store_is_not_named(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    UserStore().add(User(name="admin", role=Role.ADMIN), "of somebody else")
    DemoDir(steps.home).password.write_text("of another store\n")

    assert demo.show([]) == 0

    assert "keeps its password" in capsys.readouterr().out


def test_the_file_of_the_first_admin_is_named(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    UserStore().add(User(name="admin", role=Role.ADMIN), "made by calipso up")
    DemoDir(steps.home).password.write_text("made by calipso up\n")

    assert demo.show([]) == 0

    said = capsys.readouterr().out
    assert "keeps its password" not in said
    assert f'"admin:$(cat {DemoDir(steps.home).password})"' in said


def test_an_environment_of_somebody_else_stays_and_no_cloud_starts(steps: Steps) -> None:
    EnvironmentStore().add(cloud(35357))

    with pytest.raises(Conflict, match="did not add") as raised:
        demo.show([])

    assert "calipso env remove demo" in raised.value.hint
    assert (port(), steps.port) == (35357, 5000)


def test_an_environment_put_in_the_place_of_the_demos_stays(steps: Steps) -> None:
    assert demo.show([]) == 0
    EnvironmentStore().add(cloud(35357), replace=True)

    with pytest.raises(Conflict):
        demo.show([])

    assert port() == 35357


def test_a_demo_replaces_what_a_demo_added(steps: Steps) -> None:
    with pytest.raises(NotFound):
        EnvironmentStore().masked("demo")
    assert demo.show([]) == 0
    assert port() == 5001

    assert demo.show([]) == 0

    assert port() == 5002


@pytest.mark.parametrize("built", [True, False])
def test_the_address_of_the_web_ui_is_printed(
    steps: Steps,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    built: bool,
) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    if built:
        (folder / "index.html").write_text("<p>")
    monkeypatch.setattr(ui, "BUILT", folder)

    assert demo.show([]) == 0

    said = capsys.readouterr().out
    assert f"{ADDRESS}/ui/" in said
    assert ("make ui" in said) is not built


def test_the_hint_shows_cliques_of_those_that_have_one(steps: Steps, inv: InventoryMgr) -> None:
    for name in ("web-3", "db-2"):
        inv.set({"environment": "demo", "type": "instance", "id": f"id-{name}", "name": name})
    focal = {"focal_point": object_key("demo", "instance", "id-db-2")}
    inv.collection("cliques").insert_one({"environment": "demo"} | focal)
    planted = [{"object_type": "instance", "name": name} for name in ("web-3", "db-2", "mail-1")]

    told = demo._find_troubles(planted)

    assert "inventory show web-3 --env demo" in told
    assert "clique show db-2 --env demo" in told
    assert not [line for line in told if "mail-1" in line]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--hosts", "x"], "argument --hosts: invalid int value: 'x'"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["--fault", "nothing"], "nothing"),
    ],
)
def test_a_wrong_flag_of_the_cloud_is_one_line_and_stops_nothing(
    steps: Steps, flags: list[str], told: str
) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        demo.show(flags)

    assert told in caught.value.message
    assert "\n" not in caught.value.message
    assert steps.called == []


def test_a_cloud_that_does_not_start_says_so_in_one_line(tmp_path: Path) -> None:
    folder = DemoDir(tmp_path)
    folder.log.parent.mkdir(parents=True, exist_ok=True)

    with pytest.raises(CalipsoError) as caught:
        demo.start_cloud(folder, ["--colour"])

    assert caught.value.message.endswith("does not start: unrecognized arguments: --colour")
