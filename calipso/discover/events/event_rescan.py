"""EventRescan: the base of Calipso's own handlers. An event is a hint; a new look is the truth.

A handler says only which things a notification is about. They are looked at again by a scan of
them, so the order of events, their loss and their repetition do no harm.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from calipso.discover.events.event_base import EventBase, EventResult
from calipso.discover.events.notification import NOVA_DATA, data_of
from calipso.model.documents import Document
from calipso.model.events import Scope, Target, merged
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_store import message_key

#: Characters an id or a name of a host may have; longer ones are no ids.
LONGEST = 255


class EventRescan(EventBase):
    """A handler that asks for new looks and writes nothing itself."""

    @abstractmethod
    def targets(self, notification: Document) -> Iterable[Target]:
        """Return what is to be looked at again; nothing for a payload that names nothing."""

    def handle(self, env: str, notification: dict[str, Any]) -> EventResult:
        """Mark the targets."""
        targets = merged(self.targets(notification))
        if not targets:
            return EventResult(result=False, message="the payload names nothing")
        message = message_key(env, str(notification.get("message_id") or ""))
        EventKeys().mark(env, [(target, message) for target in targets])
        first = targets[0].id
        return EventResult(result=True, related_object=first, display_context=first)


def items_of(notification: Document, name: str, plural: str = "") -> Iterator[Document]:
    """Yield the resources of a notification of Neutron: `{"port": {..}}` or `{"ports": [..]}`.

    Of a deleted one without its content, only the id is known: `{"port_id": ..}`.
    """
    payload = data_of(notification)
    one, several = payload.get(name), payload.get(plural or f"{name}s")
    found = [one] if isinstance(one, dict) else []
    if isinstance(several, list):
        found += [item for item in several if isinstance(item, dict)]
    if not found and (key := word(payload, f"{name}_id") or word(payload, "id")):
        found = [{"id": key}]
    yield from (item for item in found if word(item, "id"))


def word(item: Any, *names: str) -> str:
    """Return the first of these fields that is a usable text; empty when none is."""
    for name in names:
        value = item.get(name) if isinstance(item, dict) else None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable():
            return value
    return ""


def words(*values: str) -> tuple[str, ...]:
    """Return those of these texts that are not empty, each once."""
    return tuple(dict.fromkeys(filter(None, values)))


def nova_items(value: Any) -> list[Document]:
    """Return the objects of a list in a versioned notification of Nova."""
    if not isinstance(value, list):
        return []
    inner = [item.get(NOVA_DATA, item) for item in value if isinstance(item, dict)]
    return [item for item in inner if isinstance(item, dict)]


def port_target(port: Document, *, looks: int = 1) -> Target:
    """Return the target of a port; the host of a bound one is read too."""
    host = word(port, "binding:host_id")
    bound = bool(host) or word(port, "device_owner").startswith("compute:")
    networks = words(word(port, "network_id"))
    return Target(
        Scope.PORT, word(port, "id"), words(host), networks, deep=bound, looks=looks * bound
    )
