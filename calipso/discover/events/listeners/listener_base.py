"""ListenerBase: the base of all listeners, independent of the source that they listen to.

A listener takes bodies from its source and gives them to `receive`, which stores them; when
`receive` returns, the source may forget them. It runs until its process gets SIGTERM.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calipso.model.environment import Environment
from calipso.model.events import ListenerState
from calipso.stores.scans.listener_store import ListenerStore

if TYPE_CHECKING:
    from calipso.discover.events.event_intake import Body


class ListenerBase(ABC):
    """Listens for one environment."""

    def __init__(self, environment: Environment) -> None:
        from calipso.discover.events.event_intake import Intake  # handlers import this module

        self.environment = environment
        self.store = ListenerStore()
        self.intake = Intake(environment.name)

    @abstractmethod
    def listen(self) -> None:
        """Listen until the process is ended by a signal."""

    def receive(self, bodies: Sequence[Body]) -> None:
        """Store messages and mark what they name. Raises StoreFailure when the store is away:
        then the source has to deliver them again.
        """
        self.intake.take(bodies)

    def tell(self, state: ListenerState, reason: str = "") -> None:
        """Say what the listener does, for `calipso events status`."""
        self.store.tell(self.environment.name, state, reason)

    def tell_urls(self, urls: Mapping[str, Mapping[str, Any]]) -> None:
        """Say what is known of each address that the listener is connected to."""
        self.store.urls(self.environment.name, urls)

    def gap(self, cause: str) -> None:
        """Messages may have been missed: compare the lists of the API with the inventory."""
        self.intake.gap(cause)
