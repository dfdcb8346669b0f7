"""A command line whose MongoDB stops to answer in the middle of a command does not wait for it.

The driver waits two minutes for an answer, because a large one may take that long. Meanwhile
somebody asks the server something short; one that does not answer this either stands still.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from pymongo import monitoring

from calipso.errors import StoreError

#: Seconds after which a command that has no answer yet is looked at, again and again.
LOOK_SECONDS = 0.7

#: Seconds without a command after which the watch rests until the next one.
REST_SECONDS = 10.0

#: The signal that ends the wait of the main thread. Nothing else of a command line uses it.
WAKE = signal.SIGUSR2


class Watch(monitoring.CommandListener):
    """Looks after the commands to MongoDB of the main thread; the watch begins with the first."""

    def __init__(self, check: Callable[[], None]) -> None:
        """`check` raises StoreError when the server stands still."""
        self._check = check
        self._begun: float | None = None  # when the command that waits was sent
        self._problem: StoreError | None = None
        self._watching = False
        self._last = 0.0  # when the last command was sent
        self._lock = threading.Lock()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """A command is sent."""
        if threading.current_thread() is not threading.main_thread():
            return
        with self._lock:
            self._begun = self._last = time.monotonic()
            rested, self._watching = not self._watching, True
        if rested:
            signal.signal(WAKE, self._give_up)
            threading.Thread(target=self._look, name="watching-mongo", daemon=True).start()

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Its answer is there."""
        self._ended()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """There will be no answer."""
        self._ended()

    def _ended(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._begun = None

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            begun = self._begun
            if self._rests():
                return
            if begun is None or time.monotonic() - begun < LOOK_SECONDS:
                continue
            try:
                self._check()
            except StoreError as error:
                if self._begun == begun:
                    self._problem = error
                    signal.pthread_kill(threading.main_thread().ident or 0, WAKE)

    def _rests(self) -> bool:
        """True when there was no command for a while: the thread ends."""
        with self._lock:
            if self._begun is None and time.monotonic() - self._last > REST_SECONDS:
                self._watching = False
            return not self._watching

    def _give_up(self, number: int, frame: FrameType | None) -> Any:
        """Raise the error in the main thread, unless the answer came in the last moment."""
        problem, self._problem = self._problem, None
        if problem is not None and self._begun is not None:
            self._begun = None
            raise problem
