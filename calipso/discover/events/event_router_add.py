"""EventRouterAdd: a router was made."""

from __future__ import annotations

from calipso.discover.events.event_router import EventRouter


class EventRouterAdd(EventRouter):
    """A router that was made."""
