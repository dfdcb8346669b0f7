"""DefaultListener: the notifications of OpenStack by RabbitMQ, one connection for each broker."""

from __future__ import annotations

import logging
import re
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from calipso.discover.events.event_intake import Body
from calipso.discover.events.listeners.listener_base import ListenerBase
from calipso.model.events import ListenerState
from calipso.sources.amqp.brokers import brokers_of
from calipso.sources.amqp.consumer import Consumer, Delivery
from calipso.stores.mongo.mongo_access import is_store_error

log = logging.getLogger(__name__)

#: Seconds between two signs of life in the store.
TELL_EVERY = 3.0
#: Seconds between two looks at whether a state is another one.
LOOK_EVERY = 0.2


class DefaultListener(ListenerBase):
    """Consumes from all brokers of an environment, each in a thread of its own."""

    def listen(self) -> None:
        """Listen until SIGTERM or SIGINT."""
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _n, _f: _set(stop))
        self.run(stop)

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set."""
        self._lock = threading.Lock()
        consumers = [
            Consumer(
                broker, self.queue(), self.intake.metadata.exchanges, self._take, self.gap, stop
            )
            for broker in brokers_of(self.environment)
        ]
        threads = [
            threading.Thread(target=consumer.run, name=consumer.broker.url, daemon=True)
            for consumer in consumers
        ]
        for thread in threads:
            thread.start()
        told: tuple[float, list[tuple[str, str]]] = (0.0, [])
        while not stop.wait(LOOK_EVERY):
            now = [(consumer.state.state, consumer.state.reason) for consumer in consumers]
            if now != told[1] or time.monotonic() - told[0] > TELL_EVERY:
                told = (time.monotonic(), now)
                self._tell(consumers)
        for thread in threads:
            thread.join(10)
        self._tell_quietly(ListenerState.STOPPED, "asked to stop")

    def queue(self) -> str:
        """The name of the queue, which no other reader and no other installation uses."""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", self.environment.name)
        return f"calipso.{name}.{self.store.installation()}"

    def _take(self, deliveries: Sequence[Delivery]) -> None:
        """Store messages; one that breaks the intake is left out, and counted."""
        bodies = [Body(*delivery) for delivery in deliveries]
        with self._lock:
            try:
                self.receive(bodies)
            except Exception as error:
                if is_store_error(error):
                    raise
                log.exception("messages are taken one by one")
                for body in bodies:
                    self._take_alone(body)

    def _take_alone(self, body: Body) -> None:
        try:
            self.receive([body])
        except Exception as error:
            if is_store_error(error):
                raise
            log.exception("message left out")
            self.store.count(self.environment.name, {("invalid", "invalid"): 1})

    def _tell(self, consumers: Sequence[Consumer]) -> None:
        states = {consumer.broker.url: asdict(consumer.state) for consumer in consumers}
        state, reason = summary(states)
        try:
            self.tell_urls(states)
        except Exception as error:
            if not is_store_error(error):
                raise
            return  # the next time is seconds away
        self._tell_quietly(state, reason)

    def _tell_quietly(self, state: ListenerState, reason: str) -> None:
        try:
            self.tell(state, reason)
        except Exception as error:
            if not is_store_error(error):
                raise


def summary(states: dict[str, dict[str, Any]]) -> tuple[ListenerState, str]:
    """Return the state of a listener from those of its brokers; the worst one counts."""
    for wanted in (ListenerState.ERROR, ListenerState.WAITING, ListenerState.RUNNING):
        reasons = [str(s["reason"]) for s in states.values() if s["state"] == wanted.value]
        if reasons:
            return wanted, "; ".join(filter(None, reasons))
    return ListenerState.WAITING, "no broker"


def _set(stop: threading.Event) -> None:
    """Set an event from a signal: not within its own wait, which would never end."""
    threading.Thread(target=stop.set, daemon=True).start()
