"""The collections of events; `calipso.model.collections` has the table of all."""

from __future__ import annotations

from calipso.model.collection_spec import Backup, CollectionSpec, Retention, Scope, by

OF_EVENTS = (
    CollectionSpec(
        "events",
        Scope.ENVIRONMENT,
        "notifications of clouds, and what came of them",
        Backup.HISTORY,
        (
            by("environment", "received"),
            by("environment", "state"),
            by("received"),
        ),
        Retention("retention_days_events", "received"),
        removed_by="environment",
    ),
    CollectionSpec(
        "event_keys",
        Scope.ENVIRONMENT,
        "what events ask to look at again",
        Backup.NEVER,
        (by("environment", "state"), by("state")),
        removed_by="environment",
    ),
    CollectionSpec(
        "event_batches",
        Scope.ENVIRONMENT,
        "what is looked at just now because of events",
        Backup.NEVER,
        removed_by="environment",
    ),
    CollectionSpec(
        "event_listeners",
        Scope.ENVIRONMENT,
        "states and counters of the listeners of events",
        Backup.NEVER,
        removed_by="environment",
    ),
)
