"""Operating system of a host, from `/etc/os-release` and two lines of `uname`."""

from __future__ import annotations

import shlex

from calipso.errors import ParseError


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments as a dict. Raises ParseError when there is no assignment."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key.isidentifier():
            found[key] = _unquoted(value)
    if not found:
        raise ParseError("/etc/os-release: the answer has no assignment", sample=text)
    return found


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
