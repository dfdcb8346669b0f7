"""What a fact must be: the few ways a field of the inventory is held against the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Is:
    """The field is exactly this."""

    value: Any

    def wrong(self, found: Any) -> bool:
        return bool(found != self.value)

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class SetOf:
    """The field is a list (or one value) of exactly these, in any order."""

    values: frozenset[Any]

    def wrong(self, found: Any) -> bool:
        if isinstance(found, str):
            found = [found]
        return {_frozen(item) for item in found or ()} != self.values

    def __str__(self) -> str:
        return "{" + ", ".join(sorted(map(str, self.values))) + "}"


@dataclass(frozen=True)
class Mentions:
    """The field, however it is built, holds these values."""

    values: frozenset[str]

    def wrong(self, found: Any) -> bool:
        text = json.dumps(found)
        lacks_all = not found and bool(self.values)
        return lacks_all or any(json.dumps(value) not in text for value in self.values)

    def __str__(self) -> str:
        return "holds " + ", ".join(sorted(self.values))


Check = Is | SetOf | Mentions


def set_of(values: Iterable[Any]) -> SetOf:
    return SetOf(frozenset(_frozen(value) for value in values))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass
class Expected:
    """One thing that is really there, and what is known about it."""

    kind: str
    id: str
    checks: Mapping[str, Check] = field(default_factory=dict)

    def differences(self, found: Row) -> list[str]:
        """Each field that says something else, in words."""
        return [
            f"{name}: {_told(check, found.get(name))}"
            for name, check in self.checks.items()
            if check.wrong(found.get(name))
        ]


def _told(check: Check, found: Any) -> str:
    """Truth and finding; of two long lists only what differs."""
    if isinstance(check, SetOf) and isinstance(found, list):
        here = {_frozen(item) for item in found}
        lacks, has = sorted(map(str, check.values - here)), sorted(map(str, here - check.values))
        return f"lacks {', '.join(lacks) or 'nothing'}; has too {', '.join(has) or 'nothing'}"
    return f"truth {check}, inventory {found!r}"
