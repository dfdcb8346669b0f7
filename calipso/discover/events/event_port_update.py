"""EventPortUpdate: ports were changed."""

from __future__ import annotations

from calipso.discover.events.event_port import EventPort


class EventPortUpdate(EventPort):
    """Ports that were changed."""
