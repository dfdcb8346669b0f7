"""EventSubnetUpdate: a subnet was changed."""

from __future__ import annotations

from calipso.discover.events.event_subnet import EventSubnet


class EventSubnetUpdate(EventSubnet):
    """A subnet that was changed."""
