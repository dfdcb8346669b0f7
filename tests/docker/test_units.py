"""packaging/systemd: units that start commands which exist, as a user without rights."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calipso.cli.lazy import load
from calipso.cli.stack.services import GRAPH_QUEUES, SOURCE_QUEUES
from calipso.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "packaging" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/calipso/bin/calipso"


def values(path: Path) -> dict[str, list[str]]:
    """Key -> values of a unit; keys may come several times."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_there_is_a_unit_for_each_part() -> None:
    names = [path.name for path in SERVICES]

    parts = ("api", "beat", "events", "worker@")
    assert names == [f"calipso-{part}.service" for part in parts]
    (wanted,) = values(FOLDER / "calipso.target")["Wants"]
    for name in wanted.split():
        assert re.sub(r"@\w+", "@", name) in names


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_takes_its_flags(path: Path) -> None:
    (line,) = values(path)["ExecStart"]
    program, command, *words = shlex.split(line)
    options = {option for param in load(command).params for option in param.opts}

    assert program == PROGRAM
    assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_has_few_rights_and_comes_back_after_a_failure(path: Path) -> None:
    found = values(path)

    assert found["User"] == ["calipso"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["Restart"] == ["on-failure"]
    assert found["EnvironmentFile"][0] == "/etc/calipso/calipso.env"
    assert found["PartOf"] == found["WantedBy"] == ["calipso.target"]
    assert int(found["TimeoutStopSec"][0]) > Settings.model_fields["api_grace"].default


def test_the_example_of_settings_names_settings() -> None:
    text = (FOLDER / "calipso.env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^#? ?CALIPSO_(\w+)=", text, flags=re.MULTILINE))

    assert len(names) > 5
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_the_examples_of_workers_serve_each_queue() -> None:
    lines = {path.read_text().strip() for path in FOLDER.glob("worker-*.env.example")}

    assert lines == {f"QUEUES={SOURCE_QUEUES}", f"QUEUES={GRAPH_QUEUES}"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    calipso = Path(sys.executable).parent / "calipso"
    files = []
    for path in (*SERVICES, FOLDER / "calipso.target"):
        for name in ("sources", "graph") if "@" in path.name else ("",):
            target = tmp_path / path.name.replace("@", f"@{name}")
            target.write_text(path.read_text().replace(PROGRAM, str(calipso)))
            files.append(target)

    result = subprocess.run(
        ["systemd-analyze", "verify", *files],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    about_ours = [line for line in result.stderr.splitlines() if "calipso" in line]
    assert about_ours == []
