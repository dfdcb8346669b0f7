"""Inventory objects: what each document of the inventory holds.

Objects stay plain dicts (30 types with open fields). `Fetched` is what a fetcher returns,
`InventoryObject` what is stored.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from bson import ObjectId

from calipso.errors import ConfigError
from calipso.model.collections import TAKEN

Fetched = dict[str, Any]

_INVENTORY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")


class FetchedBy(TypedDict):
    """Which fetch found an object: the evidence needed to remove it safely."""

    node: str  # entry of the scan tree, such as ScanHost[2]
    scanner: str
    fetcher: str
    source: str  # api, db, cli or folder
    parent: ObjectId
    parent_id: str
    parent_type: str


class ObjectProblem(TypedDict):
    """A problem of an object; `code` is one of `problem_codes.CODES`."""

    code: str
    message: str
    hint: str
    since: datetime
    found_by: dict[str, str]  # scanner, fetcher, parent_id and parent_type, or finder


class InventoryObject(TypedDict):
    """Fields of every stored object. Other fields are as the source has them."""

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
    generation: int
    fetched_by: FetchedBy
    enriched: NotRequired[list[str]]  # fields that another fetch added
    clique: NotRequired[bool]  # True for a focal point that has cliques
    host: NotRequired[str]
    projects: NotRequired[list[str]]
    stale_since: NotRequired[datetime]
    problems: NotRequired[list[ObjectProblem]]


def check_inventory_name(name: str) -> str:
    """Return the name if an inventory may have it. Raises ConfigError.

    It becomes the name of a collection and a part of other names (`RDO`, `RDO_links`). These must
    not be the names of other collections.
    """
    hint = "Letters, digits, _ and -, beginning with a letter, such as inventory_dev or RDO."
    if not _INVENTORY_NAME.fullmatch(name):
        raise ConfigError(f"inventory {name!r}: not a name an inventory may have", hint=hint)
    for taken in TAKEN:
        if name == taken or name.startswith(f"{taken}_") or name.endswith(f"_{taken}"):
            raise ConfigError(
                f"inventory {name!r}: the name belongs to the collection {taken}", hint=hint
            )
    if name.startswith("system"):
        raise ConfigError(f"inventory {name!r}: the name belongs to MongoDB", hint=hint)
    return name


def derived_key(*parts: str) -> ObjectId:
    """Return an `_id` made of these texts, so that every run and worker gets the same one."""
    return ObjectId(hashlib.sha256("\0".join(parts).encode()).digest()[:12])


def object_key(environment: str, object_type: str, object_id: str) -> ObjectId:
    """Return the `_id` of an object."""
    return derived_key(environment, object_type, object_id)


def link_key(
    environment: str, link_type: str, source: ObjectId, target: ObjectId, name: str
) -> ObjectId:
    """Return the `_id` of a link."""
    return derived_key(environment, link_type, str(source), str(target), name)


def clique_key(environment: str, clique_type: str, focal_point: ObjectId) -> ObjectId:
    """Return the `_id` of a clique."""
    return derived_key(environment, clique_type, str(focal_point))
