"""Memory of failures, so that a server in trouble is not asked again for every host."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from calipso.errors import DbAccessError

#: After a failure, the same is not tried for this many times the seconds that it took. So a scan
#: spends at most a quarter of its time on waiting for a server that does not answer.
PAUSE_FACTOR = 3


class Failures:
    """Failed attempts by what was tried. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, DbAccessError]] = {}

    @contextmanager
    def watched(self, attempt: Hashable) -> Iterator[None]:
        """Run an attempt, or raise at once the error of the same attempt a moment ago.

        A refusal (wrong password, no TLS) is remembered for good: repeating it locks accounts.
        """
        with self._lock:
            until, error = self._known.get(attempt, (0.0, None))
        if error is not None and time.monotonic() < until:
            raise error
        started = time.monotonic()
        try:
            yield
        except DbAccessError as error:
            now = time.monotonic()
            pause = PAUSE_FACTOR * (now - started) if error.retryable else float("inf")
            with self._lock:
                self._known[attempt] = (now + pause, error)
            raise
