"""One event stream with everything that changes, for a browser that shows several views."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from calipso import dispatch
from calipso.api.streams import COME_AGAIN, EVENT_STREAM, Place, event, event_id, stopping
from calipso.api.topic_states import drift, events, monitoring
from calipso.errors import NotFound
from calipso.settings import settings
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import DESCENDING
from calipso.stores.mongo.mongo_access import is_store_error
from calipso.stores.scans.scan_store import ScanStore
from calipso.utils.clock import now

#: Seconds between two looks; a stream costs seven small reads a look, and one for each scan.
LOOK_SECONDS = 1.0
#: After this time without an event a comment is sent: it shows that a page went away, whose place
#: then is free.
HEARTBEAT_SECONDS = 3.0
#: What changes of a scan while nothing happens.
PASSING = ("seconds", "seconds_left")

#: A scan that ended so long ago, in seconds, is still sent, so that its last state arrives.
ENDED_WITHIN = 60
MOST_SCANS = 50

#: (topic, key) -> what is known of it.
State = dict[tuple[str, str], dict[str, Any]]


@dataclass
class Watched:
    """What somebody may view: `names` gives the environments each time it is asked."""

    names: Callable[[], list[str]]
    inv: InventoryMgr = field(default_factory=InventoryMgr)

    def look(self) -> State:
        """Scans that run or ended just now, environments, the newest change of all; and of each
        environment its drift, its events and what monitoring says.
        """
        names = self.names()
        where = {"environment": {"$in": names}}
        found: State = {("scan", key): state for key, state in _scans(where)}
        wanted = {"name": 1, "last_scanned": 1, "scanned": 1, "operational": 1, "_id": 0}
        for item in EnvironmentStore().collection.find({"name": {"$in": names}}, wanted):
            found["environment", item["name"]] = {"environment": item["name"], **item}
        newest = self.inv.db["changes"].find_one(
            where, {"environment": 1, "time": 1, "_id": 0}, sort=[("time", DESCENDING)]
        )
        if newest:
            found["change", ""] = newest
        for topic, read in (("drift", drift), ("events", events), ("monitoring", monitoring)):
            for name, state in read(self.inv, names).items():
                found[topic, name] = {"environment": name} | state
        return found


def _scans(where: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    lately: datetime = now() - timedelta(seconds=ENDED_WITHIN)
    open_or_late = [{"end_timestamp": None}, {"end_timestamp": {"$gt": lately}}]
    newest = [("submit_timestamp", DESCENDING)]
    scans = ScanStore().scans
    for item in scans.find(
        where | {"$or": open_or_late}, {"_id": 1}, sort=newest, limit=MOST_SCANS
    ):
        try:
            yield str(item["_id"]), dispatch.progress(item["_id"])
        except NotFound:  # deleted meanwhile
            continue


def topic_stream(watched: Watched) -> Response:
    """A stream of `scan`, `environment`, `change`, `drift`, `events`, `monitoring` and `gone`
    events, after one `hello`.

    Scans come with their whole progress, first of all those that run; of the others only what
    changes after the `hello` is sent. Raises StoreError when this process has as many streams as
    it may.
    """
    first = watched.look()
    place = Place()
    response = Response(
        place.until_the_end(_lines(first, watched)), content_type=f"{EVENT_STREAM}; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(place.leave)
    return response


def _lines(state: State, watched: Watched) -> Iterator[str]:
    end = time.monotonic() + settings().api_stream_seconds
    spoke = time.monotonic()
    heard = {key: _mark(item) for key, item in state.items() if key[0] != "scan"}
    yield f"retry: {COME_AGAIN}\n\n"
    yield event("hello", "", {})
    while True:
        for key, item in state.items():
            mark = _mark(item)
            if heard.get(key) != mark:
                yield event(key[0], "", item)
                heard[key], spoke = mark, time.monotonic()
        for key in [key for key in heard if key not in state]:
            del heard[key]
            if key[0] == "environment":
                yield event("gone", "", {"environment": key[1]})
        if time.monotonic() > end or stopping.wait(LOOK_SECONDS):
            return
        if time.monotonic() - spoke > HEARTBEAT_SECONDS:
            yield ": still here\n\n"
            spoke = time.monotonic()
        try:
            state = watched.look()
        except Exception as error:
            if not is_store_error(error):
                raise
            yield ": the store does not answer\n\n"


def _mark(item: dict[str, Any]) -> str:
    """What counts as a change: not the times of a scan, which pass by themselves."""
    return event_id({name: value for name, value in item.items() if name not in PASSING})
