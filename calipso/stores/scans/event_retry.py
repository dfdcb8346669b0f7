"""Another try of what was given up: its key, and the messages that wait for it."""

from __future__ import annotations

from calipso.model.documents import Document
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore


def retry(key: str) -> Document:
    """Let a key that was given up be looked at again, now; returns it. Raises NotFound."""
    stored = EventKeys().retry(key)
    name = f"{stored['scope']}:{stored['id']}"
    EventStore().reopen(stored.get("messages") or (), [name])
    return stored
