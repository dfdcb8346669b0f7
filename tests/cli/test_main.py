"""The `calipso` command itself: help, version, errors and exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from calipso import __version__
from calipso.cli import lazy
from calipso.cli.main import main
from calipso.errors import NotFound
from tests.cli.conftest import Shell


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `calipso status` raise."""

    def command() -> None:
        raise error

    monkeypatch.setattr("calipso.cli.stack.commands.status", command)


def test_help_names_every_command_without_importing_it() -> None:
    code = (
        "import sys; from calipso.cli.main import main; main(['--help']);"
        "print([m for m in sys.modules if m in ('pymongo', 'celery', 'rich', 'pydantic')],"
        "file=sys.stderr)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stderr.strip() == "[]"
    for name in lazy.COMMANDS:
        assert f"\n  {name} " in answer.stdout


@pytest.mark.parametrize("name", lazy.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0

    assert f"calipso {name}" in capsys.readouterr().out


def test_help_is_fast() -> None:
    """In seconds of a processor: those of the clock say how busy the machine is."""
    times = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "calipso", "--help"], capture_output=True, check=True)
        after = os.times()
        user = after.children_user - before.children_user
        times.append(user + after.children_system - before.children_system)

    assert 0 < min(times) < 0.5


def test_version_names_python_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out.startswith(f"calipso {__version__} (Python 3.")


def test_an_unknown_command_is_wrong_usage_and_names_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["invntory"]) == 2

    assert "Did you mean 'inventory'?" in capsys.readouterr().err


def test_an_error_of_ours_is_one_line_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, NotFound("no scan \x1b[1mx", hint="calipso scan list"))

    assert main(["status"]) == 1

    captured = capsys.readouterr()
    assert captured.err == "error: no scan \\x1b[1mx\nhint: calipso scan list\n"
    assert captured.out == ""


def test_debug_shows_where_it_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, NotFound("no scan x"))

    assert main(["--debug", "status"]) == 1

    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "error: no scan x" in err


def test_a_store_that_is_away_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ServerSelectionTimeoutError("127.0.0.1:1: refused, Timeout: 20s, <x>"))

    assert main(["status"]) == 1

    assert capsys.readouterr().err == (
        "error: MongoDB: 127.0.0.1:1: refused\nhint: Run `calipso check`.\n"
    )


def test_a_defect_is_admitted_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, KeyError("vnic"))

    assert main(["status"]) == 1

    assert capsys.readouterr().err.startswith("error: unexpected KeyError: 'vnic'\nhint: ")


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())

    assert main(["status"]) == 130


def test_config_show_lists_value_and_origin_and_masks_passwords(
    calipso: Shell, tmp_path: Path
) -> None:
    conf = tmp_path / "mongo.conf"
    conf.write_text("server 192.0.2.1\nuser calipso\npwd s3cret\n")

    answer = calipso("-m", str(conf), "config", "show", "-f", "value", CALIPSO_THREADS="7")

    lines = answer.stdout.splitlines()
    assert f"mongo_url mongodb://calipso:***@192.0.2.1:27017/?authSource=calipso {conf}" in lines
    assert "threads 7 CALIPSO_THREADS" in lines
    assert "processes 2 default" in lines
    assert "s3cret" not in answer.stdout + answer.stderr


def test_a_variable_wins_over_the_file_of_m(calipso: Shell, tmp_path: Path) -> None:
    conf = tmp_path / "mongo.conf"
    conf.write_text("server 192.0.2.1\n")

    answer = calipso(
        *("-m", str(conf), "config", "show", "-f", "value"), MONGO_URL="mongodb://192.0.2.2/"
    )

    assert "mongo_url mongodb://192.0.2.2/ MONGO_URL" in answer.stdout.splitlines()


def test_a_closed_pipe_is_no_error_message(calipso: Shell) -> None:
    command = f"{sys.executable} -m calipso config show | true"

    answer = subprocess.run(
        ["bash", "-c", command],
        env={"CALIPSO_HOME": str(calipso.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stderr == ""
