"""Standing still: whether this process did not run for a while (stopped, suspended, swapped out).

After it, an answer that was waited for seems late, although the one that was asked was not.
"""

from __future__ import annotations

import math
import os
import threading
import time

#: Seconds between two looks at the clock.
TICK = 0.25
#: Seconds between two of them from which on the process stood still.
LONG = 1.5


class _Clock:
    """A thread that looks at the clock; one a process, since threads do not survive a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._looked = time.monotonic()
        self._went_on = -math.inf
        threading.Thread(target=self._tick, name="standstill", daemon=True).start()

    def _tick(self) -> None:
        while True:
            time.sleep(TICK)
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked > LONG:
            self._went_on = now
        self._looked = now

    def went_on(self) -> float:
        """When the process went on after its last standstill; the thread may not have seen it."""
        overdue = time.monotonic() - self._looked > LONG
        return time.monotonic() if overdue else self._went_on


_lock = threading.Lock()
_clock: _Clock | None = None


def begin() -> float:
    """The moment from which on `stood_still` is asked; the clock is watched from now on."""
    _watched()
    return time.monotonic()


def stood_still(since: float) -> bool:
    """True when this process did not run for over a second since a moment that `begin` gave."""
    return _watched().went_on() >= since


def _watched() -> _Clock:
    global _clock
    with _lock:
        if _clock is None or _clock.pid != os.getpid():
            _clock = _Clock()
        return _clock
