"""Does a person wait for this process? The command line says so; workers and servers do not."""

from __future__ import annotations

_waits = False


def person_waits() -> bool:
    """True in a command line: an error after seconds is worth more than an answer after minutes."""
    return _waits


def say_that_a_person_waits() -> None:
    """Say so for the rest of this process."""
    global _waits
    _waits = True
