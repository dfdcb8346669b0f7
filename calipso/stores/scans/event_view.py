"""Views of events, keys and listeners: what the command line and the API show."""

from __future__ import annotations

from typing import Any

from calipso.model.documents import Document
from calipso.model.events import ListenerState
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.scans.event_keys import DEAD, DIRTY, EventKeys
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now

#: Seconds without a sign of life after which a listener that says it runs is not believed.
SILENT = 60.0


def listeners(environment: str | None = None) -> list[Document]:
    """Return the state of events of each environment, also of those nobody listens to."""
    stored = {str(item["_id"]): item for item in ListenerStore().all()}
    counts = EventKeys().counts()
    found = []
    for known in EnvironmentStore().list():
        name = str(known["name"])
        if environment not in (None, name):
            continue
        item = stored.get(name, {"_id": name})
        item |= {"environment": name, "listen": bool(known.get("listen"))}
        item["waiting"] = counts.get((name, DIRTY), 0)
        item["dead"] = counts.get((name, DEAD), 0)
        found.append(believed(item))
    return found


def believed(item: Document) -> Document:
    """A listener that shows no sign of life does not run, whatever it said last."""
    state = item.get("state", ListenerState.STOPPED.value)
    seen = item.get("seen")
    if state in (ListenerState.RUNNING.value, ListenerState.WAITING.value) and seen is not None:
        age = (now() - seen).total_seconds()
        if age > SILENT:
            reason = "no sign of life: does the manager run? (`calipso events run`)"
            return item | {"state": ListenerState.ERROR.value, "reason": reason, "since": seen}
    return item | {"state": state}


def listener_row(item: Document) -> Document:
    """Return a listener as a row, with its counters."""
    last = item.get("last") or {}
    return {
        "environment": item["environment"],
        "listen": item["listen"],
        "state": item["state"],
        "reason": item.get("reason", ""),
        "since": item.get("since"),
        "seen": item.get("seen"),
        "waiting": item["waiting"],
        "dead": item["dead"],
        "queue": sum(int(url.get("depth", 0)) for url in item.get("urls") or ()),
        "last": max(last.values(), default=None),
        "last_of_exchange": last,
        "brokers": [
            {name: url.get(name) for name in ("url", "state", "reason", "since", "depth")}
            for url in item.get("urls") or ()
        ],
        "counts": results(item),
        "gaps": item.get("gaps") or {},
    }


def results(item: Document) -> dict[str, int]:
    """Return how many messages had which result; unreadable ones are counted once."""
    found: dict[str, int] = {}
    for kind, numbers in (item.get("events") or {}).items():
        if kind.startswith("invalid: "):
            continue
        for result, number in numbers.items():
            found[result] = found.get(result, 0) + int(number)
    return found


def message_row(item: Document) -> Document:
    """Return a message as a row; `lag` is the number of seconds until its first good look."""
    context = item.get("context") or {}
    return {
        "id": item["id"],
        "environment": item["environment"],
        "type": item["type"],
        "level": item.get("level", ""),
        "state": item["state"],
        "outcome": item.get("outcome", ""),
        "sent": item.get("sent"),
        "received": item["received"],
        "looked": item.get("looked"),
        "settled": item.get("settled"),
        "lag": _lag(item),
        "keys": item.get("keys", []),
        "open": item.get("open", []),
        "scans": item.get("scans", []),
        "changes": item.get("changes", 0),
        "user": context.get("user") or context.get("user_id") or "",
        "request_id": context.get("request_id", ""),
        "project": context.get("project") or context.get("project_id") or "",
        "exchange": item.get("exchange", ""),
        "publisher": item.get("publisher", ""),
        "related_object": item.get("related_object"),
        "display_context": item.get("display_context"),
    }


def key_row(item: Document) -> Document:
    """Return a key as a row."""
    return {
        "key": item["_id"],
        "environment": item["environment"],
        "scope": item["scope"],
        "id": item["id"],
        "state": item["state"],
        "since": item.get("failed_at") or item["first_seen"],
        "attempts": item.get("attempts", 0),
        "reason": item.get("reason", ""),
        "events": [str(m).partition("/")[2] for m in item.get("messages", ())],
    }


def _lag(item: Document) -> float | None:
    looked: Any = item.get("looked")
    if looked is None:
        return None
    seconds: float = (looked - item["received"]).total_seconds()
    return round(seconds, 3)
