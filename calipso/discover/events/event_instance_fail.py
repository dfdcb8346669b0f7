"""EventInstanceFail: an instance could not be made."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceFail(EventInstance):
    """The instance alone: it has no host, or not for long."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance."""
        return self.instance(notification, deep=False, looks=1)
