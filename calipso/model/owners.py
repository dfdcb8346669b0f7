"""Who may write which field of objects, links and cliques: one owner per field.

A scan owns the fields that it fetches: it sets them, removes those that the cloud does not have any
more, and records changes. It does not set or remove fields of other owners, and their changes are
not changes of the cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Who writes a field."""

    SCAN = "scan"  # every field without a row in FIELDS
    STORE = "store"  # stamps and places, set when a document is written
    MONITORING = "monitoring"
    PEOPLE = "people"
    PROBLEMS = "problems"  # known problems of an object


#: Field -> its owner. All other fields belong to the scan.
FIELDS: dict[str, Owner] = {
    "_id": Owner.STORE,
    "environment": Owner.STORE,
    "id_path": Owner.STORE,
    "name_path": Owner.STORE,
    "last_scanned": Owner.STORE,
    "scan_id": Owner.STORE,
    "generation": Owner.STORE,
    "fetched_by": Owner.STORE,
    "stale_since": Owner.STORE,
    "enriched": Owner.STORE,
    "clique": Owner.STORE,
    "monitoring": Owner.MONITORING,
    "notes": Owner.PEOPLE,
    "problems": Owner.PROBLEMS,
}

#: Fields the store sets; a fetcher that returns them is overridden.
STORE_FIELDS = frozenset(name for name, owner in FIELDS.items() if owner is Owner.STORE)

#: Store fields that the place of an object in the tree gives it, before it is written.
PLACED = frozenset({"id_path", "name_path", "fetched_by"})

#: Fields that a scan neither sets, nor removes, nor records a change of.
KEPT_FIELDS = frozenset(FIELDS) - STORE_FIELDS

_NOT_OF_SOURCE = KEPT_FIELDS | STORE_FIELDS
_NOT_OF_PLACED = _NOT_OF_SOURCE - PLACED

#: Stamps of the scan that saw a document last: they differ after each scan.
STAMPS = frozenset({"scan_id", "generation", "last_scanned"})


def of_scan(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as a scan may write it: without the fields of other owners."""
    return _without(document, KEPT_FIELDS)


def of_source(document: Mapping[str, Any], *, placed: bool) -> dict[str, Any]:
    """Return an object as its source may give it: only with fields that belong to the scan.

    `placed`: it has its place in the tree already, which stays.
    """
    return _without(document, _NOT_OF_PLACED if placed else _NOT_OF_SOURCE)


def _without(document: Mapping[str, Any], fields: AbstractSet[str]) -> dict[str, Any]:
    if fields.isdisjoint(document):
        return dict(document)
    return {name: value for name, value in document.items() if name not in fields}
