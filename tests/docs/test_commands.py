"""Commands that pages show are commands there are: each has its arguments and its options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from calipso.cli.lazy import COMMANDS, load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"^(?:    +|\$ )(?:\S*/)?calipso ([a-z].*)$", flags=re.MULTILINE)
#: Lines of the page of commands that say how a command is called, with words in place of values.
USAGE = re.compile(r"\[(OPTIONS|[A-Z]+(\.\.\.)?)\]")
#: What every refusal of words is; Typer names only some kinds of it.
USAGE_ERROR: Any = typer.BadParameter.__base__


def shown(page: Path) -> Iterator[list[str]]:
    """The words after `calipso` of each command that a page shows."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in SHOWN.findall(text):
        if not USAGE.search(line):
            yield list(words(line))


def words(line: str) -> Iterator[str]:
    """The words of a command, up to a comment, a pipe or whatever ends it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in lexer:
        if set(word) <= set(";|&<>()"):
            return
        yield word


def refusal(given: list[str]) -> str:
    """Why the command line does not take these words; empty when it does."""
    name, *rest = given
    if name not in COMMANDS:
        return f"no command {name}"
    command: Any = load(name)
    try:
        while isinstance(command, TyperGroup):
            with typer.Context(command) as context:
                _, command, rest = command.resolve_command(context, rest)
        command.make_context(name, rest)
    except USAGE_ERROR as error:
        return str(error.format_message())
    return ""


def test_what_no_command_takes_is_refused() -> None:
    assert refusal(["inventory", "list", "prod"]) == "Got unexpected extra argument(s) (prod)"
    assert refusal(["inventory", "lst"]).startswith("No such command 'lst'")
    assert refusal(["inventory", "list", "--environment", "prod"]).startswith("No such option")
    assert refusal(["inventory", "list", "--env", "prod"]) == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_command_line_takes_every_command_of_a_page(page: Path) -> None:
    refused = {
        f"calipso {' '.join(given)}": why for given in shown(page) if (why := refusal(given))
    }

    assert refused == {}
