"""EventInterfaceAdd: a network joined a router."""

from __future__ import annotations

from calipso.discover.events.event_interface import EventInterface


class EventInterfaceAdd(EventInterface):
    """An interface that came to a router."""
