"""EventTrunk: a trunk was made, changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventTrunk(EventRescan):
    """The parent port and the sub-ports, with their hosts."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the ports of the trunks."""
        for trunk in items_of(notification, "trunk"):
            subs = trunk.get("sub_ports")
            ports = [trunk, *(subs if isinstance(subs, list) else ())]
            for port in ports:
                if key := word(port, "port_id"):
                    yield Target(Scope.PORT, key, deep=True, looks=1)
