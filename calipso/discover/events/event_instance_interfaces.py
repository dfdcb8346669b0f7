"""EventInstanceInterfaces: an interface came to an instance, or left it."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceInterfaces(EventInstance):
    """The instance, its host and the ports that the notification names."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance, and its hosts."""
        return self.instance(notification, deep=True, looks=1)
