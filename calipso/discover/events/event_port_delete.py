"""EventPortDelete: ports were deleted."""

from __future__ import annotations

from calipso.discover.events.event_port import EventPort


class EventPortDelete(EventPort):
    """Ports that were deleted."""
