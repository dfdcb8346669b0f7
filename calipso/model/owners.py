"""Who may write which field of objects, links and cliques: one owner per field.

A scan owns the fields that it fetches: it sets them, removes those that the cloud does not have any
more, and records changes. It does not set or remove fields of other owners, and their changes are
not changes of the cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
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

#: Fields that a scan neither sets, nor removes, nor records a change of.
KEPT_FIELDS = frozenset(FIELDS) - STORE_FIELDS

#: Stamps of the scan that saw a document last: they differ after each scan.
STAMPS = frozenset({"scan_id", "generation", "last_scanned"})


def of_scan(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as a scan may write it: without the fields of other owners."""
    if KEPT_FIELDS.isdisjoint(document):
        return dict(document)
    return {name: value for name, value in document.items() if name not in KEPT_FIELDS}
