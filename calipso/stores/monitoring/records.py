"""What a change of a status leaves behind: a message for people, and a change record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import InsertOne

from calipso.model.documents import Document
from calipso.model.monitoring import Finding, Target, Value
from calipso.stores.scans.message_store import message_id

#: Words of `messages` for each value.
LEVELS = {Value.OK: "info", Value.WARNING: "warn", Value.ERROR: "error", Value.UNKNOWN: "warn"}

#: Names of sources as messages have them.
SYSTEMS = {
    "calipso": "Calipso",
    "sensu": "Sensu",
    "sensu_go": "Sensu",
    "nagios": "Nagios",
    "icinga2": "Icinga",
    "alertmanager": "Alertmanager",
}

#: Characters of a text that is stored.
LONGEST = 2048


def system_of(source: str) -> str:
    """Return the name of a system for people: `alertmanager/1a2b` is Alertmanager."""
    name = source.partition("/")[0]
    return SYSTEMS.get(name, name[:40] or "Calipso")


def message(environment: str, found: Finding, text: str, received: datetime) -> Document:
    """Return a message about a target, for the collection `messages`."""
    about = found.target
    return plain_message(
        environment,
        text,
        found.at,
        level=LEVELS[found.value],
        source=found.source,
        received=received,
        about=about,
    )


def plain_message(
    environment: str,
    text: str,
    at: datetime,
    *,
    level: str,
    source: str,
    received: datetime,
    about: Target | None = None,
) -> Document:
    """Return a message, also one that is about no object of the inventory."""
    kind = "" if about is None else about.type
    if about is not None and about.kind == "link":
        kind = f"link_{about.type}"
    return {
        "_id": ObjectId(),
        "id": message_id(at),
        "environment": environment,
        "source_system": system_of(source),
        "level": level,
        "message": text[:LONGEST],
        "exception": "",
        "timestamp": at,
        "received_timestamp": received,
        "finished_timestamp": None,
        "viewed": False,
        "related_object": "" if about is None else about.id,
        "related_object_type": kind,
        "display_context": "" if about is None else (about.host or about.id),
        "origin_id": "",
        "origin_type": "monitoring",
        "scan_id": "",
        "host": "" if about is None else about.host,
        "task": "",
        "logger": "monitoring",
        "details": {},
    }


def change(environment: str, about: Target, old: Any, new: Any, at: datetime) -> InsertOne[Any]:
    """Return the write of a change of a status: field `monitoring`, with both labels.

    It belongs to no scan: what is different between two scans does not show it.
    """
    sides = {name: value for name, value in (("old", old), ("new", new)) if value is not None}
    document: Document = {
        "_id": ObjectId(),
        "environment": environment,
        "scan_id": "",
        "cause": "monitoring",
        "change": "changed",
        "time": at,
        "kind": about.kind,
        "type": about.type,
        "id": about.id,
        "name": about.name or about.id,
        "host": about.host,
        "fields": {"monitoring": sides},
    }
    if about.kind == "link":
        source, _, rest = about.id.partition(" -> ")
        document |= {"source_id": source, "target_id": rest.rpartition(" [")[0]}
    return InsertOne(document)
