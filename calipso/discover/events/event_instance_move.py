"""EventInstanceMove: an instance runs on another host now."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceMove(EventInstance):
    """The instance, the host that the inventory knows, and the host that Nova names."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance, and its hosts."""
        return self.instance(notification, deep=True, looks=1)
