"""Translates between class names and module names, for every metadata file."""

from __future__ import annotations

import re

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(class_name: str) -> str:
    """`CliFetchHostPnics` -> `cli_fetch_host_pnics`."""
    return _WORD.sub("_", class_name).lower()


def camel_case(module_name: str) -> str:
    """`cli_fetch_host_pnics` -> `CliFetchHostPnics`."""
    return "".join(word.capitalize() for word in module_name.split("_"))
