"""Slow clients: reading from them and writing to them takes a thread that works for nobody else.

gunicorn reads a request in the thread that then answers it, and has no limit of time for a client
that sends half a request. So each process has many threads that only read and write, each
connection has seconds for its handshake, head, body and answer, and only `api_threads` requests are
worked on.
`/healthz` and `/readyz` wait for none of them; a password is checked outside that number too.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from calipso.api.errors import TooManyRequests
from calipso.api.streams import EVENT_STREAM
from calipso.limits.calls import Call

#: Seconds for the handshake of TLS and the head of a request, together; for its body; and until the
#: last byte of an answer is with the client.
HEAD_SECONDS = 10.0
BODY_SECONDS = 20.0
ANSWER_SECONDS = 120.0
#: Seconds that a request may be worked on, at most: a bound for the connection, not the usual.
WORK_SECONDS = 900.0
#: Seconds that a request waits until one of those before it has ended.
TURN_SECONDS = 30.0
#: Threads of a process that read and write.
READERS = 256
#: Requests of a process that wait for their password to be checked.
PASSWORDS = 48

#: Answered beside all others.
PROBES = frozenset({"/healthz", "/readyz"})
SLOT = "calipso.slot"

Wsgi = Callable[..., Iterable[bytes]]

#: The connection that this thread serves.
client: ContextVar[Call | None] = ContextVar("client", default=None)


class Slot:
    """The right to be worked on, until `leave`."""

    def __init__(self, slots: threading.Semaphore) -> None:
        self._slots = slots
        self._held = False
        self._lock = threading.Lock()

    def enter(self, seconds: float | None = None) -> bool:
        """Wait for the turn; False when it does not come in time."""
        entered = self._slots.acquire(timeout=seconds)
        with self._lock:
            self._held = entered
        return entered

    def leave(self) -> None:
        """Let the next one work; a second call does nothing."""
        with self._lock:
            held, self._held = self._held, False
        if held:
            self._slots.release()


class Clients:
    """A WSGI application around all others."""

    def __init__(self, inner: Wsgi, *, threads: int, longest_body: int, longest: float) -> None:
        """`threads`: requests worked on at once; `longest`: seconds of the longest answer."""
        self._inner = inner
        self._slots = threading.Semaphore(threads)
        self._longest_body = longest_body
        self._longest = max(longest, ANSWER_SECONDS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Read the body, wait for the turn, and answer."""
        call = client.get()
        if call is not None:
            call.allow(BODY_SECONDS)
        self._read_body(environ)
        if call is not None:
            call.allow(TURN_SECONDS + WORK_SECONDS)
        if environ.get("PATH_INFO") in PROBES:
            return self._inner(environ, start_response)
        slot = environ[SLOT] = Slot(self._slots)
        if not slot.enter(TURN_SECONDS):
            return _busy(start_response)

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kinds = [value for name, value in headers if name.lower() == "content-type"]
            if any(kind.startswith(EVENT_STREAM) for kind in kinds):
                slot.leave()  # it waits most of the time
            return start_response(status, headers, *rest)

        try:
            found = self._inner(environ, started)
        except BaseException:
            slot.leave()
            raise
        if call is not None:
            call.allow(self._longest)
        return _Answer(found, slot)

    def _read_body(self, environ: dict[str, Any]) -> None:
        """The whole body, so that no work waits for it; one that is too long stays with the app."""
        length = str(environ.get("CONTENT_LENGTH") or "")
        given = environ["wsgi.input"]
        if length.isdigit() and 0 < int(length) <= self._longest_body:
            environ["wsgi.input"] = io.BytesIO(given.read(int(length)))
        elif "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING") or "").lower():
            body = given.read(self._longest_body + 1)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


class _Answer:
    """The pieces of an answer; those that are not made yet are made in the turn of the request."""

    def __init__(self, found: Iterable[bytes], slot: Slot) -> None:
        self._found = found
        self._slot = slot

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._found)

    def close(self) -> None:
        """Called by the server after the last piece, or when the client went."""
        try:
            close = getattr(self._found, "close", None)
            if close is not None:
                close()
        finally:
            self._slot.leave()


def _busy(start_response: Callable[..., Any]) -> Iterable[bytes]:
    error = {"code": "busy", "message": "too many requests wait", "hint": "Try again soon."}
    body = json.dumps({"error": error | {"details": [], "request_id": ""}}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("503 Service Unavailable", [*headers, ("Retry-After", "5")])
    return [body]


_passwords = threading.BoundedSemaphore(PASSWORDS)


@contextmanager
def aside(environ: dict[str, Any]) -> Iterator[None]:
    """Inside, the request is not one of those that are worked on: it waits, for a password's check.

    Raises TooManyRequests when so many wait that it would take long.
    """
    if not _passwords.acquire(blocking=False):
        raise TooManyRequests(
            "too many logins at once", hint="Try again in some seconds.", retry_after=5
        )
    slot: Slot | None = environ.get(SLOT)
    try:
        if slot is not None:
            slot.leave()
        yield
    finally:
        _passwords.release()
        if slot is not None:
            slot.enter()
