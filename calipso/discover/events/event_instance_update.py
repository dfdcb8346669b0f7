"""EventInstanceUpdate: a field or the state of an instance changed."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_instance import EventInstance
from calipso.discover.events.event_rescan import word
from calipso.discover.events.notification import NOVA_DATA, data_of
from calipso.model.documents import Document
from calipso.model.events import Target


class EventInstanceUpdate(EventInstance):
    """Name, power, state: the instance alone; its host too when it came to life, or ended."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the instance."""
        data = data_of(notification)
        update = data.get("state_update")
        state = update.get(NOVA_DATA, update) if isinstance(update, dict) else data
        old, new = word(state, "old_state"), word(state, "state")
        other = bool(old) and bool(new) and old != new
        return self.instance(notification, deep=other, looks=int(other))
