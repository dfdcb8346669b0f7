"""Wrong usage of a command in our words: what is wrong, and what to give instead.

Typer does not export all classes of its errors: they are told apart by name and by what they hold.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

import typer

from calipso.validation_words import said

#: Exit code of wrong usage.
WRONG_USAGE = 2

_CHOICES = re.compile(r"(?:Value error, )?'(?P<given>.*)' is not one of (?P<known>'.*')\.?$", re.S)
_NO_COMMAND = re.compile(r"No such command '(?P<name>.*?)'\.(?P<near> Did you mean .*\?)?$", re.S)
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<words>.*)\)$", re.S)


def is_usage_error(error: BaseException) -> bool:
    """True for an error of Typer about the words of a command line."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def told(error: Any) -> tuple[str, str]:
    """Return what is wrong and the remedy."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "calipso"
    help_line = f"{command} -h"
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = " or ".join(sorted(error.possibilities or ()))
        message = f"{command} has no option {error.option_name}"
        return message, f"Did you mean {near}?" if near else help_line
    if kind == "MissingParameter":
        return _missing(error, context, help_line)
    if kind == "BadOptionUsage":
        takes_none = "does not take a value" in error.message
        message = "takes no value" if takes_none else "its value is missing"
        return f"{error.option_name}: {message}", help_line
    if isinstance(error, typer.BadParameter):
        return _bad(error, help_line)
    return _other(error.format_message(), command, help_line)


def _missing(error: Any, context: Any, help_line: str) -> tuple[str, str]:
    name = _name(error)
    _, _, choices = error.format_message().partition("Choose from:")
    if choices:
        return f"{name} is missing", f"There are: {' '.join(choices.split())}."
    usage = context.get_usage() if context is not None else ""
    line = " ".join(usage.split()).removeprefix("Usage: ")
    return f"{name} is missing", f"{line}; see {help_line}" if line else help_line


def _bad(error: Any, help_line: str) -> tuple[str, str]:
    name = _name(error)
    before = f"{name}: " if name else ""
    found = _CHOICES.match(error.message)
    if found:
        known = re.findall(r"'([^']*)'", found["known"])
        near = difflib.get_close_matches(found["given"], known, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
        return f"{before}there is no {found['given']}", hint
    cause = error.__cause__
    if cause is not None and hasattr(cause, "errors"):
        item = cause.errors()[0]
        return f"{before}{said(item)} (got {item.get('input')!r})", help_line
    return f"{before}{error.message}", help_line


def _other(text: str, command: str, help_line: str) -> tuple[str, str]:
    if found := _NO_COMMAND.match(text):
        near = (found["near"] or "").strip()
        return f"{command} has no command {found['name']}", near or help_line
    if found := _EXTRA.match(text):
        return f"{command} does not take {found['words']}", help_line
    return text[:1].lower() + text[1:], help_line


def _name(error: Any) -> str:
    """The option, or the word of an argument, that an error is about."""
    if error.param_hint:
        hint = error.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    if error.param is None:
        return ""
    options = [name for name in error.param.opts if name.startswith("-")]
    return max(options, key=len) if options else str(error.param.metavar or error.param.name)
