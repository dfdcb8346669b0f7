"""Intake: stores the messages of one environment once, and marks what they name.

Nothing slow happens here: no host and no API is asked. Keys are marked before the message is
stored, so a process that dies in between marks them again, which does no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from calipso.discover.events.event_base import EventBase
from calipso.discover.events.event_rescan import EventRescan
from calipso.discover.events.events_metadata import EventsMetadata, load_events
from calipso.discover.events.notification import (
    InvalidNotification,
    context_of,
    parse,
    sent_at,
)
from calipso.model.documents import Document
from calipso.model.events import MessageState, Scope, Target, merged
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import EventStore, message_key
from calipso.stores.scans.listener_store import ListenerStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds until lists are compared again after a gap; a broker that comes and goes asks often.
RECONCILE_PAUSE = 30.0


@dataclass(frozen=True)
class Body:
    """A message as a source gives it."""

    content: bytes | str
    exchange: str = ""
    routing_key: str = ""


class Intake:
    """Takes the messages of one environment."""

    def __init__(self, environment: str, metadata: EventsMetadata | None = None) -> None:
        self.environment = environment
        self.metadata = metadata or load_events()
        self.events = EventStore()
        self.keys = EventKeys()
        self.listeners = ListenerStore()
        self.events.ensure_indexes()
        self.keys.ensure_indexes()
        self._handlers: dict[str, EventBase] = {}
        self._reconciled: datetime | None = None

    def take(self, bodies: Sequence[Body]) -> None:
        """Store what is new among these messages. Raises StoreFailure when the store is away."""
        counts: Counter[tuple[str, str]] = Counter()
        last: dict[str, datetime] = {}
        found: dict[str, tuple[Document, Body]] = {}
        for body in bodies:
            last[body.exchange] = now()
            try:
                notification = parse(body.content)
            except InvalidNotification as error:
                counts["invalid", "invalid"] += 1
                counts[f"invalid: {error.message}", "invalid"] += 1
                continue
            kind = notification["event_type"]
            if kind not in self.metadata.handlers:
                counts[kind, "unmapped"] += 1
                continue
            key = message_key(self.environment, notification["message_id"])
            if key in found:
                counts[kind, "duplicate"] += 1
                continue
            found[key] = notification, body
        for key in self.events.known(found):
            counts[found.pop(key)[0]["event_type"], "duplicate"] += 1
        self._store(found, counts)
        self.listeners.count(self.environment, counts, last)
        counts.clear()

    def gap(self, cause: str) -> None:
        """Compare the lists of the API with the inventory soon, because messages may be lost."""
        recent = self._reconciled and (now() - self._reconciled).total_seconds() < RECONCILE_PAUSE
        self._reconciled = now()
        wait = RECONCILE_PAUSE if recent else 0.0
        self.keys.mark(self.environment, [(Target(Scope.RECONCILE), "")], wait=wait)
        self.listeners.add(self.environment, **{f"gaps__{cause}": 1})
        log.info("lists are compared: %s", cause, extra={"environment": self.environment})

    # -- parts -------------------------------------------------------------------------

    def _store(
        self, found: dict[str, tuple[Document, Body]], counts: Counter[tuple[str, str]]
    ) -> None:
        marks: list[tuple[Target, str]] = []
        messages: list[Document] = []
        for key, (notification, body) in found.items():
            targets, outcome = self._targets(notification)
            state = MessageState.WAITING if targets else MessageState.FAILED
            message = self._message(key, notification, body, targets)
            messages.append(message | {"state": state.value, "outcome": outcome})
            marks += [(target, key) for target in targets]
            kind = notification["event_type"]
            counts[kind, "handled" if targets else "failed"] += 1
        if marks:
            self.keys.mark(self.environment, marks)
        self.events.add(messages)
        if marks and self.keys.number(self.environment) > settings().event_keys:
            waiting = [message["_id"] for message in messages]
            number = self.keys.collapse(self.environment, waiting)
            self.listeners.add(self.environment, gaps__inbox=1)
            log.warning("%d keys become one scan", number, extra={"environment": self.environment})

    def _targets(self, notification: Document) -> tuple[list[Target], str]:
        """Return what a message asks to look at, or nothing and the reason."""
        handler = self._handler(notification["event_type"])
        if not isinstance(handler, EventRescan):  # it runs in a worker
            return [Target(Scope.MESSAGE, notification["message_id"])], ""
        try:
            targets = merged(handler.targets(notification))
        except Exception as error:
            if is_store_error(error):
                raise
            name = type(handler).__name__
            log.exception("handler failed", extra={"handler": name})
            return [], f"{name}: {type(error).__name__}"
        return targets, "" if targets else "the payload names nothing"

    def _handler(self, kind: str) -> EventBase:
        if kind not in self._handlers:
            self._handlers[kind] = self.metadata.handlers[kind]()
            self._handlers[kind].bind(self.environment)
        return self._handlers[kind]

    def _message(
        self, key: str, notification: Document, body: Body, targets: Sequence[Target]
    ) -> Document:
        keys = [target.key for target in targets]
        message: Document = {
            "_id": key,
            "id": notification["message_id"],
            "environment": self.environment,
            "type": notification["event_type"],
            "level": (notification["priority"] or "INFO").lower()[:20],
            "publisher": notification["publisher_id"],
            "exchange": body.exchange,
            "routing_key": body.routing_key[:255],
            "sent": sent_at(notification),
            "received": now(),
            "context": context_of(notification),
            "keys": keys,
            "open": keys,
            "changes": 0,
            "looked": None,
            "settled": None,
            "scans": [],
        }
        if any(target.scope is Scope.MESSAGE for target in targets):
            message["notification"] = notification
        return message
