"""What the servers need to know of a cloud: a recorded one and a generated one look alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Item = dict[str, Any]
#: column name -> MySQL type, as information_schema.columns gives it.
Columns = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What a host says to one command."""

    out: bytes = b""
    err: bytes = b""
    exit: int = 0


@dataclass(frozen=True)
class Listing:
    """A list resource of an API: the objects of all pages, and the key they come under."""

    key: str
    items: Sequence[Item]


@dataclass(frozen=True)
class Body:
    """An API answer that is not a list."""

    body: Item


class Cloud(Protocol):
    """API, database and hosts of one cloud.

    `revision` grows with every change, so that servers know when to forget what they cached.
    """

    region: str
    #: clouds of other regions in the same catalogue
    others: Mapping[str, Cloud]
    #: the project an administrator logs in to
    admin_project: str
    distribution: str
    distribution_version: str
    #: host name -> management address; the first host is the gateway.
    hosts: Mapping[str, str]
    mechanism_drivers: Sequence[str]
    type_drivers: str
    revision: int
    #: what is wrong with it on purpose
    troubles: Sequence[Item]
    #: objects of an APIC by class; empty without a fabric of Cisco ACI
    fabric: Mapping[str, Sequence[Mapping[str, str]]]

    def api(self, service_type: str, resource: str) -> Listing | Body | None:
        """What a service lists under a path without its version: `compute`, `servers/detail`."""

    def schemas(self) -> Mapping[str, Mapping[str, Columns]]:
        """schema -> table -> columns of the databases."""

    def rows(self, schema: str, table: str) -> Iterable[Item]:
        """The rows of a table."""

    def answer(self, host: str, command: str) -> Answer | None:
        """What a host answers to a command; None: it does not know the command."""

    def mutate(self, change: Mapping[str, Any]) -> Item:
        """Change the cloud while it is served. Raises ValueError when it cannot."""

    def summary(self) -> dict[str, int]:
        """How many objects of each type there are."""
