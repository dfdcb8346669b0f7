"""EventNetwork: the common base of the handlers of networks and segments."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventNetwork(EventRescan):
    """The network with its ports; what the hosts do for it follows from its subnets and ports."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the networks of the notification."""
        for network in items_of(notification, "network"):
            yield Target(Scope.NETWORK, word(network, "id"), deep=self.deep)

    #: Hosts of the network are read too.
    deep = False
