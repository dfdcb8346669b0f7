#!/usr/bin/env python3
"""Writes the second part of docs/command-line.md from the commands themselves.

python docs/command_line.py            write
python docs/command_line.py --check    exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from calipso.cli.lazy import COMMANDS, load

PAGE = Path(__file__).resolve().parent / "command-line.md"

MARK = "<!-- What follows is written by `python docs/command_line.py`. -->"


def section(words: tuple[str, ...], command: Any) -> str:
    """What a command does, takes and offers."""
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    usage = " ".join(["calipso", *words, *(argument_word(param) for param in arguments)])
    parts = [f"    {usage}{' [OPTIONS]' if options else ''}", *text_of(command)]
    rows = [f"| `{argument_word(param)}` | {cell(param.help)} |" for param in arguments]
    rows += [f"| `{names(param)}` | {cell(param.help)}{default(param)} |" for param in options]
    if rows:
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def verbs_of(group: TyperGroup) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Commands of a group and of the groups in it, with their words."""
    for verb, part in group.commands.items():
        if isinstance(part, TyperGroup):
            yield from (((verb, *more), found) for more, found in verbs_of(part))
        else:
            yield (verb,), part


def text_of(command: Any) -> Iterator[str]:
    """Paragraphs of the help; an example as code."""
    for paragraph in (command.help or "").strip().split("\n\n"):
        text = " ".join(paragraph.split())
        example = text.removeprefix("Example: ")
        yield text if example == text else f"Example: `{example}`"


def argument_word(param: Any) -> str:
    word = param.metavar or param.name.upper()
    word += "..." if param.nargs == -1 else ""
    return word if param.required else f"[{word}]"


def names(param: Any) -> str:
    shown = ", ".join(sorted([*param.opts, *param.secondary_opts], key=len))
    takes_value = not (param.is_flag or param.count)
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    choices = list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else []
    word = param.metavar or max(param.opts, key=len).lstrip("-").upper().replace("-", "_")
    value = "\\|".join(choices) if choices else word
    return f"{shown} {value}" if takes_value else shown


def default(param: Any) -> str:
    value = param.default
    if value in (None, False, 0, [], ()) or callable(value) or param.is_flag:
        return ""
    return f" Default: `{value}`."


def cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def page() -> str:
    """The page: what people wrote above the mark, and below it every command."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    parts = [f"{head}{MARK}\n"]
    for name in COMMANDS:
        command = load(name)
        parts.append(f"## calipso {name}\n")
        if isinstance(command, TyperGroup):
            for verbs, part in verbs_of(command):
                heading = " ".join((name, *verbs))
                parts.append(f"### calipso {heading}\n\n{section((name, *verbs), part)}")
        else:
            parts.append(section((name,), command))
    return "\n".join(parts)


def main() -> int:
    """Write or check."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted
        if not same:
            print(f"{PAGE}: not up to date: run python docs/command_line.py", file=sys.stderr)
        return 0 if same else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
