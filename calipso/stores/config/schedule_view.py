"""Shows a stored schedule to people: in words, with its state and its next slots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.schedule import Schedule, describe, schedule_of
from calipso.model.slots import upcoming
from calipso.stores.config.schedule_store import COUNTS, name_of

NEXT_SLOTS = 5


def row(document: Mapping[str, Any]) -> Document:
    """Return the main fields, also of a schedule that is not valid."""
    problem = (document.get("last_problem") or {}).get("message", "")
    try:
        when = describe(schedule_of(document))
    except ConfigError as error:
        when, problem = "", problem or error.message
    on = document.get("enabled") is not False
    return {
        "id": document["_id"],
        "name": name_of(document),
        "environment": document.get("environment"),
        "when": when,
        "state": "on" if on else "off" if document.get("scheduled_timestamp") else "over",
        "next": document.get("scheduled_timestamp") if on else None,
        "last": document.get("last_slot"),
        "last_scan": document.get("last_scan_id") or None,
        "problem": problem,
    }


def details(document: Mapping[str, Any]) -> Document:
    """Return all fields: the definition, the results of past slots, and the next five slots."""
    found = row(document)
    problem = document.get("last_problem") or {}
    found["problem_at"] = problem.get("at")
    counts = document.get("counts") or {}
    found |= {name: counts.get(name, 0) for name in COUNTS}
    found["next_slots"] = next_slots(document) if found["state"] == "on" else []
    return found | {field: document[field] for field in Schedule.model_fields if field in document}


def next_slots(document: Mapping[str, Any]) -> list[datetime]:
    """Return the stored slot and those after it; an empty list for a schedule that is not valid."""
    slot = document.get("scheduled_timestamp")
    if not isinstance(slot, datetime):
        return []
    try:
        return [slot, *upcoming(schedule_of(document), slot, NEXT_SLOTS - 1)]
    except ConfigError:
        return []
