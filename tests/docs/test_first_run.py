"""The transcript of the first quarter of an hour: every line of it runs, and says what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import time
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "first-run.md"
SILENCE = 30.0  # seconds; 5 on idle processors, and these may be busy


def steps() -> list[tuple[str, list[str]]]:
    """(command, lines that its output has in this order) of each step."""
    text = PAGE.read_text(encoding="utf-8").partition("```transcript\n")[2].partition("```")[0]
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line and line != "..." and not line.startswith("# "):
            found[-1][1].append(line)
    return found


def plain(text: str) -> str:
    """One space between words, and nothing of the frames of trees and tables."""
    return " ".join(re.sub(r"[│└├─┬]", " ", text).split())


def missing(output: str, lines: list[str]) -> list[str]:
    """Lines that the output does not have, or not in this order."""
    rest, absent = plain(output), []
    for line in lines:
        _, found, after = rest.partition(plain(line))
        if found:
            rest = after
        else:
            absent.append(line)
    return absent


def told(command: str, folder: Path) -> tuple[str, float]:
    """What a command writes, and the longest time in which it writes nothing."""
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    given = {n: v for n, v in os.environ.items() if not n.startswith("CALIPSO_")}
    given = {n: v for n, v in given.items() if not n.endswith("_URL")} | {"PATH": path}
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output, last, longest = "", time.monotonic(), 0.0
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            longest = max(longest, time.monotonic() - last)
            last = time.monotonic()
    assert process.returncode == 0, f"{command}: exit code {process.returncode}\n{output}"
    return output, longest


def test_a_line_out_of_order_or_absent_is_noticed() -> None:
    assert missing("a  b\nc\n", ["a b", "c"]) == []
    assert missing("a\nb\n", ["b", "a"]) == ["a"]
    assert missing("a\n", ["b"]) == ["b"]


def test_the_transcript_finds_what_was_planted() -> None:
    commands = " ".join(command for command, _ in steps())

    for word in ("demo", "--with-problems", "clique show", "dependents", "search", "changes"):
        assert word in commands


@pytest.mark.long
def test_the_first_quarter_of_an_hour_goes_as_the_page_says(tmp_path: Path) -> None:
    wrong, silences = {}, {}
    try:
        for command, lines in steps():
            output, silences[command] = told(command, tmp_path)
            if absent := missing(output, lines):
                wrong[command] = (absent, output)
    finally:
        subprocess.run(
            [f"{sysconfig.get_path('scripts')}/calipso", "down"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )

    assert wrong == {}
    assert max(silences.values()) < SILENCE, silences
