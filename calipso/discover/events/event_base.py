"""EventBase: the base of all handlers of events, and EventResult, what a handler answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.stores.inventory.changes import differences
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_writer import change_operation
from calipso.utils.clock import now


@dataclass
class EventResult:
    """What came of an event.

    `retry` counts only if `result` is False: the event is tried again, later and later.
    `related_object` is the id of the object that the event is about, `display_context` the id of
    the object to show it with.
    """

    result: bool
    retry: bool = False
    message: str | None = None
    related_object: str | None = None
    display_context: str | None = None


class EventInventory(InventoryMgr):
    """The inventory as a handler writes it: objects belong to the environment of the event."""

    def __init__(self, inventory: str | None = None) -> None:
        super().__init__(inventory)
        self.environment = ""
        self.event: Document = {}

    def set(self, item: Document) -> None:
        """Insert or update one object, and record what changed; `environment` may be left out."""
        whole = {"environment": self.environment, **item, "last_scanned": now()}
        kind, key = str(whole["type"]), str(whole["id"])
        old = self.get_by_id(whole["environment"], key, kind)
        super().set(whole)
        subject: Document = {"kind": "object", "type": kind, "id": key}
        subject |= {"name": whole.get("name", key), "host": whole.get("host", ""), "fields": {}}
        if old is not None:
            subject["fields"] = differences(old, old | whole)
            if not subject["fields"]:
                return
        subject |= self.event
        what = "added" if old is None else "changed"
        about = str(self.event.get("event", {}).get("id", ""))
        write = change_operation(whole["environment"], about, what, subject, now())
        self.bulk("changes", [write])

    def remove(self, object_type: str, object_id: str) -> None:
        """Remove one object of the environment; what is below it stays."""
        key = object_key(self.environment, object_type, object_id)
        self.delete_by_keys("inventory", [key])


class EventBase(ABC):
    """One handler; its module is named as its class, in snake case.

    `self.inv` reads and writes the inventory. A handler has no arguments when it is made.
    """

    def __init__(self) -> None:
        self.inv = EventInventory()

    def bind(self, env: str, event: Mapping[str, Any] | None = None) -> None:
        """Say for which environment, and because of which event, the inventory is written."""
        self.inv.environment = env
        self.inv.event = {"origin": "event", "event": dict(event or {})}

    @abstractmethod
    def handle(self, env: str, notification: dict[str, Any]) -> EventResult:
        """Handle one notification of an environment."""
