"""EventInstanceAdd: an instance was made."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceAdd(EventInstance):
    """A new or rebuilt instance: with its host, twice, because devices follow later."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance, and its hosts."""
        return self.instance(notification, deep=True, looks=1)
