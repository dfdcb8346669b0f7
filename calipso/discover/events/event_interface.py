"""EventInterface: the common base of the handlers of router interfaces."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word, words
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventInterface(EventRescan):
    """The router with its hosts, and the network of the interface, twice.

    The port of the interface makes no event of its own.
    """

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the router and the network."""
        for interface in items_of(notification, "router_interface"):
            networks = words(word(interface, "network_id"))
            yield Target(Scope.ROUTER, word(interface, "id"), (), networks, deep=True, looks=1)
            if port := word(interface, "port_id"):
                yield Target(Scope.PORT, port, (), networks, looks=1)
