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
PATIENCE = 3.0

#: Seconds for which an answer counts: a busy API asks once in that time.
FRESH = 1.0

_lock = threading.Lock()
_seen: dict[str, tuple[float, str]] = {}  # URL -> when it was asked, what is wrong


def check_moves(client: MongoClient[Any], url: str) -> None:
    """Raises StoreError when the server takes connections and does not answer. Cheap."""
    with _lock:
        asked, problem = _seen.get(url, (0.0, ""))
    if not asked or time.monotonic() - asked > FRESH:
        problem = _ask(client, url)
        with _lock:
            _seen[url] = (time.monotonic(), problem)
    if problem:
        raise StoreError(
            problem,
            hint="It hangs or has too much to do. `calipso status` names its process and its log; "
            "`calipso down` and `calipso up` start the embedded one anew.",
        )


def _ask(client: MongoClient[Any], url: str) -> str:
    try:
        with timeout(PATIENCE):
            client.admin.command("ping")
    except PyMongoError as error:
        refused = "refused" in str(error) or "timed out" not in str(error)
        if not refused:
            return f"MongoDB at {mask_url(url)} has not answered for {PATIENCE:.0f} s"
    return ""
