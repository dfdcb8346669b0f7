"""EventAggregate: an aggregate of hosts changed."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventAggregate(EventRescan):
    """All aggregates: they are few, and one question reads them."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the one target."""
        yield Target(Scope.AGGREGATES)
