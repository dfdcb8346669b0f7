"""Limits that hold over all worker processes: so many sessions to a host, so many calls at once.

Redis stores who holds a slot of a limit, and until when. This lease runs by the clock of Redis, and
the process of the holder prolongs it. So the slot of a killed process becomes free. Processes wait
in line; whoever gives a slot back hands it to the next in line.

A process without Redis (`scan_local`), or one that cannot reach it, applies each limit to itself
alone.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable

from redis.exceptions import RedisError

from calipso.errors import ConfigError
from calipso.limits.limit_store import LimitStore
from calipso.settings import Settings, settings
from calipso.utils.store_addresses import redis_url

log = logging.getLogger(__name__)

#: Seconds until the process asks a Redis again that did not answer.
AWAY = 5.0

Wanted = Callable[[], None]


class Slot:
    """One slot of a limit, until `release`."""

    def __init__(self, limits: Limits, name: str, most: int, wanted: Wanted | None) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._held = True
        self.name = name
        self.most = most
        self.token = uuid.uuid4().hex
        #: another thread calls it when a process waits for a slot of this limit
        self.wanted = wanted

    def release(self) -> None:
        """Give the slot back; a second call does nothing."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._limits.give_back(self)


class Limits:
    """All limits of one process. Thread safe."""

    def __init__(self, store: LimitStore | None, lease: float) -> None:
        self._store = store
        self._lease = lease
        self._lock = threading.Lock()
        self._local: dict[tuple[str, int], threading.BoundedSemaphore] = {}
        self._slots: dict[str, Slot] = {}
        self._away_until = 0.0
        self._told = False
        self._renewer: threading.Thread | None = None

    def take(self, name: str, most: int, wait: float, wanted: Wanted | None = None) -> Slot:
        """Return a slot of the limit of this name.

        Raises TimeoutError after `wait` seconds in line.
        """
        deadline = time.monotonic() + wait
        local = self._local_limit(name, most)
        while not local.acquire(timeout=max(0.0, min(1.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                raise TimeoutError(f"this process uses all {most} slots")
            self._ask_back(name)
        slot = Slot(self, name, most, wanted)
        granted = False
        try:
            granted = self._granted(slot, deadline)
        finally:
            if not granted:
                local.release()
        if not granted:
            raise TimeoutError(f"all {most} slots are in use")
        with self._lock:
            self._slots[slot.token] = slot
        return slot

    def give_back(self, slot: Slot) -> None:
        """Give a slot back. Only Slot calls it."""
        with self._lock:
            self._slots.pop(slot.token, None)
        self._local_limit(slot.name, slot.most).release()
        store = self._reachable()
        if store is not None:
            try:
                store.leave(slot.name, slot.token, slot.most)
            except (RedisError, OSError) as error:
                self._is_away(error)  # its lease ends it

    # -- with Redis --------------------------------------------------------------------

    def _granted(self, slot: Slot, deadline: float) -> bool:
        """True when Redis granted the slot, or Redis does not answer."""
        store = self._reachable()
        if store is None:
            return True
        try:
            granted = self._wait_for_turn(store, slot, deadline)
        except (RedisError, OSError) as error:
            self._is_away(error)
            return True
        self._is_back()
        self._keep_renewing()
        return granted

    def _wait_for_turn(self, store: LimitStore, slot: Slot, deadline: float) -> bool:
        while not store.enter(slot.name, slot.token, slot.most):
            left = deadline - time.monotonic()
            if left <= 0:
                store.leave(slot.name, slot.token, slot.most)
                return False
            if store.wait(slot.token, left):
                break
        return True

    def _ask_back(self, name: str) -> None:
        """Ask the holders in this process that do not need their slot now to give it back."""
        with self._lock:
            asked = [slot for slot in self._slots.values() if slot.name == name and slot.wanted]
        for slot in asked:
            if slot.wanted is not None:
                slot.wanted()

    def _local_limit(self, name: str, most: int) -> threading.BoundedSemaphore:
        with self._lock:
            return self._local.setdefault((name, most), threading.BoundedSemaphore(most))

    def _reachable(self) -> LimitStore | None:
        return self._store if time.monotonic() >= self._away_until else None

    def _is_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + AWAY
        self._keep_renewing()
        if not self._told:
            self._told = True
            log.warning(
                "Redis does not answer: until it does, limits of sessions and calls apply to "
                "each worker process by itself (%s)",
                str(error)[:200],
            )

    def _is_back(self) -> None:
        if self._told:
            self._told = False
            log.info("Redis answers: limits of sessions and calls apply to all workers again")

    def _keep_renewing(self) -> None:
        with self._lock:
            if self._renewer is None and self._store is not None:
                self._renewer = threading.Thread(target=self._renew, name="limits", daemon=True)
                self._renewer.start()

    def _renew(self) -> None:
        """Prolong the leases of held slots, also of slots taken while Redis did not answer."""
        while True:
            time.sleep(self._lease / 4)
            store = self._reachable()
            if store is None:
                continue
            with self._lock:
                by_name: defaultdict[str, list[Slot]] = defaultdict(list)
                for slot in self._slots.values():
                    by_name[slot.name].append(slot)
            try:
                for name, slots in by_name.items():
                    self._renew_one(store, name, slots)
            except (RedisError, OSError) as error:
                self._is_away(error)

    def _renew_one(self, store: LimitStore, name: str, slots: list[Slot]) -> None:
        waiting = store.renew(name, [slot.token for slot in slots])
        with self._lock:
            ended = [slot for slot in slots if slot.token not in self._slots]
        for slot in ended:  # the holder gave it back while this thread prolonged it
            store.leave(name, slot.token, slot.most)
        for slot in slots if waiting else ():
            if slot.wanted is not None:
                slot.wanted()


_lock = threading.Lock()
_limits: dict[tuple[int, str], Limits] = {}


def limits(config: Settings | None = None) -> Limits:
    """Return the limits of this process, in the Redis of the settings. A fork gets its own."""
    config = config or settings()
    try:
        url = redis_url(config)
    except ConfigError:
        url = ""  # a single process without a stack
    key = (os.getpid(), url)
    with _lock:
        if key not in _limits:
            store = LimitStore.at(url, config.slot_lease) if url else None
            _limits[key] = Limits(store, config.slot_lease)
        return _limits[key]
