"""Turns records of a source into objects, one by one: a broken one does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from calipso.errors import ApiAccessError, CalipsoError, ErrorKind, PartialAnswer
from calipso.model.inventory import Fetched

#: What reading a record raises that lacks a field, or has a value of another kind there. So does
#: reading an answer that is JSON, but not of the form that is expected.
BROKEN = (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError)

T = TypeVar("T")


class Records:
    """Makes objects of the records of one answer and keeps what could not be read."""

    def __init__(self, kind: str, key: Callable[[str, str], Any]) -> None:
        """`kind`: what the records are, a type of objects; `key`: `_id` of type and id."""
        self.kind = kind
        self._key = key
        self._errors: list[CalipsoError] = []
        self._unread: list[Any] | None = []

    def made(self, make: Callable[[], T], record: Mapping[str, Any], *, kind: str = "") -> T | None:
        """What `make` returns; None when it cannot read the record."""
        try:
            return make()
        except BROKEN as error:
            self._left_out(record, error, kind or self.kind)
            return None

    def answer(self, found: list[Fetched]) -> list[Fetched]:
        """The objects. Raises PartialAnswer when a record could not be read: it stays stored."""
        if self._errors:
            raise PartialAnswer(self._errors, found, unread=self._unread)
        return found

    def _left_out(self, record: Mapping[str, Any], error: Exception, kind: str) -> None:
        name = record.get("id")
        known = isinstance(name, str) and bool(name)
        if known and kind == self.kind and self._unread is not None:
            self._unread.append(self._key(kind, str(name)))
        else:
            self._unread = None  # it may be any of those that are stored
        about = f"{kind} {name!s:.100}" if known else f"a {kind} without an id"
        self._errors.append(
            ApiAccessError(
                f"{about} is left out: {_reason(error)}",
                kind=ErrorKind.UNEXPECTED_OUTPUT,
                hint="The service lists it in an unexpected form; what was read of it before stays."
                " Compare it with what `openstack` shows.",
            )
        )


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!s:.60}"
    return f"a value of an unexpected kind ({type(error).__name__}: {error!s:.120})"
