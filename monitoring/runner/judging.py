"""From results of checks to findings: what is remembered, and what has to be stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bson import ObjectId

from calipso.model.monitoring import Finding, Value
from calipso.stores.monitoring.status_store import TEXT_EVERY
from monitoring.checks.base import Result
from monitoring.handlers.state import Memory, step, unpacked
from monitoring.runner.items import Items

SOURCE = "calipso"
#: How the text begins of what is unknown because its host was not checked.
NOT_CHECKED = "not checked: "


@dataclass(frozen=True)
class Judged:
    """What a result makes of what was remembered."""

    memory: Memory
    value: Value
    flap_edge: str


def memory_of(document: Mapping[str, Any], item: Mapping[str, Any], key: ObjectId) -> Memory:
    """Return what is remembered of an object.

    The stored status decides its value: after a round that was killed, it may be ahead.
    """
    stored = own_status(item)
    value = None if stored is None else Value(stored["value"])
    packed = (document.get("memory") or {}).get(str(key))
    if packed is None:
        return Memory(value)
    return replace(unpacked(packed), value=value)


def own_status(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what our own runner stored last of an object; None for a new one."""
    status = item.get("monitoring") or {}
    found: Mapping[str, Any] | None = (status.get("by") or {}).get(SOURCE)
    return found


def judged(memory: Memory, result: Result) -> Judged:
    """Return the memory after a result, and the value that counts."""
    done = step(memory, Value(result.value), at_once=result.at_once)
    value = done.memory.value if done.memory.value is not None else Value(result.value)
    return Judged(done.memory, value, done.flap_edge)


def finding_of(
    items: Items, key: ObjectId, one: Judged, result: Result, at: datetime
) -> Finding | None:
    """Return what has to be stored; None when the stored status says the same."""
    item = items.documents[key]
    stored, status = own_status(item), item.get("monitoring") or {}
    said = f"{result.text}\n{result.detail}" if result.detail else result.text
    same = stored is not None and stored["value"] == one.value
    flaps = bool(status.get("flapping")) != one.memory.flapping
    if same and not flaps and not one.flap_edge:
        later = status.get("at") is not None and at - status["at"] >= TEXT_EVERY
        news = one.value is not Value.OK and stored is not None and stored["text"] != said
        if not (news and later and one.value == result.value):
            return None
    text = said if one.value == result.value else str((stored or {}).get("text", ""))
    back = stored is not None and str(stored["text"]).startswith(NOT_CHECKED)
    return Finding(
        items.targets[key],
        one.value,
        text,
        at,
        SOURCE,
        quiet=back and one.value is Value.OK,  # the host has a message for all that is on it
        derived=result.derived,
        flapping=one.memory.flapping,
        flap_edge=one.flap_edge,
    )


def weigh(
    items: Items, results: Mapping[ObjectId, Result], document: Mapping[str, Any], at: datetime
) -> tuple[list[Finding], dict[str, Any]]:
    """Return what has to be stored of a round, and what is remembered until the next one."""
    findings: list[Finding] = []
    memory: dict[str, Any] = {}
    for key, result in results.items():
        one = judged(memory_of(document, items.documents[key], key), result)
        if not one.memory.quiet:
            memory[str(key)] = one.memory.packed()
        finding = finding_of(items, key, one, result, at)
        if finding is not None:
            findings.append(finding)
    return findings, memory


def counted(items: Items, results: Mapping[ObjectId, Result]) -> dict[str, list[int]]:
    """Return numbers of OK, warning, error and unknown by type, as a round found them."""
    found: dict[str, list[int]] = {}
    for key, result in results.items():
        found.setdefault(items.targets[key].type, [0, 0, 0, 0])[result.value] += 1
    return found
