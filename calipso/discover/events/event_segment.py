"""EventSegment: a segment of a network was made, changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventSegment(EventRescan):
    """The network of the segment, and its hosts."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the networks of the segments."""
        for segment in items_of(notification, "segment"):
            if network := word(segment, "network_id"):
                yield Target(Scope.NETWORK, network, deep=True)
