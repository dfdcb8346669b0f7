"""EventNetworkUpdate: a network was changed."""

from __future__ import annotations

from calipso.discover.events.event_network import EventNetwork


class EventNetworkUpdate(EventNetwork):
    """A network with its hosts: a new MTU or segment reaches them."""

    deep = True
