"""EventRouterUpdate: a router was changed."""

from __future__ import annotations

from calipso.discover.events.event_router import EventRouter


class EventRouterUpdate(EventRouter):
    """A router that was changed."""
