"""EventFloatingIp: a floating IP was made, joined to a port, freed or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from calipso.discover.events.event_rescan import EventRescan, items_of, word, words
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventFloatingIp(EventRescan):
    """The address, its router and hosts, the floating network, and the port behind it."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return what a floating IP touches; its own port makes no event."""
        for item in items_of(notification, "floatingip"):
            yield from touched_by(item)


def touched_by(floating_ip: Mapping[str, Any]) -> Iterator[Target]:
    """Return what a floating IP touches, by its fields at Neutron."""
    router = word(floating_ip, "router_id")
    yield Target(Scope.FLOATING_IP, word(floating_ip, "id"))
    if network := word(floating_ip, "floating_network_id"):
        # one that is free does not say which router had it
        yield Target(Scope.NETWORK, network, deep=not router, looks=int(not router))
    if router:
        yield Target(Scope.ROUTER, router, deep=True, looks=1)
    if port := word(floating_ip, "port_id"):
        inside = words(word(floating_ip.get("port_details"), "network_id"))
        yield Target(Scope.PORT, port, (), inside)
