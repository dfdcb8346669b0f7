"""EventAgentUpdate: an agent of Neutron or a service of Nova was changed."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, word
from calipso.discover.events.notification import data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventAgentUpdate(EventRescan):
    """The host on which it runs."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the host."""
        data = data_of(notification)
        agent = data.get("agent")
        if host := word(agent, "host") or word(data, "host"):
            yield Target(Scope.HOST, host)
