"""One step of a test: the attempt, its result, and the remedy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from calipso.errors import CalipsoError

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One thing that was tried."""

    name: str
    ok: bool
    message: str
    hint: str = ""
    seconds: float = 0.0


class Tried(NamedTuple, Generic[T]):
    """A step, and what came out of it when it went well."""

    step: Step
    result: T | None


def attempt(name: str, call: Callable[[], T], said: Callable[[T], str]) -> Tried[T]:
    """Try one thing; `said` makes the message from its result."""
    started = time.monotonic()
    try:
        result = call()
    except CalipsoError as error:
        seconds = time.monotonic() - started
        failed = Step(name, ok=False, message=error.message, hint=error.hint, seconds=seconds)
        return Tried(failed, None)
    seconds = time.monotonic() - started
    return Tried(Step(name, ok=True, message=said(result), seconds=seconds), result)
