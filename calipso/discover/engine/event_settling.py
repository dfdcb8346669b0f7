"""Event settling: a look has ended; its keys are settled, looked at again, or tried again.

A key is settled when its scan read all that it needs and no other event came meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from calipso.discover.engine.event_handling import cause_of
from calipso.model.documents import Document
from calipso.model.events import MessageState, Scope
from calipso.model.scan import ScanStatus
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import UpdateOne
from calipso.stores.scans.event_figures import EventFigures
from calipso.stores.scans.event_keys import DEAD, EventKeys
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.scan_store import ScanStore

log = logging.getLogger(__name__)

DONE = (ScanStatus.COMPLETED.value, ScanStatus.COMPLETED_WITH_ERRORS.value)
#: Causes that one change names.
MOST_CAUSES = 5


def settle(batch: Document) -> None:
    """End a batch whose scan has ended, or that had nothing to read."""
    scan = ScanStore().scans.find_one({"_id": batch["scan_id"]}) if batch["reads"] else None
    failed = _failed(scan) if batch["reads"] else {}
    environment = str(batch["environment"])
    keys, settled = EventKeys(), dict[str, bool]()
    for key in batch["keys"]:
        name = str(key["_id"]).removeprefix(f"{environment}/")
        reason = failed.get("") or next((failed[h] for h in key["hosts"] if h in failed), "")
        scope = name.partition(":")[0]
        EventFigures().rescan(environment, scope, "failed" if reason else "read")
        if reason:
            _failed_key(environment, key, reason)
        else:
            settled[name] = _settled(keys, key)
    messages = EventStore().by_keys(m for key in batch["keys"] for m in key["messages"] or ())
    changes = _causes(environment, scan, messages) if scan else {}
    done = EventStore().looked_at(messages, settled, str(batch["scan_id"]), changes)
    EventFigures().settled(environment, done)
    if batch["everything"] and scan and not failed:
        _all_before(environment, scan)


def _settled(keys: EventKeys, key: Document) -> bool:
    """Settle a key; True when no look at it follows. A new thing is looked at again at once."""
    if key["new"] and not key.get("news"):
        keys.again_now(key)
        return False
    return keys.settle(key)


def _failed_key(environment: str, key: Document, reason: str) -> None:
    EventFigures().retry(environment)
    if EventKeys().failed(key, reason) == DEAD:
        EventStore().end(key["messages"] or (), MessageState.DEAD, reason)
        log.error("given up: %s: %s", key["_id"], reason, extra={"environment": environment})


def _failed(scan: Document | None) -> dict[str, str]:
    """Return why what could not be read, by host; under the empty name what concerns all keys."""
    if scan is None:
        return {"": "its scan was removed"}
    if scan["status"] not in DONE:
        return {"": f"scan {scan['_id']} ended {scan['status']}"}
    reasons: dict[str, str] = {}
    for task in ScanStore().scan_tasks(scan["_id"], "failed", "problems", "ran", kind="fetch"):
        if task.get("ran") and not task.get("failed"):
            continue
        for problem in task.get("problems", ()):
            if not problem["warning"] and problem["kind"] != "skipped_host":
                reasons.setdefault(str(problem["host"]), str(problem["message"]))
    return reasons


def _all_before(environment: str, scan: Document) -> None:
    """A scan of everything settles all messages that were received before it began."""
    begun = scan["start_timestamp"]
    wanted = {"environment": environment, "state": MessageState.WAITING.value}
    waiting = [m for m in EventStore().find(wanted) if m["received"] < begun]
    keep = {f"{Scope.MESSAGE}:{m['id']}" for m in waiting}
    closed = {key: True for m in waiting for key in m["open"] if key not in keep}
    done = EventStore().looked_at(waiting, closed, str(scan["_id"]), {})
    EventFigures().settled(environment, done)


# -- which change came from which event ------------------------------------------------


def _causes(environment: str, scan: Document, messages: Iterable[Document]) -> dict[str, int]:
    """Write on each change of a scan which events it came from; returns the numbers of changes by
    `_id` of the message.
    """
    known = {str(message["_id"]): message for message in messages}
    inv = InventoryMgr(scan["inventory"])
    numbers: dict[str, int] = {}
    writes = []
    query = {"environment": environment, "scan_id": scan["_id"]}
    for change in inv.find_all("changes", query):
        causes = _of_change(change, known)
        for cause in causes:
            numbers[cause] = numbers.get(cause, 0) + 1
        events = [cause_of(known[cause]) for cause in causes[:MOST_CAUSES]]
        fields = {"origin": "event", "events": events}
        writes.append(UpdateOne({"_id": change["_id"]}, {"$set": fields}))
    inv.bulk("changes", writes)
    return numbers


def _of_change(change: Document, messages: Mapping[str, Document]) -> list[str]:
    """Return the messages that a change came from: those that name the object or the ends of the
    link; else those about its host; else all of one request.
    """
    text = f"{change['id']} {change.get('target_id', '')}"
    host = str(change.get("host") or "")
    named: list[str] = []
    near: list[str] = []
    for place, message in messages.items():
        ids = [key.partition(":")[2] for key in message["keys"]]
        if any(key and key in text for key in ids):
            named.append(place)
        elif host and host in ids:
            near.append(place)
    if named or near:
        return named or near
    requests = {(m.get("context") or {}).get("request_id") for m in messages.values()}
    return list(messages) if len(requests) == 1 else []
