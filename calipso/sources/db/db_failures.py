"""Memory of what failed, so that a server in trouble is not asked for every host anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from calipso.errors import DbAccessError

#: After a failure that took some time, the same is not tried for this many times as long: of the
#: time of a scan no more than a quarter goes into waiting for a server that does not answer.
PAUSE_FACTOR = 3


class Failures:
    """Failed attempts by what was tried. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, DbAccessError]] = {}

    @contextmanager
    def watched(self, attempt: Hashable) -> Iterator[None]:
        """Run an attempt, or raise at once what it ended with a moment ago.

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
