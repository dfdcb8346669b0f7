"""EventManager: keeps one listener running for each environment that asks for it.

An environment asks for it by `listen`, and needs one finished scan. A listener is a process of its
own. Two managers share the environments: a lease in the store says who listens to which.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calipso.model.documents import Document
from calipso.model.events import ListenerState
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.listener_store import ListenerStore
from calipso.stores.scans.worker_store import WorkerStore
from calipso.utils.clock import now

log = logging.getLogger(__name__)

#: Seconds between two looks at the environments and listeners.
INTERVAL = 5.0
#: Seconds between two looks at what is due.
TICK = 0.5
#: Seconds between two signs of life of the manager.
HEARTBEAT = 2.0
#: Seconds a listener has to end before it is killed.
GRACE = 5.0
#: Seconds without a sign of life after which a listener counts as hanging.
SILENT = 60.0
#: Pauses before a listener that ended by itself starts again, in seconds.
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)

#: What the state of a listener is called in the environment, in the words of the original.
OPERATIONAL = {
    ListenerState.RUNNING.value: "running",
    ListenerState.ERROR.value: "error",
    ListenerState.WAITING.value: "stopped",
    ListenerState.STOPPED.value: "stopped",
}


class Process(Protocol):
    """A listener's process, as `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""


@dataclass
class Listener:
    """One listener that this manager started."""

    process: Process
    fingerprint: str
    started: float


class EventManager:
    """Starts, watches and stops listeners; has what is due looked at."""

    def __init__(
        self,
        spawn: Callable[[str], Process],
        wake: Callable[[str], None],
        *,
        interval: float = INTERVAL,
    ) -> None:
        """`spawn` starts the listener of an environment, `wake` sends for a look at its events."""
        self.name = f"events@{socket.gethostname()}#{os.getpid()}-{time.time_ns():x}"
        self.interval = interval
        self.listeners: dict[str, Listener] = {}
        self._spawn = spawn
        self._wake = wake
        self._store = ListenerStore()
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._woken: dict[str, float] = {}
        self._shown = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Manage until `stop` is set, whatever the store does."""
        looked = 0.0
        while not stop.is_set():
            try:
                self._show_life()
                if time.monotonic() - looked >= self.interval:
                    looked = time.monotonic()
                    self.manage()
                self.wake_what_is_due()
            except Exception as error:
                if is_store_error(error):
                    log.warning("the store is away: %s", str(error).partition(", Timeout")[0][:200])
                else:
                    log.exception("manager goes on")
            stop.wait(TICK)
        self.end()
        try:
            WorkerStore().forget(self.name)
        except Exception as error:
            if not is_store_error(error):
                raise

    def _show_life(self) -> None:
        """A heartbeat as that of a worker without queues, and a file for health checks."""
        if time.monotonic() - self._shown < HEARTBEAT:
            return
        self._shown = time.monotonic()
        folder = settings().data_dir() / "run"
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / "heartbeat-events").touch()
        WorkerStore().beat(self.name, [])

    def manage(self) -> None:
        """One look at all environments and listeners."""
        documents = {str(item["name"]): item for item in EnvironmentStore().collection.find({})}
        for name in sorted(self.listeners.keys() - documents.keys()):
            self._stop(name, "the environment was removed")
        for name, document in documents.items():
            self._one(name, document)

    def wake_what_is_due(self) -> None:
        """Send for a look at each environment with keys that are due, not more often than it
        takes.
        """
        keys = EventKeys()
        for name in keys.environments():
            recent = time.monotonic() - self._woken.get(name, 0.0) < 2 * TICK
            if not recent and keys.due(name):
                self._woken[name] = time.monotonic()
                self._wake(name)

    def end(self) -> None:
        """Stop all listeners."""
        for name, listener in self.listeners.items():
            log.info("listener is asked to stop", extra={"environment": name})
            listener.process.terminate()
        for name in list(self.listeners):
            self._stop(name, "the manager stopped")

    # -- one environment ---------------------------------------------------------------

    def _one(self, name: str, document: Document) -> None:
        problem = unready(document)
        if problem is not None:
            state, reason = problem
            self._stop(name, reason)
            if document.get("listen"):
                self._told(name, state, reason)
            elif self._store.get(name).get("state") not in (None, ListenerState.STOPPED.value):
                self._told(name, ListenerState.STOPPED, reason)
            return
        if not self._store.claim(name, self.name):
            self._stop(name, "another manager listens", told=False)
            return
        self._look_at(name, document)
        if name not in self.listeners and time.monotonic() >= self._not_before.get(name, 0.0):
            self._start(name, document)
        state = self._store.get(name).get("state", ListenerState.WAITING.value)
        self._operational(name, document, OPERATIONAL[state])

    def _look_at(self, name: str, document: Document) -> None:
        """Notice a listener that ended, hangs, or has other settings now."""
        listener = self.listeners.get(name)
        if listener is None:
            return
        code = listener.process.poll()
        if code is not None:
            del self.listeners[name]
            steady = time.monotonic() - listener.started > SILENT
            failures = 1 if steady else self._failures.get(name, 0) + 1
            self._failures[name] = failures
            pause = PAUSES[min(failures, len(PAUSES) - 1)] if failures > 1 else 0.0
            self._not_before[name] = time.monotonic() + pause
            how = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
            self._told(name, ListenerState.ERROR, f"the listener {how}; it is started again")
        elif listener.fingerprint != fingerprint(document):
            self._stop(name, "its settings changed")
        elif self._is_silent(name, listener):
            log.error("listener hangs and is killed", extra={"environment": name})
            listener.process.kill()

    def _is_silent(self, name: str, listener: Listener) -> bool:
        seen = self._store.get(name).get("seen")
        old = seen is None or (now() - seen).total_seconds() > SILENT
        return old and time.monotonic() - listener.started > SILENT

    def _start(self, name: str, document: Document) -> None:
        try:
            process = self._spawn(name)
        except OSError as error:
            self._told(name, ListenerState.ERROR, f"the listener cannot start: {error}")
            return
        self.listeners[name] = Listener(process, fingerprint(document), time.monotonic())
        where = {"environment": name, "pid": process.pid}
        log.info("listener started", extra=where)

    def _stop(self, name: str, reason: str, *, told: bool = True) -> None:
        listener = self.listeners.pop(name, None)
        if listener is None:
            return
        listener.process.terminate()
        try:
            listener.process.wait(GRACE)
        except Exception:  # noqa: BLE001 - subprocess.TimeoutExpired, or that of a test's process
            listener.process.kill()
            listener.process.wait(GRACE)
        log.info("listener stopped: %s", reason, extra={"environment": name})
        try:
            if told:
                self._told(name, ListenerState.STOPPED, reason)
            self._store.give_up(name, self.name)
        except Exception as error:
            if not is_store_error(error):
                raise

    def _told(self, name: str, state: ListenerState, reason: str) -> None:
        self._store.tell(name, state, reason)
        EnvironmentStore().set_status(name, operational=OPERATIONAL[state.value])

    def _operational(self, name: str, document: Document, wanted: str) -> None:
        if document.get("operational") != wanted:
            EnvironmentStore().set_status(name, operational=wanted)


def unready(document: Document) -> tuple[ListenerState, str] | None:
    """Return why nobody listens to an environment; None when somebody should."""
    if not document.get("listen"):
        return ListenerState.STOPPED, "listen is off"
    sections = {section.get("name") for section in document.get("configuration") or ()}
    if "AMQP" not in sections and not document.get("event_listener"):
        return ListenerState.ERROR, "it has no section AMQP"
    if not document.get("scanned"):
        return ListenerState.WAITING, "it was not scanned yet: run a scan first"
    return None


def fingerprint(document: Document) -> str:
    """Return a text that changes with what a listener depends on. Secrets are encrypted in it."""
    sections = [s for s in document.get("configuration") or () if s.get("name") == "AMQP"]
    text = repr((document.get("event_listener"), sections))
    return hashlib.sha256(text.encode()).hexdigest()
