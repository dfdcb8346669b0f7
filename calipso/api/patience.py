"""A request that waits for a MongoDB which stands still is answered, with 503, within seconds.

The driver waits two minutes for an answer, because a large one may take that long. So a request
runs in a thread of its own; meanwhile the thread of the server asks MongoDB something short.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from flask import Flask, Response

from calipso.errors import CalipsoError, StoreError
from calipso.stores.mongo.mongo_access import MongoAccess

#: Seconds after which a request without an answer is looked at, again and again.
LOOK_SECONDS = 0.7

Wsgi = Callable[..., Iterable[bytes]]
Problem = tuple[type[BaseException], BaseException, TracebackType]


class Patience:
    """A WSGI application around that of Flask."""

    def __init__(self, app: Flask, sorry: Callable[[StoreError], Response]) -> None:
        """`sorry` makes the answer for a store that stands still."""
        self.app, self.inner, self.sorry = app, app.wsgi_app, sorry

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer a request, by the application or for it."""
        turn = _Turn(self.inner, environ)
        turn.start()
        while not turn.done.wait(LOOK_SECONDS):
            try:
                MongoAccess().check_moves()
            except StoreError as error:
                if turn.done.is_set():
                    break
                # The thread may still read the body: no other request comes over this connection.
                with self.app.request_context(environ):
                    response = self.sorry(error)
                    response.headers["Connection"] = "close"
                    return response(environ, start_response)
            except CalipsoError:  # no store is set up: the request says so itself, if it needs one
                continue
        if turn.error is not None:
            raise turn.error
        start_response(*turn.started)
        return turn.found


class _Turn(threading.Thread):
    """One request. When its server gave it up, nobody reads what it finds."""

    def __init__(self, app: Wsgi, environ: dict[str, Any]) -> None:
        super().__init__(name="request", daemon=True)
        self.app, self.environ = app, environ
        self.done = threading.Event()
        self.started: tuple[Any, ...] = ()
        self.found: Iterable[bytes] = ()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.found = self.app(self.environ, self._start)
        except BaseException as error:  # noqa: BLE001 - the thread of the server raises it
            self.error = error
        finally:
            self.done.set()

    def _start(self, *given: Any, **named: Any) -> Callable[[bytes], None]:
        self.started = (*given, *named.values())
        return lambda data: None
