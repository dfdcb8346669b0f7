"""EventSubnetAdd: a subnet was made."""

from __future__ import annotations

from calipso.discover.events.event_subnet import EventSubnet


class EventSubnetAdd(EventSubnet):
    """A subnet that was made."""
