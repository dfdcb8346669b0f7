"""A MongoDB that takes connections and answers nothing (stopped, or buried in work).

A server that is away refuses a connection at once, and the driver waits for its restart. A server
that stands still lets everybody wait for the long time that a large answer may take. Where a person
waits, one short question comes first.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from pymongo import MongoClient, timeout
from pymongo.errors import PyMongoError

from calipso.errors import StoreError
from calipso.utils.masking import mask_url

#: Seconds the short question may take. With the start of a command line, less than 5 in all.
PATIENCE = 2.5

#: Seconds for which an answer counts: a busy API asks once in that time.
FRESH = 1.0

#: What the driver says of a server that takes connections and does not answer: of a connection it
#: had, of one that it opens, and of one that it has been opening since before the question.
STANDS_STILL = ("timed out", "No servers found yet")

_lock = threading.Lock()
_seen: dict[str, tuple[float, PyMongoError | None]] = {}  # URL -> when it was asked, what was wrong


def check_moves(client: MongoClient[Any], url: str) -> None:
    """Raises StoreError when the server takes connections and does not answer. Cheap.

    One thread asks; those that come meanwhile wait for its answer and ask nothing.
    """
    with _lock:
        asked, problem = _seen.get(url, (0.0, None))
        if not asked or time.monotonic() - asked > FRESH:
            problem = _ask(client)
            _seen[url] = (time.monotonic(), problem)
    if problem:
        raise StoreError(
            f"MongoDB at {mask_url(url)} has not answered for {PATIENCE:g} s",
            hint="It hangs or has too much to do. `calipso status` names its process and its log; "
            "`calipso down` and `calipso up` start the embedded one anew.",
        ) from problem


def _ask(client: MongoClient[Any]) -> PyMongoError | None:
    try:
        with timeout(PATIENCE):
            client.admin.command("ping")
    except PyMongoError as error:
        return error if any(words in str(error) for words in STANDS_STILL) else None
    return None
