"""Inventory objects: what each document of the inventory holds.

Objects stay plain dicts (30 types with open fields). `Fetched` is what a fetcher returns,
`InventoryObject` what is stored.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from bson import ObjectId

Fetched = dict[str, Any]

#: Fields the store sets; a fetcher that returns them is overridden.
STORE_FIELDS = frozenset(
    {
        "_id",
        "environment",
        "id_path",
        "name_path",
        "last_scanned",
        "scan_id",
        "fetched_by",
        "stale_since",
        "enriched",
        "clique",
    }
)


class FetchedBy(TypedDict):
    """Which fetch found an object: the evidence needed to remove it safely."""

    scanner: str
    fetcher: str
    source: str  # api, db, cli or folder
    parent_id: str
    parent_type: str


class InventoryObject(TypedDict):
    """Fields every stored object has (others as the source gives them)."""

    _id: ObjectId
    environment: str
    type: str
    id: str
    name: str
    object_name: str
    parent_id: str
    parent_type: str
    id_path: str
    name_path: str
    show_in_tree: bool
    last_scanned: datetime
    scan_id: str
    fetched_by: FetchedBy
    host: NotRequired[str]
    projects: NotRequired[list[str]]
    stale_since: NotRequired[datetime]


def object_key(environment: str, object_type: str, object_id: str) -> ObjectId:
    """The `_id` of an object: derived, so that every run and worker agrees without asking."""
    text = "\0".join((environment, object_type, object_id))
    return ObjectId(hashlib.sha256(text.encode()).digest()[:12])


def link_key(
    environment: str, link_type: str, source: ObjectId, target: ObjectId, name: str
) -> ObjectId:
    """The `_id` of a link."""
    text = "\0".join((environment, link_type, str(source), str(target), name))
    return ObjectId(hashlib.sha256(text.encode()).digest()[:12])


def clique_key(environment: str, clique_type: str, focal_point: ObjectId) -> ObjectId:
    """The `_id` of a clique."""
    text = "\0".join((environment, clique_type, str(focal_point)))
    return ObjectId(hashlib.sha256(text.encode()).digest()[:12])
