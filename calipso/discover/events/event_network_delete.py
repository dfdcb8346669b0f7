"""EventNetworkDelete: a network was deleted, with its subnets and ports."""

from __future__ import annotations

from calipso.discover.events.event_network import EventNetwork


class EventNetworkDelete(EventNetwork):
    """A network and the hosts that served it. No event tells of its subnets."""

    deep = True
