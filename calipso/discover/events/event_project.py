"""EventProject: a project of Keystone was made, changed or deleted."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, word
from calipso.discover.events.notification import data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventProject(EventRescan):
    """The project. Keystone names it by `resource_info`, or as the target of an audit record."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the project."""
        data = data_of(notification)
        key = word(data, "resource_info") or word(data.get("target"), "id")
        if key:
            yield Target(Scope.PROJECT, key)
