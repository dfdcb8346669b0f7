"""EventNetworkAdd: a network was made."""

from __future__ import annotations

from calipso.discover.events.event_network import EventNetwork


class EventNetworkAdd(EventNetwork):
    """A new network."""
