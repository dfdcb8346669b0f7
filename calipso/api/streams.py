"""Server-sent events: each change is sent at once, for a bounded time."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response

from calipso.api.replies import plain
from calipso.errors import NotFound, StoreError
from calipso.settings import settings
from calipso.stores.mongo.mongo_access import is_store_error

EVENT_STREAM = "text/event-stream"

POLL_SECONDS = 0.5
#: Proxies close connections on which nothing moves for a while; many after 30 s.
HEARTBEAT_SECONDS = 10.0
#: Milliseconds a client waits before it reconnects.
COME_AGAIN = 2000

State = dict[str, Any]

#: Set when this process stops: streams end, their clients reconnect to another one.
stopping = threading.Event()


def event_stream(
    read: Callable[[], State],
    *,
    is_last: Callable[[State], bool],
    told: Callable[[State], State],
    last_id: str,
) -> Response:
    """A stream of the states that `read` gives, each change once, until `is_last`.

    The id of an event is derived from `told` of its state (what counts as a change), so that any
    process knows what a client that reconnects has received. A client that has received the last
    event gets 204. Raises StoreError when this process has as many streams as it may.
    """
    first = read()
    if is_last(first) and last_id == event_id(told(first)):
        return Response(status=204)
    place = Place()
    lines = place.until_the_end(_lines(first, read, is_last, told, last_id))
    response = Response(lines, content_type=f"{EVENT_STREAM}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx else collects events for kilobytes
    response.call_on_close(place.leave)  # also when nobody ever read a line
    return response


class Place:
    """One of the streams this process may have open. Raises StoreError when there are so many."""

    taken = 0
    lock = threading.Lock()

    def __init__(self) -> None:
        self.mine = False
        with Place.lock:
            if Place.taken >= settings().api_streams:
                raise StoreError(
                    "too many event streams are open in this process",
                    hint="Poll the progress instead, or raise the setting api_streams.",
                )
            Place.taken += 1
            self.mine = True

    def leave(self) -> None:
        """Free the place; doing it again changes nothing."""
        with Place.lock:
            Place.taken -= int(self.mine)
            self.mine = False

    def until_the_end(self, lines: Iterator[str]) -> Iterator[str]:
        """The lines; after the last one the place is free."""
        try:
            yield from lines
        finally:
            self.leave()


def _lines(
    state: State,
    read: Callable[[], State],
    is_last: Callable[[State], bool],
    told: Callable[[State], State],
    heard: str,
) -> Iterator[str]:
    end = time.monotonic() + settings().api_stream_seconds
    quiet_since = time.monotonic()
    yield f"retry: {COME_AGAIN}\n\n"
    while True:
        key = event_id(told(state))
        last = is_last(state)
        if key != heard or last:
            yield event("end" if last else "progress", key, state)
            heard, quiet_since = key, time.monotonic()
        if last or time.monotonic() > end:
            return
        if stopping.wait(min(POLL_SECONDS, max(end - time.monotonic(), 0.0))):
            return
        if time.monotonic() - quiet_since > HEARTBEAT_SECONDS:
            yield ": still here\n\n"
            quiet_since = time.monotonic()
        try:
            state = read()
        except NotFound:  # for a client that reconnects
            yield ": it is gone\n\n"
            return
        except Exception as error:
            if not is_store_error(error):
                raise
            yield ": the store does not answer\n\n"


def event(name: str, key: str, state: State) -> str:
    """An event of a stream; without a key it has no id."""
    known = f"id: {key}\n" if key else ""
    return f"event: {name}\n{known}data: {_text(state)}\n\n"


def event_id(state: State) -> str:
    """A text that is the same for the same state."""
    return hashlib.sha256(_text(state).encode()).hexdigest()[:16]


def _text(state: State) -> str:
    """On one line: JSON writes line breaks in text as `\\n`."""
    return json.dumps(state, default=plain, ensure_ascii=True, sort_keys=True)
