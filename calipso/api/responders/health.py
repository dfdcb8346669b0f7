"""`/healthz`: the process answers. `/readyz`: what it needs answers too."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import redis
from flask import Flask, Response

from calipso.dispatch import client
from calipso.errors import CalipsoError
from calipso.settings import settings
from calipso.stores.migrations.migrator import Migrator
from calipso.stores.mongo.driver import time_limit
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.scans.worker_store import WorkerStore, all_wait
from calipso.utils.store_addresses import broker_url, redis_url

#: Seconds a store may take; a probe waits no longer.
PATIENCE = 2.0
#: Seconds an answer is kept: probes of several load balancers cost one check.
FRESH = 1.0


@dataclass(frozen=True)
class Check:
    """One check. `message` names no address: everybody may read it."""

    name: str
    ok: bool
    message: str = ""


_lock = threading.Lock()
_seen: tuple[float, list[Check]] = (0.0, [])


def install(app: Flask) -> None:
    """Both, outside `/api/v1` and open to everybody: balancers have no token."""
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def healthz() -> Response:
    """The process answers; nothing else is checked."""
    return Response('{"status": "alive"}\n', content_type="application/json")


def readyz() -> Response:
    """One line for each check; 503 when one of them failed."""
    checks = _checks()
    ready = all(check.ok for check in checks)
    lines = ",\n  ".join(json.dumps(asdict(check)) for check in checks)
    word = "ready" if ready else "not ready"
    text = f'{{"status": "{word}", "checks": [\n  {lines}\n]}}\n'
    response = Response(text, status=200 if ready else 503, content_type="application/json")
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


def _checks() -> list[Check]:
    """Recent results; while one probe checks, the others get the results before."""
    global _seen
    if not _lock.acquire(blocking=not _seen[1]):
        return _seen[1]
    try:
        at, found = _seen
        if time.monotonic() - at > FRESH:
            found = look()
            _seen = (time.monotonic(), found)
    finally:
        _lock.release()
    return found


def look() -> list[Check]:
    """Look at everything the API needs, now."""
    checks = [_check("mongodb", _mongodb), _check("redis", _redis)]
    if settings().broker_url:
        checks.append(_check("broker", _broker))
    if checks[0].ok:
        checks.append(_check("schema", _schema))
    if checks[-1].name == "schema" and checks[-1].ok:
        checks.append(_check("workers", _workers))
    return checks


def _check(name: str, look_at: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, message=look_at())
    except CalipsoError as error:
        return Check(name, ok=False, message=error.message if name == "schema" else error.hint)
    except Exception as error:  # noqa: BLE001 - whatever a client library raises: it is away
        return Check(name, ok=False, message=f"does not answer: {type(error).__name__}")


def _mongodb() -> str:
    with time_limit(PATIENCE):
        MongoAccess().db.command("ping")
    return ""


def _redis() -> str:
    url = redis_url(settings())
    limits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    with redis.Redis.from_url(url, **limits) as connection:
        connection.ping()
    return ""


def _broker() -> str:
    if broker_url(settings()) == redis_url(settings()):
        return ""
    with client().connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=int(PATIENCE))
    return ""


def _schema() -> str:
    with time_limit(PATIENCE):
        migrator = Migrator()
        migrator.check()
    return f"schema {len(migrator.migrations)}"


def _workers() -> str:
    """No worker at all is no failure of the API; one whose threads all wait is worth a word."""
    with time_limit(PATIENCE):
        workers = WorkerStore().live()
    stuck = sum(all_wait(worker) for worker in workers)
    said = f"{len(workers)} live"
    return f"{said}; in {stuck}, all threads wait for clouds that do not answer" if stuck else said
