"""Object types and link types, each declared once. All other code reads these declarations."""

from __future__ import annotations

from functools import cache
from typing import Any

from calipso.model.types import folders, hosts, networks, neutron, places, switching, vservices
from calipso.model.types.base import AGENT_COUNTERS, Field, ObjectType, Open, Search
from calipso.model.types.common import COMMON
from calipso.model.types.links import LINKS, LinkType

__all__ = [
    "COMMON",
    "LINK_TYPES",
    "OBJECT_TYPES",
    "Field",
    "LinkType",
    "ObjectType",
    "Open",
    "Search",
    "drawing_order",
    "example",
    "is_folder",
    "kind_fields",
    "linked_types",
    "lives_on_host",
    "object_type",
]

#: Object types by name, in the order of the documentation.
OBJECT_TYPES: dict[str, ObjectType] = {
    declared.name: declared
    for declared in (
        *places.TYPES,
        *hosts.TYPES,
        *networks.TYPES,
        *neutron.TYPES,
        *vservices.TYPES,
        *switching.TYPES,
        *folders.TYPES,
    )
}

#: Link types by name.
LINK_TYPES: dict[str, LinkType] = {declared.name: declared for declared in LINKS}

#: Fields that search reads of a type that is not declared, and the way to read each.
_SEARCHED = {
    name: field.search
    for declared in OBJECT_TYPES.values()
    for name, field in declared.by_name.items()
    if field.search is not None
}


@cache
def object_type(name: str) -> ObjectType:
    """Return the declaration of a type. A type that is not declared gets defaults.

    Then its fields are open, search reads fields with names that it reads in other types, and a
    list shows the columns of every object.
    """
    if name in OBJECT_TYPES:
        return OBJECT_TYPES[name]
    words = name.replace("_", " ")
    return ObjectType(
        name=name,
        singular=words,
        plural=f"{words}s",
        meaning="A type that is not declared.",
        identity="As its fetcher gives it",
        fields=(
            Field("configurations", "", "", volatile=AGENT_COUNTERS),
            Field("network_info", "", "", volatile=("active",)),
            *(Field(key, "", "", search=how) for key, how in _SEARCHED.items()),
        ),
        open=(Open("Any field.", "its fetcher"),),
        declared=False,
    )


@cache
def is_folder(name: str) -> bool:
    """True for a type that only groups the children of an object, also for one not declared."""
    return object_type(name).is_folder


def linked_types() -> tuple[str, ...]:
    """Return the names of the declared types that links join, from left to right in a drawing."""
    ends = {end for link in LINK_TYPES.values() for end in (link.source, link.target)}
    return tuple(sorted(ends, key=drawing_order))


def drawing_order(name: str) -> tuple[int, str]:
    """Return a sort key: types from left to right; a type without a place comes last."""
    rank = object_type(name).rank
    return (len(OBJECT_TYPES) if rank is None else rank, name)


@cache
def lives_on_host(name: str) -> bool:
    """True when objects of the type are below a host."""
    return any(above == "host" or lives_on_host(above) for above in object_type(name).parents)


def kind_fields() -> tuple[str, ...]:
    """Return the names of the fields that have the kind of an object within its type."""
    return tuple(dict.fromkeys(t.kind for t in OBJECT_TYPES.values() if t.kind))


def example(name: str) -> dict[str, Any]:
    """Return an example object of the type for documentation: its fields with an example."""
    fields = (*COMMON, *object_type(name).fields)
    shown = {field.name: field.example for field in fields if field.example is not None}
    return {"type": name} | shown
