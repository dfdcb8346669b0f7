"""Other stacks of this machine: their command lines are words of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from calipso.cli.stack import neighbours


def told(monkeypatch: pytest.MonkeyPatch, where: str) -> str:
    words = ["python", neighbours.SUPERVISOR, neighbours.HOME_FLAG, where, ""]
    monkeypatch.setattr(neighbours, "_command_lines", lambda: iter([(7, words)]))
    (text,) = neighbours.other_stacks(Path("/srv/mine"))
    return text


def test_a_directory_of_another_stack_cannot_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = told(monkeypatch, "/tmp/\x1b[31m\n\u202e")

    assert text.isprintable()


def test_a_directory_of_another_stack_is_one_word_of_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "`CALIPSO_HOME='/tmp/a; rm -r b' calipso status`" in told(monkeypatch, "/tmp/a; rm -r b")
    assert "`CALIPSO_HOME=/srv/other calipso status`" in told(monkeypatch, "/srv/other")
