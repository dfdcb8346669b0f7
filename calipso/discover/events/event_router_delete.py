"""EventRouterDelete: a router was deleted."""

from __future__ import annotations

from calipso.discover.events.event_router import EventRouter


class EventRouterDelete(EventRouter):
    """A router that was deleted."""
