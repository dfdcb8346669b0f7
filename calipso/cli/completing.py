"""Completion in the shell: names of what is stored. Silent when a store does not answer soon."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from calipso.model.documents import Document
from calipso.model.types import LINK_TYPES, OBJECT_TYPES, is_folder

#: Maximum number of names that the shell is offered.
MOST = 100

#: Seconds that a store may take: somebody presses a key and waits.
SECONDS = 1.0


def environments(incomplete: str) -> list[str]:
    """Names of environments."""
    return _quietly(lambda database: database["environments_config"].distinct("name"), incomplete)


def types(incomplete: str) -> list[str]:
    """Types of the stored objects."""
    return [
        name
        for name, declared in OBJECT_TYPES.items()
        if name.startswith(incomplete) and not declared.is_folder and not declared.planned
    ]


def link_types(incomplete: str) -> list[str]:
    """Link types that links have."""
    return [name for name in LINK_TYPES if name.startswith(incomplete)]


def hosts(incomplete: str) -> list[str]:
    """Ids of hosts, of any environment."""
    return _quietly(lambda database: _of_type(database, "id", incomplete, {"type": "host"}), "")


def inventories(incomplete: str) -> list[str]:
    """Names of inventories that scans wrote."""
    return _quietly(lambda database: database["scans"].distinct("inventory"), incomplete)


def schedules(incomplete: str) -> list[str]:
    """Names of schedules."""
    return _quietly(lambda database: database["scheduled_scans"].distinct("name"), incomplete)


def event_types(incomplete: str) -> list[str]:
    """Types of the events that clouds have sent."""
    return _quietly(lambda database: database["events"].distinct("type"), incomplete)


def users(incomplete: str) -> list[str]:
    """Names of users."""
    return _quietly(lambda database: database["users"].distinct("name"), incomplete)


def object_ids(incomplete: str) -> list[str]:
    """Ids of objects that begin with this text."""
    return _quietly(lambda database: _of_type(database, "id", incomplete, {}), "")


def objects(incomplete: str) -> list[str]:
    """Names of objects that begin with this text."""
    return _quietly(lambda database: _of_type(database, "name", incomplete, {}), "")


def scans(incomplete: str) -> list[str]:
    """Ids of scans, newest first."""

    def newest(database: Any) -> list[str]:
        found = database["scans"].find({}, {"_id": 1}).sort("submit_timestamp", -1).limit(MOST)
        return ["last", *(str(scan["_id"]) for scan in found)]

    return _quietly(newest, incomplete)


def _of_type(database: Any, field: str, incomplete: str, wanted: Document) -> Iterator[str]:
    from calipso.settings import settings
    from calipso.stores.mongo.stretches import prefix_range

    query = wanted | ({field: prefix_range(incomplete)} if incomplete else {})
    for item in database[settings().inventory].find(query, {field: 1, "type": 1}, limit=MOST * 5):
        if not is_folder(item["type"]):
            yield str(item[field])


def _quietly(read: Callable[[Any], Any], incomplete: str) -> list[str]:
    """Return what `read` finds; nothing if no store answers, because that is no error here."""
    from calipso.stores.mongo.driver import time_limit
    from calipso.stores.mongo.mongo_access import MongoAccess

    found: dict[str, None] = {}
    with contextlib.suppress(Exception), time_limit(SECONDS):
        for name in read(MongoAccess().db):
            if str(name).startswith(incomplete) and str(name).isprintable():
                found[str(name)] = None
            if len(found) >= MOST:
                break
    return list(found)
