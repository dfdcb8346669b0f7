"""Dispatch: hand work to the workers by name, without importing them, and see how far it is.

The API and the command line reach the engine through this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from calipso.discover.engine import scan_manager
from calipso.discover.engine.scan_manager import check_start, progress
from calipso.discover.engine.schedules import add_schedule, enable_schedule, replace_schedule
from calipso.errors import NotQueued, StoreError
from calipso.model.events import Scope, Target
from calipso.model.scan import ScanRequest
from calipso.settings import settings
from calipso.stores.scans.event_keys import EventKeys
from calipso.utils.store_addresses import broker_url, redis_url

if TYPE_CHECKING:
    from celery import Celery

    from calipso.discover.events.event_manager import EventManager, Process
    from calipso.discover.events.listeners.listener_base import ListenerBase

__all__ = [
    "add_schedule",
    "cancel",
    "check_start",
    "client",
    "enable_schedule",
    "event_manager",
    "listener_of",
    "progress",
    "reconcile_events",
    "replace_schedule",
    "send_connection_test",
    "send_drift",
    "submit",
    "wake_events",
]

START = "calipso.scan.start"
TEST = "calipso.connection_test.run"
DRIFT = "calipso.drift.judge"
EVENTS = "calipso.events.look"


@lru_cache(maxsize=4)
def _client(broker: str, backend: str) -> Celery:
    from celery import Celery  # a command that only looks does not wait for it
    from celery.loaders.app import AppLoader

    import celeryconfig  # as a module: Celery looks up a name in the current directory first

    app = Celery("calipso", broker=broker, backend=backend, loader=AppLoader)
    app.config_from_object(celeryconfig)
    app.conf.broker_connection_timeout = 10
    app.conf.broker_transport_options = {"socket_connect_timeout": 10, "max_retries": 2}
    return app


def client() -> Celery:
    """A Celery client for the broker of the settings; it knows task names only."""
    return _client(broker_url(settings()), redis_url(settings()))


def submit(request: ScanRequest, scan_id: str | None = None) -> str:
    """Record a scan and send its start to the workers; returns its id.

    Raises NotFound for an unknown environment, NotQueued when the broker is away: the record
    stays, and the watchdog starts it when the broker is back.
    """
    created = scan_manager.create_scan(request, scan_id)
    try:
        client().send_task(START, args=[created], queue="scan", retry=False)
    except Exception as error:
        raise NotQueued(
            f"scan {created} is recorded and waits for the broker: {error}",
            scan_id=created,
            hint="It starts by itself when the broker is back; do not ask for it again. `calipso "
            "status` shows the state of the broker, `calipso scan cancel` ends the waiting.",
        ) from error
    return created


def send_connection_test(test_id: str, queues: Iterable[str]) -> None:
    """Send the jobs of a connection test, each to the queue that serves it.

    Raises StoreError when the broker is away. A message that nobody takes in time is dropped: the
    test has ended by then.
    """
    expires = settings().connection_test_seconds
    try:
        for number, queue in enumerate(queues):
            arguments = [test_id, number]
            client().send_task(TEST, args=arguments, queue=queue, expires=expires, retry=False)
    except Exception as error:
        raise StoreError(
            f"connection test {test_id} could not be queued: {error}",
            hint="Is the broker up? (`calipso status`, `calipso check`)",
        ) from error


def send_drift(environment: str, inventory: str) -> None:
    """Have the workers apply the drift rules. Raises StoreError when the broker is away."""
    try:
        client().send_task(DRIFT, args=[environment, inventory], queue="cliques", retry=False)
    except Exception as error:
        raise StoreError(
            f"drift of {environment} could not be queued: {error}",
            hint="Is the broker up? (`calipso status`, `calipso check`)",
        ) from error


def wake_events(environment: str) -> None:
    """Send for a look at the events of an environment. A broker that is away is no error: beat
    asks again.
    """
    with suppress(Exception):
        client().send_task(EVENTS, args=[environment], queue="events", expires=30, retry=False)


def reconcile_events(environment: str) -> None:
    """Have the lists of the API compared with the inventory soon."""
    EventKeys().mark(environment, [(Target(Scope.RECONCILE), "")], wait=0.0)
    wake_events(environment)


def event_manager(spawn: Callable[[str], Process], interval: float) -> EventManager:
    """Return the manager of listeners; `spawn` starts the listener of an environment."""
    from calipso.discover.events.event_manager import EventManager

    return EventManager(spawn, wake_events, interval=interval)


def listener_of(environment: str) -> ListenerBase:
    """Return the listener of an environment. Raises NotFound, ConfigError and MetadataError."""
    from calipso.discover.events.listening import listener_of as found

    return found(environment)


def cancel(scan_id: str) -> None:
    """Ask a scan to stop; its tasks end by themselves."""
    scan_manager.cancel_scan(scan_id)
