"""The state of the stack as rows: the record of the supervisor, compared with the processes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from calipso.cli.output import say
from calipso.cli.stack.process import Identity
from calipso.errors import ConfigError, StoreError
from calipso.settings import Settings
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.ping import ping_mongo, ping_redis
from calipso.stores.scans.worker_store import WorkerStore, all_wait
from calipso.utils.masking import mask_url

SILENT = "silent"  # the process runs without a heartbeat

#: Seconds an embedded store may take to answer `calipso status`.
STORE_SECONDS = 1.8
PINGS = {"mongo": ping_mongo, "redis": ping_redis}

#: Seconds without output after which a person may think that the command hangs.
QUIET_SECONDS = 3.0


class Patience:
    """Prints every three seconds what the command waits for."""

    def __init__(self) -> None:
        self._began = self._told = time.monotonic()

    def waiting_for(self, names: Iterable[str]) -> None:
        """Print these names, unless a line was printed a moment ago."""
        now = time.monotonic()
        if now - self._told >= QUIET_SECONDS:
            self._told = now
            say(f"waiting for {', '.join(names) or 'the stores'} ({now - self._began:.0f} s)")


#: Processes of our own that take no tasks: they send no heartbeat of a worker.
NO_WORKERS = ("beat", "events")


def rows(config: Settings, state: dict[str, Any], *, alive: bool) -> list[dict[str, Any]]:
    """A row for each store and process."""
    found = [_given(name, address, config) for name, address in state.get("given", {}).items()]
    hanging = _hanging_stores(state) if alive else {}
    mongo_answers = _mongo_answers(found, state) and "mongo" not in hanging
    silent = silent_workers(state) if alive and mongo_answers else []
    waiting = _waiting_workers() if alive and mongo_answers else {}
    for child in state.get("children", []):
        row = dict(child) | {"since": datetime.fromisoformat(child["since"])}
        row["address"] = mask_url(child["address"])
        if child["pid"] and not Identity(child["pid"], child["started"]).alive():
            row |= {"state": "down", "pid": None}
        elif child["name"] in hanging:
            row |= {"state": SILENT, "message": hanging[child["name"]]}
        elif child["state"] == "up" and child["name"] in silent:
            row |= {"state": SILENT, "message": "sends no heartbeat; its log may say why"}
        elif child["state"] == "up":
            row["message"] = waiting.get(child["pid"], "")
        found.append(row)
    return found


def silent_workers(state: dict[str, Any]) -> list[str]:
    """Names of workers whose running process has sent no heartbeat lately."""
    workers = [
        child
        for child in state.get("children", [])
        if not child["address"] and child["name"] not in NO_WORKERS
    ]
    if not workers:
        return []
    try:
        seen = {worker.get("pid") for worker in WorkerStore().live()}
    except (StoreError, ConfigError, StoreFailure):  # the row of the store reports it
        seen = set()
    return [child["name"] for child in workers if child["pid"] not in seen]


def _waiting_workers() -> dict[int, str]:
    """A message for each worker whose threads all wait for clouds, by its process."""
    try:
        workers = WorkerStore().live()
    except (StoreError, ConfigError, StoreFailure):
        return {}
    text = "all its threads wait for clouds that do not answer"
    return {worker["pid"]: text for worker in workers if all_wait(worker)}


def _hanging_stores(state: dict[str, Any]) -> dict[str, str]:
    """Return a message for each embedded store whose process does not answer, by name."""
    found = {}
    for child in state.get("children", []):
        ping = PINGS.get(child["name"])
        if ping is None or child["state"] != "up":
            continue
        try:
            ping(child["address"], STORE_SECONDS)
        except StoreError:
            text = f"the process {child['pid']} does not answer; `calipso down` ends it"
            found[child["name"]] = text
    return found


def _mongo_answers(given: list[dict[str, Any]], state: dict[str, Any]) -> bool:
    known = {row["name"]: row["state"] for row in (*state.get("children", []), *given)}
    return known.get("mongo") == "up"


def _given(name: str, address: str, config: Settings) -> dict[str, Any]:
    """Return the row of a store with a given URL: does it answer?"""
    row = {"name": name, "pid": None, "since": None, "restarts": None, "log": "", "message": ""}
    row |= {"address": address, "state": "up"}
    try:
        if name == "mongo" and config.mongo_url:
            ping_mongo(config.mongo_url)
        elif name == "redis" and config.redis_url:
            ping_redis(config.redis_url)
    except StoreError as error:
        row |= {"state": "down", "message": error.message}
    return row
