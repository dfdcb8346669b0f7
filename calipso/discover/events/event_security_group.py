"""EventSecurityGroup: a security group or one of its rules changed."""

from __future__ import annotations

from collections.abc import Iterable

from calipso.discover.events.event_rescan import EventRescan, items_of, word
from calipso.model.documents import Document
from calipso.model.events import Scope, Target


class EventSecurityGroup(EventRescan):
    """The ports that use the group."""

    def targets(self, notification: Document) -> Iterable[Target]:
        """Return the security groups of the notification."""
        for group in items_of(notification, "security_group"):
            yield Target(Scope.SECURITY_GROUP, word(group, "id"))
        for rule in items_of(notification, "security_group_rule"):
            if key := word(rule, "security_group_id"):
                yield Target(Scope.SECURITY_GROUP, key)
