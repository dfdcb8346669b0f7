"""EventInstance: the common base of the handlers of instances."""

from __future__ import annotations

from calipso.discover.events.event_rescan import EventRescan, nova_items, word, words
from calipso.discover.events.notification import data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventInstance(EventRescan):
    """Reads what the legacy and the versioned notifications of Nova say of an instance."""

    def instance(self, notification: Document, *, deep: bool, looks: int) -> list[Target]:
        """Return the instance; with `deep` also its hosts and its ports."""
        data = data_of(notification)
        key = word(data, "instance_id", "uuid", "server_id")
        if not key:
            return []
        hosts = words(word(data, "host"), word(data, "dest_host")) if deep else ()
        found = [Target(Scope.INSTANCE, key, hosts, deep=deep, looks=looks)]
        if deep:
            found += [
                Target(Scope.PORT, port, looks=looks)
                for item in nova_items(data.get("ip_addresses"))
                if (port := word(item, "port_uuid"))
            ]
        return found
