"""EventInterfaceDelete: a network left a router."""

from __future__ import annotations

from calipso.discover.events.event_interface import EventInterface


class EventInterfaceDelete(EventInterface):
    """An interface that left a router."""
