"""EventInstanceDelete: an instance was deleted."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceDelete(EventInstance):
    """The instance and its host: both have to say that it is gone."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance, and its hosts."""
        return self.instance(notification, deep=True, looks=1)
