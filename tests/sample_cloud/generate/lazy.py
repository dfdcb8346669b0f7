"""A list whose objects are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

T = TypeVar("T")


class Lazy(Sequence[dict[str, Any]]):
    """Shows things of the plan as API objects, one at a time: 50,000 servers need no memory."""

    def __init__(self, things: Sequence[T], show: Callable[[T], dict[str, Any]]) -> None:
        self._things: Sequence[Any] = things
        self._show = show

    @property
    def ids(self) -> list[str]:
        """The ids, without making the objects."""
        return [thing.id for thing in self._things]

    def __len__(self) -> int:
        return len(self._things)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self._show(thing) for thing in self._things[index]]
        return self._show(self._things[index])
