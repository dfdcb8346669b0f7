"""Wrong usage is told in our words: what is wrong and what to give instead; exit code 2."""

from __future__ import annotations

import pytest

from calipso.cli.main import main

WRONG = [
    ("foo", "error: calipso has no command foo\nhint: calipso -h\n"),
    ("inventory lst", "error: calipso inventory has no command lst\nhint: Did you mean 'list'?\n"),
    (
        "inventory list --typ host",
        "error: calipso inventory list has no option --typ\nhint: Did you mean --at or --type?\n",
    ),
    (
        "inventory list --limit x",
        "error: --limit: expected a whole number (got 'x')\nhint: calipso inventory list -h\n",
    ),
    (
        "graph x --depth 99",
        "error: --depth: expected 10 or less (got '99')\nhint: calipso graph -h\n",
    ),
    ("inventory list -f tabel", "error: --format: there is no tabel\nhint: Did you mean table?\n"),
    (
        "inventory list -f xml",
        "error: --format: there is no xml\nhint: There are: table, json, yaml, csv, value.\n",
    ),
    (
        "inventory show",
        "error: OBJECT is missing\nhint: calipso inventory show [OPTIONS] {OBJECT}; see "
        "calipso inventory show -h\n",
    ),
    (
        "schedule add demo",
        "error: --freq is missing\nhint: There are: yearly, monthly, weekly, daily, hourly, "
        "minutely, once.\n",
    ),
    (
        "inventory list demo",
        "error: calipso inventory list does not take demo\nhint: calipso inventory list -h\n",
    ),
    ("inventory list --limit", "error: --limit: its value is missing\nhint: calipso -h\n"),
    ("inventory list --stale=1", "error: --stale: takes no value\nhint: calipso -h\n"),
    (
        "schedule add demo --freq once --at 3",
        "error: --at 3: expected YYYY-MM-DDTHH:MM\nhint: calipso schedule add -h\n",
    ),
    (
        "scan run demo --links-only --cliques-only",
        "error: give at most one of --inventory-only, --links-only, --cliques-only\n"
        "hint: calipso scan run -h\n",
    ),
    (
        "scan run demo --scanner ScanHost",
        "error: --scanner and --parent-id go together\nhint: calipso scan run -h\n",
    ),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[words for words, _ in WRONG])
def test_wrong_usage_names_the_thing_and_the_remedy(
    capsys: pytest.CaptureFixture[str], words: str, told: str
) -> None:
    assert main(words.split()) == 2

    captured = capsys.readouterr()
    assert captured.err == told
    assert captured.out == ""


def test_a_hostile_word_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "list", "\x1b[31mred"]) == 2

    assert capsys.readouterr().err.startswith("error: calipso inventory list does not take \\x1b[")


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory"]) == 2

    told = capsys.readouterr().err
    assert told.startswith("Usage: calipso inventory [OPTIONS] COMMAND")
    assert "error:" not in told


def test_help_and_version_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "list", "--help"]) == 0
    assert main(["--version"]) == 0

    assert capsys.readouterr().err == ""
