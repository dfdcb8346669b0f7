"""EventPort: the common base of the handlers of ports."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, port_target
from calipso.model.documents import Document
from calipso.model.events import Target


class EventPort(EventRescan):
    """The ports with their network; of a bound port also its host, twice.

    A host follows some seconds later, and no notification tells of it.
    """

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the ports of the notification, also of one that made many."""
        return [port_target(port) for port in items_of(notification, "port")]
