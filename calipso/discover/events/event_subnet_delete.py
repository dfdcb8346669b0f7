"""EventSubnetDelete: a subnet was deleted."""

from __future__ import annotations

from calipso.discover.events.event_subnet import EventSubnet


class EventSubnetDelete(EventSubnet):
    """A subnet that was deleted."""
