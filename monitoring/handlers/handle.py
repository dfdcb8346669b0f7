"""Handler: takes events of any source, and answers what became of each.

Results are idempotent: one that is not newer than the stored one changes nothing, so they may come
twice and in any order. The first result of a source always counts, then only changes of the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.monitoring import Finding, Target, Value, result_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring import records
from calipso.stores.monitoring.alert_store import AlertStore
from calipso.stores.monitoring.result_store import ResultStore
from calipso.stores.monitoring.silence_store import SilenceStore, covers
from calipso.stores.monitoring.status_store import StatusStore
from calipso.utils.clock import now
from monitoring.handlers.event import CheckEvent, Reference
from monitoring.handlers.resolve import (
    LINK_FIELDS,
    OBJECT_FIELDS,
    Resolver,
    link_target,
    object_target,
)
from monitoring.handlers.rolling import roll_up
from monitoring.handlers.state import Memory, step, unpacked


class Taken(StrEnum):
    """What became of a result."""

    STORED = "stored"  # it made or changed a status
    UNCHANGED = "unchanged"  # it says what is known
    OLDER = "older"  # a newer result is stored
    UNRESOLVED = "unresolved"  # no object or link, or several
    NOTED = "noted"  # it became a message only


@dataclass
class _Batch:
    """What a batch of events leads to."""

    documents: dict[ObjectId, Document] = field(default_factory=dict)
    memories: dict[ObjectId, Memory] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    forgotten: list[ObjectId] = field(default_factory=list)


class Handler:
    """Handles the events of one environment."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment
        self.results = ResultStore(inv.db)

    def take(self, events: Sequence[CheckEvent]) -> list[Taken]:
        """Handle events; return what became of each, in their order."""
        targets = Resolver(self.inv, self.environment).resolve(e.about for e in events)
        answers = [Taken.UNRESOLVED] * len(events)
        order = sorted(range(len(events)), key=lambda at: events[at].executed)
        known = [
            result_key(self.environment, targets[e.about].key, e.place)
            for e in events
            if e.about in targets
        ]
        stored = self.results.find(list(dict.fromkeys(known)))
        batch = _Batch(documents={key: dict(item) for key, item in stored.items()})
        notes: list[CheckEvent] = []
        for at in order:
            event, target = events[at], targets.get(events[at].about)
            if event.note:
                notes.append(event)
                answers[at] = Taken.NOTED
            elif target is not None:
                answers[at] = self._one(batch, event, target)
        self._write(batch, stored)
        self._note(notes, targets)
        lost = [events[at].about for at in order if answers[at] is Taken.UNRESOLVED]
        self.results.note_unresolved(self.environment, [said(about) for about in lost])
        return answers

    def _one(self, batch: _Batch, event: CheckEvent, target: Target) -> Taken:
        key = result_key(self.environment, target.key, event.place)
        document = batch.documents.get(key)
        if document is not None and event.executed <= document["executed"]:
            same = event.executed == document["executed"]
            return Taken.UNCHANGED if same else Taken.OLDER
        if event.forget and document is None:
            return Taken.UNCHANGED
        memory = Memory() if document is None else unpacked(document["memory"])
        done = step(memory, event.value, at_once=event.hard)
        flapping = done.memory.flapping if event.flapping is None else event.flapping
        value = done.memory.value if done.memory.value is not None else event.value
        expires = event.executed + timedelta(seconds=event.ttl)
        batch.documents[key] = {
            "environment": self.environment,
            "target": target.key,
            "collection": target.collection,
            "slot": event.place,
            "executed": event.executed,
            "expires": expires,
            "value": int(value),
            "memory": done.memory.packed(),
            "text": event.text,
        }
        if event.forget:
            batch.forgotten.append(key)
        changed = value is not memory.value or event.forget
        finding = Finding(
            target,
            value,
            event.text,
            event.executed,
            event.place,
            flapping=flapping,
            flap_edge=done.flap_edge,
            more={"forget": True} if event.forget else {},
        )
        batch.findings.append(finding)
        return Taken.STORED if changed else Taken.UNCHANGED

    def _write(self, batch: _Batch, stored: Mapping[ObjectId, Document]) -> None:
        new = {
            key: {name: value for name, value in item.items() if name != "_id"}
            for key, item in batch.documents.items()
            if key not in stored or stored[key]["executed"] < item["executed"]
        }
        self.results.save({k: v for k, v in new.items() if k not in batch.forgotten})
        apply(self.inv, self.environment, batch.findings)
        self.results.remove(batch.forgotten)

    def _note(self, notes: Sequence[CheckEvent], targets: Mapping[Any, Target]) -> None:
        received = now()
        documents = [
            records.plain_message(
                self.environment,
                event.text,
                event.executed,
                level=records.LEVELS[event.value],
                source=event.source,
                received=received,
                about=targets.get(event.about),
            )
            for event in notes
        ]
        if documents:
            self.inv.db["messages"].insert_many(documents, ordered=False)

    def expire(self, moment: datetime) -> int:
        """Make old what nobody confirmed in time; returns how many results that were.

        A slot of an alert is forgotten: its resolved message was lost.
        """
        old = self.results.expired(self.environment, moment)
        targets = self._targets(old)
        findings: list[Finding] = []
        gone: list[ObjectId] = []
        for item in old:
            target = targets.get(item["target"])
            gone.append(item["_id"])
            if target is None:
                continue
            forget = "/" in item["slot"]
            text = f"no result since {item['executed']:%Y-%m-%d %H:%M:%S} UTC"
            more = {"forget": True} if forget else {}
            findings.append(Finding(target, Value.UNKNOWN, text, moment, item["slot"], more=more))
        apply(self.inv, self.environment, findings)
        self.results.remove(gone)
        return len(old)

    def _targets(self, items: Sequence[Mapping[str, Any]]) -> dict[ObjectId, Target]:
        objects = [i["target"] for i in items if i["collection"] == "inventory"]
        links = [i["target"] for i in items if i["collection"] == "links"]
        found = {
            key: object_target(item)
            for key, item in self.inv.find_by_keys(objects, OBJECT_FIELDS).items()
        }
        wanted = {"_id": {"$in": links}}
        fields = dict.fromkeys(LINK_FIELDS, 1)
        for link in self.inv.collection("links").find(wanted, fields):
            found[link["_id"]] = link_target(link)
        return found


def said(about: Reference) -> str:
    """Return what a result calls its target."""
    return about.name or about.id or about.link or str(dict(about.fields))


def apply(inv: InventoryMgr, environment: str, findings: Sequence[Finding]) -> int:
    """Store findings, roll up the cliques they touch, queue alerts; return how many changed.

    Several findings about one target are stored one after the other.
    """
    store = StatusStore(inv, environment)
    findings = _silenced(inv, environment, findings)
    waves: list[dict[ObjectId, Finding]] = []
    for found in findings:
        place = next((wave for wave in waves if found.target.key not in wave), None)
        if place is None:
            place = {}
            waves.append(place)
        place[found.target.key] = found
    changed = [one for wave in waves for one in store.apply(list(wave.values()))]
    roll_up(inv, environment, changed)
    AlertStore(inv.db).queue(environment, changed)
    return len(changed)


def _silenced(
    inv: InventoryMgr, environment: str, findings: Sequence[Finding]
) -> Sequence[Finding]:
    """Findings with the end of the silence that their target is under."""
    silences = SilenceStore(inv).active(environment) if findings else []
    if not silences:
        return findings
    found = []
    for one in findings:
        target = {"_id": one.target.key, "id_path": one.target.id_path, "host": one.target.host}
        ends = [silence["until"] for silence in silences if covers(silence, target)]
        until = {"silenced_until": max(ends)} if ends else {}
        found.append(replace(one, more=one.more | until))
    return found
