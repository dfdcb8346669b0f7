"""Standstill: this process did not run for a while (stopped, suspended, swapped out).

After a standstill an answer seems late although the other side answered in time.
"""

from __future__ import annotations

import math
import os
import threading
import time

#: Seconds between two looks at the clock.
TICK = 0.25
#: More seconds than this between two looks mean that the process stood still.
LONG = 1.5


class _Clock:
    """A thread that looks at the clock.

    Each process has its own, since threads do not survive a fork.
    """

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
        """Return when the process went on after its last standstill, also if the thread has not
        seen it yet.
        """
        overdue = time.monotonic() - self._looked > LONG
        return time.monotonic() if overdue else self._went_on


_lock = threading.Lock()
_clock: _Clock | None = None


def begin() -> float:
    """Return the present moment for `stood_still`, and watch the clock from now on."""
    _watched()
    return time.monotonic()


def stood_still(since: float) -> bool:
    """True when this process stood still for over a second since a moment that `begin` returned."""
    return _watched().went_on() >= since


def _watched() -> _Clock:
    global _clock
    with _lock:
        if _clock is None or _clock.pid != os.getpid():
            _clock = _Clock()
        return _clock
