"""Shares of the threads of one worker: no environment and no kind of work takes them all.

A thread that waits for a cloud is a thread that no other environment has. So a task begins only
while its environment has threads left; otherwise it is put back, and comes again a moment later.
Tests by people count apart from scans: many tests of one environment leave the scans their threads.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

SCAN, TEST = "scan", "test"

#: Seconds between two tasks that were put back: a level of hundreds must not keep the worker busy.
APART = 0.1
#: Seconds after which a task that was put back comes again, at least.
SOON = 0.5


class Shares:
    """The threads of this process. Thread safe. Without `size`, there are no shares."""

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._busy: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._next = 0.0

    def pause(self) -> float:
        """Seconds until a task that is put back now may come again."""
        with self._lock:
            now = time.monotonic()
            self._next = max(now + SOON, self._next + APART)
            return self._next - now

    @property
    def busy(self) -> int:
        """How many threads work."""
        with self._lock:
            return self._busy.total()

    @contextmanager
    def turn(self, environment: str, kind: str) -> Iterator[bool]:
        """Whether a task of this environment may begin now; its thread is counted until the end."""
        key = (environment, kind)
        with self._lock:
            may = not self.size or self._may(environment, kind)
            if may:
                self._busy[key] += 1
        try:
            yield may
        finally:
            if may:
                with self._lock:
                    self._busy[key] -= 1
                    self._busy += Counter()  # forgets what is zero

    def _may(self, environment: str, kind: str) -> bool:
        mine = self._busy[environment, kind]
        if kind == TEST:
            tests = sum(count for (_, what), count in self._busy.items() if what == TEST)
            return mine < max(1, self.size // 8) and tests < max(1, self.size // 4)
        scans = {name for name, what in self._busy if what == SCAN} | {environment}
        if len(scans) == 1:
            return mine < max(1, self.size - max(1, self.size // 8))
        # three quarters for the scans that run now, in equal parts; the rest is for who comes next
        return mine < max(1, self.size * 3 // 4 // len(scans))


#: The shares of this process; a worker of threads says how many it has.
SHARES = Shares()
