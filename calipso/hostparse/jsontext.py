"""JSON answers of host commands, with errors that quote the output that was received."""

from __future__ import annotations

from typing import Any

import orjson

from calipso.errors import ParseError


def json_list(text: str, what: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON list.

    Empty output is an empty list, as in `ip -j`. Raises ParseError.
    """
    if not text.strip():
        return []
    value = json_value(text, what)
    if not isinstance(value, list):
        raise ParseError(f"{what}: expected a JSON list", sample=text)
    return [item for item in value if isinstance(item, dict)]


def json_value(text: str, what: str) -> Any:
    """Return one JSON value. Raises ParseError."""
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise ParseError(f"{what}: not JSON ({error})", sample=text) from None


def sections(text: str) -> dict[str, str]:
    """Return the text of each section by the name on its `== <name>` line."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:].strip(), [])
        elif lines is not None:
            lines.append(line)
    return {name: "\n".join(body) for name, body in found.items()}
