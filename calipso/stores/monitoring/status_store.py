"""StatusStore: writes the sub-document `monitoring`, and keeps the list of what is not good.

It writes differences only: a finding that says what is stored costs nothing. Two writers of one
status notice each other by `rev`: the later one reads again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo import DeleteOne, UpdateOne

from calipso.model.documents import Document
from calipso.model.monitoring import Finding, Target, Value, worst
from calipso.stores.inventory.inventory_mgr import InventoryMgr, Write
from calipso.stores.mongo.conditional import change_if
from calipso.stores.mongo.encoding import encode
from calipso.stores.monitoring import records
from calipso.utils.clock import now

#: A text of an unchanged value is stored again after this time, not earlier.
TEXT_EVERY = timedelta(minutes=10)
#: Attempts to write a status that another process changes at the same time.
ATTEMPTS = 4
TROUBLES = "monitoring_troubles"


class Changed(NamedTuple):
    """A value that changed: by which finding, from what, and the status as it is stored now."""

    found: Finding
    before: Value | None
    status: Document


class StatusStore:
    """Statuses of one environment."""

    def __init__(self, inv: InventoryMgr, environment: str) -> None:
        self.inv = inv
        self.environment = environment

    def apply(self, findings: Sequence[Finding]) -> list[Changed]:
        """Store findings, one of each target; return those that changed a value.

        A target that is not stored any more is left out.
        """
        changed: list[Changed] = []
        by_collection: dict[str, list[Finding]] = {}
        for found in findings:
            by_collection.setdefault(found.target.collection, []).append(found)
        for name, some in by_collection.items():
            todo = some
            for _ in range(ATTEMPTS):
                todo, done = self._attempt(name, todo)
                changed += done
                if not todo:
                    break
        return changed

    def _attempt(
        self, name: str, findings: Sequence[Finding]
    ) -> tuple[list[Finding], list[Changed]]:
        """Write; return what somebody else wrote meanwhile, and what changed its value."""
        keys = [found.target.key for found in findings]
        stored = self._stored(name, keys)
        writes: list[Write] = []
        written: dict[ObjectId, tuple[Finding, Document | None, Document]] = {}
        for found in findings:
            if found.target.key not in stored:
                continue
            old = stored[found.target.key]
            new = merged(old, found)
            if new is None:
                continue
            new["rev"] = uuid.uuid4().hex[:12]
            expected = {"$eq": [{"$ifNull": ["$monitoring.rev", ""]}, (old or {}).get("rev", "")]}
            update = change_if([expected], {"monitoring": encode(new)})
            writes.append(UpdateOne({"_id": found.target.key}, update))
            written[found.target.key] = (found, old, new)
        if not writes:
            return [], []
        self.inv.bulk(name, writes)
        after = self._stored(name, list(written))
        late = [
            found
            for key, (found, _, new) in written.items()
            if key in after and (after[key] or {}).get("rev") != new["rev"]
        ]
        mine = {key: item for key, item in written.items() if item[0] not in late and key in after}
        return late, self._record(mine)

    def _record(
        self, written: Mapping[ObjectId, tuple[Finding, Document | None, Document]]
    ) -> list[Changed]:
        """Write troubles, changes and messages of what was written."""
        changed: list[Changed] = []
        troubles: list[Any] = []
        changes: list[Any] = []
        messages: list[Document] = []
        received = now()
        for found, old, new in written.values():
            troubles.append(self._trouble(found.target, new))
            before = None if old is None else Value(old["value"])
            after = Value(new["value"])
            if before is not after:
                changed.append(Changed(found, before, new))
                first = before is None and after is Value.OK
                if not found.quiet and not first and found.target.kind != "clique":
                    labels = (None if before is None else before.label), after.label
                    changes.append(
                        records.change(self.environment, found.target, *labels, found.at)
                    )
            text = message_text(found, before, after, new)
            if text:
                messages.append(records.message(self.environment, found, text, received))
        self.inv.bulk("changes", changes)
        if troubles:
            self.inv.db[TROUBLES].bulk_write(troubles, ordered=False)
        if messages:
            self.inv.db["messages"].insert_many(messages, ordered=False)
        return changed

    def _stored(self, name: str, keys: Sequence[ObjectId]) -> dict[ObjectId, Document | None]:
        found: dict[ObjectId, Document | None] = {}
        for start in range(0, len(keys), 1000):
            wanted = {"_id": {"$in": list(keys[start : start + 1000])}}
            for item in self.inv.collection(name).find(wanted, {"monitoring": 1}):
                found[item["_id"]] = item.get("monitoring")
        return found

    def _trouble(self, target: Target, status: Mapping[str, Any]) -> Any:
        if status["value"] == Value.OK and not status["acknowledged"]:
            return DeleteOne({"_id": target.key})
        document: Document = {
            "environment": self.environment,
            "collection": target.collection,
            "kind": target.kind,
            "type": target.type,
            "id": target.id,
            "name": target.name,
            "host": target.host,
            "id_path": target.id_path,
        }
        kept = ("value", "label", "text", "since", "at", "source", "flapping", "acknowledged")
        document |= {name: status[name] for name in (*kept, "silenced_until", "last_ok")}
        return UpdateOne({"_id": target.key}, {"$set": document}, upsert=True)

    # -- reading -------------------------------------------------------------------------

    def troubles(self, **wanted: Any) -> list[Document]:
        """Return what is not good in the environment, the worst first."""
        found = self.inv.db[TROUBLES].find({"environment": self.environment} | wanted)
        return sorted(found, key=lambda item: (-Value(item["value"]).badness, item["since"]))

    def prune(self) -> int:
        """Remove troubles of objects, links and cliques that are gone; returns their number."""
        listed: dict[str, list[ObjectId]] = {}
        wanted = {"environment": self.environment}
        for item in self.inv.db[TROUBLES].find(wanted, {"collection": 1}):
            listed.setdefault(item["collection"], []).append(item["_id"])
        gone: list[ObjectId] = []
        for name, keys in listed.items():
            gone += set(keys) - self._stored(name, keys).keys()
        for start in range(0, len(gone), 1000):
            some = {"_id": {"$in": gone[start : start + 1000]}}
            self.inv.db[TROUBLES].delete_many(some)
        return len(gone)


def merged(old: Mapping[str, Any] | None, found: Finding) -> Document | None:
    """Return the status with a finding in it; None when nothing is to be written."""
    slot = found.source.replace(".", "_").replace("$", "_")
    by = dict((old or {}).get("by") or {})
    if found.more.get("forget"):
        by.pop(slot, None)
    else:
        by[slot] = {"value": int(found.value), "text": found.text[: records.LONGEST]}
    value = worst(Value(one["value"]) for one in by.values()) if by else found.value
    said = by.get(slot, {})
    if said.get("value") != value and by:
        slot, said = next((n, one) for n, one in by.items() if one["value"] == value)
    text = str(said.get("text", found.text))
    if old is not None and not _differs(old, value, text, by, found):
        return None
    same = old is not None and old["value"] == value
    new: Document = {
        "value": int(value),
        "label": value.label,
        "text": text,
        "since": old["since"] if old is not None and same else found.at,
        "last_ok": found.at if value is Value.OK else _last_ok(old, found),
        "at": found.at,
        "source": found.source if slot == found.source else slot,
        "flapping": found.flapping,
        "acknowledged": None if value is Value.OK else (old or {}).get("acknowledged"),
        "silenced_until": found.more.get("silenced_until", (old or {}).get("silenced_until")),
        # where the cause is another object, its message says it; also when both are good again
        "derived": found.derived if value is not Value.OK else bool((old or {}).get("derived")),
        "by": by,
    }
    if value is Value.UNKNOWN and old is not None:
        before = {"value": old["value"], "label": old["label"], "text": old["text"]}
        new["last_known"] = old.get("last_known") if same else before | {"at": old["at"]}
    return new | {k: v for k, v in found.more.items() if k in ("first_bad", "counts")}


def _last_ok(old: Mapping[str, Any] | None, found: Finding) -> datetime | None:
    """When it was OK last: until this finding, if it was OK before it."""
    if old is None:
        return None
    return found.at if old["value"] == Value.OK else old.get("last_ok")


def _differs(
    old: Mapping[str, Any], value: Value, text: str, by: Mapping[str, Any], found: Finding
) -> bool:
    if old["value"] != value or old["flapping"] != found.flapping:
        return True
    before = {slot: one["value"] for slot, one in (old.get("by") or {}).items()}
    if before != {slot: one["value"] for slot, one in by.items()}:
        return True
    if any(name in found.more and found.more[name] != old.get(name) for name in ("counts",)):
        return True
    return value is not Value.OK and text != old["text"] and found.at - old["at"] >= TEXT_EVERY


def message_text(found: Finding, before: Value | None, after: Value, new: Mapping[str, Any]) -> str:
    """Return the message of a written status; empty when there is none.

    What is derived has its message where the cause is. A first status that is good is no news.
    """
    name = f"{found.target.type} {found.target.name or found.target.id}"
    if found.flap_edge:
        return f"{name}: flapping {found.flap_edge}"
    derived = new.get("derived") or found.target.kind == "clique"
    silent = found.quiet or found.flapping or derived
    if silent or before is after or (before is None and after is Value.OK):
        return ""
    if new.get("silenced_until") and new["silenced_until"] > found.at:
        return ""
    was = f", was {before.label}" if before is not None else ""
    return f"{name}: {after.label}{was}: {new['text']}"
