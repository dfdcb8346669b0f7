"""EventRouter: the common base of the handlers of routers."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word, words
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventRouter(EventRescan):
    """The router, the network of its gateway, and the hosts that run it, twice."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the routers of the notification."""
        for router in items_of(notification, "router"):
            gateway = word(router.get("external_gateway_info"), "network_id")
            networks = words(gateway)
            yield Target(Scope.ROUTER, word(router, "id"), (), networks, deep=True, looks=1)
