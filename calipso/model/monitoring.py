"""Monitoring: the status of an object, link or clique, and what is stored of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, NotRequired, TypedDict

from bson import ObjectId

from calipso.model.inventory import derived_key


class Value(IntEnum):
    """How something is. Unknown: nobody could tell; it is never taken for an error."""

    OK = 0
    WARNING = 1
    ERROR = 2
    UNKNOWN = 3

    @property
    def label(self) -> str:
        """OK, Warning, Error or Unknown."""
        return "OK" if self is Value.OK else self.name.capitalize()

    @property
    def badness(self) -> int:
        """A number that grows from good to bad: OK, Unknown, Warning, Error."""
        return (0, 2, 3, 1)[self]


def worst(values: Iterable[Value]) -> Value:
    """Return the worst value; what is known counts before what is unknown. OK of nothing."""
    found = list(values)
    known = [value for value in found if value is not Value.UNKNOWN]
    return max(known or found, key=lambda value: value.badness, default=Value.OK)


class Acknowledged(TypedDict):
    """Somebody knows of it and works on it."""

    who: str
    why: str
    at: datetime
    until: datetime | None


class SlotStatus(TypedDict):
    """What one source says of an object."""

    value: int
    text: str


class Status(TypedDict):
    """The sub-document `monitoring` of an object, link or clique."""

    value: int
    label: str
    text: str
    #: When it came to this value.
    since: datetime
    #: When it was OK last; None: never.
    last_ok: datetime | None
    #: When the stored text was found.
    at: datetime
    #: Who says so: `calipso`, `nagios`, `icinga2`, ... ; `clique` for a roll-up.
    source: str
    flapping: bool
    acknowledged: Acknowledged | None
    silenced_until: datetime | None
    #: Of an unknown status: the value before, and when that was found.
    last_known: NotRequired[dict[str, Any]]
    #: True: the cause is another object, which has a message.
    derived: NotRequired[bool]
    #: What each source says.
    by: NotRequired[dict[str, SlotStatus]]
    #: Of a clique: the first member that is not good, and how many there are of each value.
    first_bad: NotRequired[dict[str, str]]
    counts: NotRequired[dict[str, int]]
    #: Changes with each write: two writers notice each other.
    rev: NotRequired[str]


@dataclass(frozen=True)
class Target:
    """What has a status: one document of `inventory`, `links` or `cliques`."""

    collection: str
    key: ObjectId
    type: str
    id: str
    name: str = ""
    host: str = ""
    id_path: str = ""

    @property
    def kind(self) -> str:
        """`object`, `link` or `clique`."""
        return {"inventory": "object", "links": "link", "cliques": "clique"}[self.collection]


@dataclass(frozen=True)
class Finding:
    """What one source found of a target. `derived`: another target has the cause."""

    target: Target
    value: Value
    text: str
    at: datetime
    source: str
    derived: bool = False
    flapping: bool = False
    #: 'started' or 'ended' when flapping changed with this finding.
    flap_edge: str = ""
    #: No message and no change: a host that cannot be read has one of its own.
    quiet: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def result_key(environment: str, target: ObjectId, slot: str) -> ObjectId:
    """Return the `_id` of what one source says of a target."""
    return derived_key(environment, str(target), slot)
