"""Listening: the work of one listener's process."""

from __future__ import annotations

from calipso.discover.events.events_metadata import load_events
from calipso.discover.events.listeners.listener_base import ListenerBase
from calipso.stores.config.environment_store import EnvironmentStore


def listener_of(environment: str) -> ListenerBase:
    """Return the listener of an environment. Raises NotFound, ConfigError and MetadataError."""
    known = EnvironmentStore().get(environment)
    return load_events().listener(known.event_listener)(known)
