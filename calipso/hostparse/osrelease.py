"""Operating system of a host, from `/etc/os-release` and two lines of `uname`."""

from __future__ import annotations

import re
import shlex

from calipso.errors import ParseError

#: What the command adds; a file without a last newline glues the first of them to its last line.
_ADDED = re.compile(r"(?<!^)(?<!\n)(?=(?:ARCHITECTURE|HOSTNAME)=)")

#: A word, or a text in double quotes, without anything that a shell would take out of it. All
#: lines of usual files are such; the lexer of a shell is slow.
_PLAIN = re.compile(r"""([^\s"'\\]*)|"([^"\\]*)\"""")


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments as a dict. Raises ParseError when there is no assignment."""
    found = {}
    for line in _ADDED.sub("\n", text).splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key.isidentifier():
            found[key] = _unquoted(value)
    if not found:
        raise ParseError("/etc/os-release: the answer has no assignment", sample=text)
    return found


def _unquoted(value: str) -> str:
    if plain := _PLAIN.fullmatch(value):
        return plain[1] or plain[2] or ""
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
