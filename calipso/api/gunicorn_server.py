"""gunicorn as we run it: in this process, our log lines, our shape of errors, no banner.

The signals are gunicorn's: SIGTERM ends in order, SIGQUIT at once.
"""

from __future__ import annotations

import gc
import json
import logging
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gunicorn.http.wsgi
import gunicorn.util
from flask import Flask, Response, g, request
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from calipso.api import streams
from calipso.api.clients import HEAD_SECONDS, READERS, Clients, client
from calipso.api.responders import metrics
from calipso.limits.calls import Bounds, CallOver
from calipso.settings import Settings
from calipso.utils.log import MASK, SECRETS

#: Longest line `GET /path?query HTTP/1.1`: a page marker and a dozen filters fit.
REQUEST_LINE = 4094
HEADERS = 50
HEADER_BYTES = 8190

#: Connections one process holds, most of them idle between two requests.
CONNECTIONS = 1000

#: Seconds an idle connection is kept for the next request of its client.
KEEP_ALIVE = 5

#: Seconds without a sign of life of a process after which it is replaced.
STUCK = 60

#: Paths of probes and scrapers: they are logged at DEBUG.
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

#: Query parameters whose values no log shows.
SECRET_PARAMETERS = SECRETS | {"token", "access_token"}
LONGEST_QUERY = 500

USER_KEY = "calipso.user"

access_log = logging.getLogger("calipso.api.access")
server_log = logging.getLogger("calipso.api.server")


class LogLines(Logger):  # type: ignore[misc]
    """gunicorn's log through ours: one line a request, its details as fields."""

    def setup(self, cfg: Any) -> None:
        """No handlers of its own: lines go to those of `calipso.utils.log`."""
        self.cfg = cfg
        self.error_log, self.access_log = server_log, access_log
        self._access_log_enabled = True

    def access(
        self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: timedelta
    ) -> None:
        """One line for one request."""
        path = str(environ.get("PATH_INFO", ""))
        level = logging.DEBUG if path in QUIET_PATHS else logging.INFO
        if not access_log.isEnabledFor(level):
            return
        answered = {name.lower(): value for name, value in resp.headers}
        fields = {
            "request_id": answered.get("x-request-id"),
            "method": environ.get("REQUEST_METHOD"),
            "path": path,
            "query": masked_query(str(environ.get("QUERY_STRING", ""))),
            "status": int(str(resp.status).split(None, 1)[0]),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "bytes": resp.sent,
            "user": environ.get(USER_KEY),
            "address": environ.get("REMOTE_ADDR"),
        }
        kept = {name: value for name, value in fields.items() if value not in (None, "")}
        access_log.log(level, "request", extra=kept)


class Worker(ThreadWorker):  # type: ignore[misc]
    """A process of the API: threads that read requests and write answers."""

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Many: a client that sends half a request holds one for seconds."""
        return ThreadPoolExecutor(max_workers=max(READERS, self.cfg.threads))

    def handle(self, conn: Any) -> Any:
        """One request, from the handshake to the last byte of the answer, within its time."""
        try:
            with Bounds().call("a client", HEAD_SECONDS) as call:
                call.watch_socket(conn.sock)
                token = client.set(call)
                try:
                    return super().handle(conn)
                finally:
                    client.reset(token)
        except CallOver:
            server_log.info("a client was too slow", extra={"address": str(conn.client)[:100]})
            return False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: event streams end now; clients reconnect to the next server."""
        streams.stopping.set()
        super().handle_exit(sig, frame)


class Server(BaseApplication):  # type: ignore[misc]
    """The application under gunicorn."""

    def __init__(self, settings: Settings, load: Callable[[], Flask]) -> None:
        self.settings = settings
        self._load = load
        gunicorn.http.wsgi.SERVER = "calipso"
        gunicorn.util.write_error = write_error
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's words."""
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The WSGI application, made once before the processes fork."""
        app = self._load()
        app.after_request(remember_user)
        config = self.settings
        app.wsgi_app = Clients(  # type: ignore[method-assign]
            app.wsgi_app,
            threads=config.api_threads,
            longest_body=config.api_max_body,
            longest=config.api_stream_seconds + 30.0,
        )
        # What is there now stays: not looked at by each collection, shared by the processes, and
        # not taken apart object by object when they end (a second of CPU each).
        gc.collect()
        gc.freeze()
        return app


def options(settings: Settings) -> dict[str, Any]:
    """Settings of gunicorn."""
    found: dict[str, Any] = {
        "bind": settings.api_bind,
        "workers": settings.api_workers,
        "threads": settings.api_threads,
        "worker_class": Worker,
        "worker_connections": CONNECTIONS,
        "keepalive": KEEP_ALIVE,
        "timeout": STUCK,
        "graceful_timeout": max(1, int(settings.api_grace)),
        "preload_app": True,
        "logger_class": LogLines,
        "limit_request_line": REQUEST_LINE,
        "limit_request_fields": HEADERS,
        "limit_request_field_size": HEADER_BYTES,
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "proc_name": "calipso-api",
        "child_exit": metrics.process_ended,
    }
    if settings.api_certificate:
        found["certfile"] = str(settings.api_certificate)
        found["keyfile"] = str(settings.api_key or settings.api_certificate)
        found["ssl_context"] = at_least_tls_1_2
    return found


def at_least_tls_1_2(_config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """gunicorn's context, whatever the system's OpenSSL would still allow."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def remember_user(response: Response) -> Response:
    """For the line of the request, which is written when Flask's context is gone."""
    if caller := g.get("caller"):
        request.environ[USER_KEY] = caller.name
    return response


def masked_query(query: str) -> str:
    """A query string as a log may show it."""
    if not query:
        return ""
    pairs = parse_qsl(query[: 4 * LONGEST_QUERY], keep_blank_values=True)
    shown = [(key, MASK if key.lower() in SECRET_PARAMETERS else value) for key, value in pairs]
    return urlencode(shown, safe="*/:,")[:LONGEST_QUERY]


def write_error(sock: Any, status_int: int, reason: str, mesg: str) -> None:
    """What gunicorn answers to a request that never reaches the application, in our shape."""
    code = reason.lower().replace(" ", "_")
    error = {"code": code, "message": reason, "hint": "", "details": [], "request_id": ""}
    body = json.dumps({"error": error})
    head = (
        f"HTTP/1.1 {status_int} {reason}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    gunicorn.util.write_nonblock(sock, "\r\n".join((*head, "", body)).encode("latin-1"))
