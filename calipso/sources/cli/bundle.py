"""A bundle: all questions to a host as one shell script, and its output taken apart again.

Each command runs on its own, under `timeout`, with nothing on standard input. Before and after
it a line with a random marker is printed to stdout and to stderr, so that answers can be separated
from login banners, from each other, and from an answer that broke off.

    <newline><marker> begin <name><newline> ... output ... <newline><marker> end <name> <status>
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

#: Exit status of `timeout` when it had to end the command.
TIMED_OUT = (124, 137)

_HEAD = """\
export LC_ALL=C LANGUAGE=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
m={marker}
t=
command -v timeout >/dev/null 2>&1 && t=1
mark() {{ printf '\\n%s %s\\n' "$m" "$1"; printf '\\n%s %s\\n' "$m" "$1" >&2; }}
run() {{
  mark "begin $1"
  if [ -n "$t" ]; then timeout -k 2 "$2" sh -c "$3" </dev/null
  else sh -c "$3" </dev/null; fi
  mark "end $1 $?"
}}
"""
_COMMANDS = "# commands\n"


@dataclass(frozen=True)
class Question:
    """A command text under a name, and how many seconds it may take."""

    name: str
    text: str
    timeout: int = 30


@dataclass(frozen=True)
class Script:
    """What is sent: the marker of its frames and its questions, in order."""

    marker: str
    questions: tuple[Question, ...]

    def text(self) -> str:
        """The shell script."""
        runs = [
            f"run {shlex.quote(q.name)} {q.timeout} {shlex.quote(q.text)}\n" for q in self.questions
        ]
        return _HEAD.format(marker=self.marker) + _COMMANDS + "".join(runs)

    def command_line(self, *, sudo: bool) -> str:
        """What the SSH server is asked to run: the script as one quoted word."""
        return f"{'sudo -n -- ' if sudo else ''}sh -c {shlex.quote(self.text())}"


@dataclass(frozen=True)
class Section:
    """What one command said; `exit` is None when the answer broke off."""

    exit: int | None
    out: str
    err: str


def compose(questions: Iterable[Question]) -> Script:
    """A script with a marker nobody can know before."""
    return Script(secrets.token_hex(16), tuple(questions))


def parse_script(command_line: str) -> Script | None:
    """The script inside a command line, or None when it is no bundle.

    The inverse of `Script.command_line`; the sample cloud's SSH server answers with it.
    """
    try:
        words = shlex.split(command_line)
        at = words.index("sh")
        head, found, tail = words[at + 2].partition(_COMMANDS)
        runs = shlex.split(tail)
    except (ValueError, IndexError):
        return None
    marker = next((line[2:] for line in head.splitlines() if line.startswith("m=")), "")
    if not found or not marker or len(runs) % 4:
        return None
    questions = [
        Question(runs[i + 1], runs[i + 3], int(runs[i + 2])) for i in range(0, len(runs), 4)
    ]
    return Script(marker, tuple(questions))


def frame(marker: str, name: str, exit_status: int, text: str) -> str:
    """One stream's share of an answer as the script prints it (for servers that play a host)."""
    return f"\n{marker} begin {name}\n{text}\n{marker} end {name} {exit_status}\n"


def parse_output(script: Script, out: str, err: str) -> dict[str, Section]:
    """The answers by name. A command that never began is missing."""
    outs, errs = _frames(script, out), _frames(script, err)
    sections = {}
    for question in script.questions:
        if question.name not in outs:
            continue
        text, status = outs[question.name]
        sections[question.name] = Section(status, text, errs.get(question.name, ("", None))[0])
    return sections


def _frames(script: Script, stream: str) -> dict[str, tuple[str, int | None]]:
    frames: dict[str, tuple[str, int | None]] = {}
    for question in script.questions:
        begin = f"\n{script.marker} begin {question.name}\n"
        end = f"\n{script.marker} end {question.name} "
        at = stream.find(begin)
        if at < 0:
            continue
        start = at + len(begin)
        stop = stream.find(end, start)
        if stop < 0:
            frames[question.name] = (stream[start:], None)
            continue
        status = stream[stop + len(end) :].split("\n", 1)
        complete = len(status) == 2 and status[0].isdigit()
        frames[question.name] = (stream[start:stop], int(status[0]) if complete else None)
    return frames
