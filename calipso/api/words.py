"""Kinds of words in requests and answers, with their patterns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

#: A name or id in a request: not empty, not too long.
Text = Annotated[str, Field(min_length=1, max_length=500)]
#: A name that is given to something: no control characters, no markup, no blanks around it.
_NAME = r"^[^\x00-\x20\x7f<>]([^\x00-\x1f\x7f<>]*[^\x00-\x20\x7f<>])?$"
Name = Annotated[str, Field(min_length=1, max_length=500, pattern=_NAME)]
InventoryName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,59}$")]
EnvironmentName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?$", examples=["prod"])
]
UtcTime = Annotated[datetime, Field(examples=["2026-05-04T03:00:00Z"])]


class Severity(StrEnum):
    """Levels of a stored message, the worst last."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


#: Levels of lists and objects inside a value that comes from outside and has no model.
DEEPEST = 8


def check_storable(value: Any, depth: int = 0) -> None:
    """Check that MongoDB can store this JSON. Raises ValueError."""
    if depth > DEEPEST:
        raise ValueError(f"is nested more than {DEEPEST} times")
    if isinstance(value, dict):
        for key, item in value.items():
            if "\0" in key or key.startswith("$"):
                raise ValueError(f"{key!r} is not the name of a field")
            check_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_storable(item, depth + 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{str(value)[:30]}... is a number beyond 64 bits")
