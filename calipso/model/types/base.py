"""The form of a declaration of an object type and its fields.

Documentation, search, changes, neighbours, columns and examples read declarations and have no
tables of their own. A type that is not declared (a plug-in adds it only to constants.json) gets the
defaults of this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

#: Keys that change without a change of the network. They apply to fields that are not declared, at
#: any depth; a declared field names its own volatile keys.
VOLATILE_NAMES = frozenset(
    {
        "age",
        "heartbeat_timestamp",
        "load",
        "progress",
        "resources_synced",
        "revision_number",
        "started_at",
        "statistics",
        "updated_at",
        "uptime",
    }
)

#: Counters in the `configurations` of an agent: numbers of its work, not its configuration.
AGENT_COUNTERS = (
    "devices",
    "ex_gw_ports",
    "floating_ips",
    "interfaces",
    "networks",
    "ovs_capabilities",
    "ports",
    "routers",
    "subnets",
)

#: The volatile parts of a nested value: True for the whole value, or part -> volatile parts of the
#: part. The part `*` is every key of a map. The parts also apply to items of lists.
Volatile = Mapping[str, Any]


class Search(StrEnum):
    """How search reads the value of a field."""

    WORD = "word"
    MAC = "mac"
    ADDRESS = "address"  # one or several IP addresses, also with a prefix length or in `address`
    NETWORK = "network"  # one or several ranges of addresses


@dataclass(frozen=True)
class Field:
    """A field of an object type."""

    name: str
    meaning: str
    #: Where the fact comes from: an API call, a table, a command.
    source: str
    unit: str = ""
    #: True: a new value is not a change. A tuple: volatile paths inside the value, as
    #: `*.updated_at`.
    volatile: bool | tuple[str, ...] = False
    #: A list whose order means nothing: a change names the items that came and went.
    unordered: bool = False
    search: Search | None = None
    #: Shown by a list of objects of this type.
    column: bool = False
    #: Objects of the type that have the field, if not all have it.
    only: str = ""
    #: Shown in documentation of the API.
    example: Any = None


@dataclass(frozen=True)
class Open:
    """Fields that are stored under the names their source gives them."""

    meaning: str
    source: str
    #: Names of these fields (a regular expression). Empty: any name.
    names: str = ""

    def holds(self, name: str) -> bool:
        """True when these fields include a field of this name."""
        return re.fullmatch(self.names or ".+", name) is not None


@dataclass(frozen=True)
class ObjectType:
    """One object type, declared."""

    name: str
    singular: str
    plural: str
    #: A sentence: what an object of the type is.
    meaning: str
    #: How its `id` is formed.
    identity: str
    fields: tuple[Field, ...] = ()
    open: tuple[Open, ...] = ()
    #: Types of its parents in the tree.
    parents: tuple[str, ...] = ()
    #: It may be the focal point of a clique of the default clique types.
    focal_point: bool = False
    #: Place in a drawing from left (0: instances) to right (networks); None: it has no links.
    rank: int | None = None
    #: Name of its symbol in drawings.
    icon: str = "object"
    #: Field with the kind of an object within the type.
    kind: str = ""
    #: Type of what a folder holds; empty for anything but a folder.
    holds: str = ""
    #: Set for a type that no fetcher of this release makes: the reason.
    planned: str = ""
    #: More paragraphs for the documentation.
    notes: str = ""
    #: False for a type that has no declaration (from constants.json or a plug-in).
    declared: bool = True

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Its fields by their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def unordered(self) -> frozenset[str]:
        """Names of its lists whose order means nothing."""
        return frozenset(field.name for field in self.fields if field.unordered)

    @cached_property
    def volatile(self) -> Volatile:
        """Return the volatile parts of its fields.

        A declared field without volatile parts has no entry.
        """
        tree: dict[str, Any] = {}
        for field in self.fields:
            paths = () if isinstance(field.volatile, bool) else field.volatile
            if field.volatile is True:
                tree[field.name] = True
            for path in paths:
                _plant(tree.setdefault(field.name, {}), path.split("."))
        return tree

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields that a list shows."""
        return tuple(field.name for field in self.fields if field.column)

    def searched(self, how: Search) -> tuple[str, ...]:
        """Names of the fields that search reads this way."""
        return tuple(field.name for field in self.fields if field.search is how)

    def knows(self, name: str) -> bool:
        """True when the field is declared, by its name or by the form of open names."""
        return name in self.by_name or any(more.holds(name) for more in self.open if more.names)

    @property
    def is_folder(self) -> bool:
        """True for a type that only groups the children of an object."""
        return bool(self.holds) or self.name.endswith("_folder")


def _plant(tree: dict[str, Any], path: list[str]) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = True
