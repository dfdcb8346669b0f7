"""Object types and link types, each declared once. Everything else reads what is declared here."""

from __future__ import annotations

from functools import cache
from typing import Any

from calipso.model.types import folders, hosts, networks, places, switching
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
        *switching.TYPES,
        *folders.TYPES,
    )
}

#: Link types by name.
LINK_TYPES: dict[str, LinkType] = {declared.name: declared for declared in LINKS}

#: What search reads of a type that is not declared, and how.
_SEARCHED = {
    name: field.search
    for declared in OBJECT_TYPES.values()
    for name, field in declared.by_name.items()
    if field.search is not None
}


@cache
def object_type(name: str) -> ObjectType:
    """The declaration of a type. One that is not declared gets defaults:

    its fields are open, search reads those of a name it reads elsewhere, and a list shows what
    it shows of every object.
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


def linked_types() -> tuple[str, ...]:
    """Names of the declared types that links join, as they are drawn from left to right."""
    ends = {end for link in LINK_TYPES.values() for end in (link.source, link.target)}
    return tuple(sorted(ends, key=drawing_order))


def drawing_order(name: str) -> tuple[int, str]:
    """Sort key: types from left to right; one without a place stands behind the others."""
    rank = object_type(name).rank
    return (len(OBJECT_TYPES) if rank is None else rank, name)


@cache
def lives_on_host(name: str) -> bool:
    """True when objects of the type are below a host."""
    return any(above == "host" or lives_on_host(above) for above in object_type(name).parents)


def kind_fields() -> tuple[str, ...]:
    """Names of the fields that tell of what kind within its type an object is."""
    return tuple(dict.fromkeys(t.kind for t in OBJECT_TYPES.values() if t.kind))


def example(name: str) -> dict[str, Any]:
    """An object of the type as documentation shows it: the fields that have an example."""
    fields = (*COMMON, *object_type(name).fields)
    shown = {field.name: field.example for field in fields if field.example is not None}
    return {"type": name} | shown
