"""EventPortAdd: ports were made."""

from __future__ import annotations

from calipso.discover.events.event_port import EventPort


class EventPortAdd(EventPort):
    """Ports that were made."""
