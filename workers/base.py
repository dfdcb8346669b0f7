"""ScanTask: the base of our tasks: a store that is away for a moment delays them, no more."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TypeVar

from celery import Task

from calipso.stores.mongo.mongo_access import is_store_error

T = TypeVar("T")

#: A store may be away for about three minutes (restart, fail-over) before a task gives up.
STORE_RETRIES = 60
STORE_RETRY_SECONDS = 3

_name = ""


class ScanTask(Task):
    """Retries while MongoDB does not answer."""

    abstract = True
    max_retries = None

    def store_retry(self, work: Callable[[], T]) -> T:
        """Run the work; when the store fails, run the whole task again a little later.

        What the store refuses (a document that is too large) is refused again: raised at once.
        """
        try:
            return work()
        except Exception as error:
            if not is_store_error(error):
                raise
            # to be put back, because others have the threads, is no failure of the store
            most = STORE_RETRIES + int((self.request.kwargs or {}).get("waits", 0))
            raise self.retry(exc=error, countdown=STORE_RETRY_SECONDS, max_retries=most) from error


def worker_name() -> str:
    """Name under which this worker's heartbeat is stored; pool children share their parent's."""
    return _name or f"{socket.gethostname()}:{os.getpid()}"


def set_worker_name(name: str) -> None:
    """Remember the name before the pool forks."""
    global _name
    _name = name
