"""`/events`: the notifications of clouds that were taken, and what came of each."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, shown
from calipso.api.schemas import Answer, Time
from calipso.api.words import UtcTime
from calipso.errors import NotFound
from calipso.model.events import MessageState
from calipso.stores.mongo.encoding import decode
from calipso.stores.scans.event_store import EventStore

ns = Namespace("events", description="Events of clouds.", path="/events")

NEWEST_FIRST = ["-received"]

EXAMPLE = {
    "id": "b313eb25-b3ad-4bd8-8113-c338c70866a3",
    "_id": "prod/b313eb25-b3ad-4bd8-8113-c338c70866a3",
    "environment": "prod",
    "type": "compute.instance.create.end",
    "level": "info",
    "state": "done",
    "outcome": "",
    "received": "2026-05-04T03:00:00Z",
    "looked": "2026-05-04T03:00:06Z",
    "settled": "2026-05-04T03:00:24Z",
    "keys": ["instance:b0335276-1253-489e-8e24-80ea01564964"],
    "open": [],
    "scans": ["6563a1f0c2d4e8b1a2c3d4e5"],
    "changes": 14,
    "context": {"user": "alice", "request_id": "req-5080b034-bd9c-41d4-98f4-44602a78c267"},
}


class EventQuery(PageQuery):
    """Filters of the list of events."""

    env_name: str | None = Field(default=None, description="Of this environment.")
    state: MessageState | None = Field(default=None, description="In this state.")
    event_type: str | None = Field(
        default=None, description="Of this type, for example port.create.end."
    )
    start_time: Time | None = Field(default=None, description="Received at or after this time.")
    end_time: Time | None = Field(default=None, description="Received at or before this time.")


class EventAnswer(Answer):
    """An event, and what came of it."""

    id: str = ""
    environment: str = ""
    type: str = Field(default="", description="As the cloud calls it.")
    state: MessageState | None = Field(
        default=None, description="waiting, looked (a second look follows), done, failed or dead."
    )
    outcome: str = Field(default="", description="Why it failed or was given up.")
    sent: UtcTime | None = Field(default=None, description="By the clock of the cloud.")
    received: UtcTime | None = None
    looked: UtcTime | None = Field(default=None, description="When the first look had ended.")
    settled: UtcTime | None = Field(default=None, description="When the last look had ended.")
    keys: list[str] = Field(default=[], description="What it asked to look at.")
    open: list[str] = Field(default=[], description="Those of them that still wait.")
    scans: list[str] = Field(default=[], description="Scans that looked.")
    changes: int = Field(default=0, description="Changes that came from it.")
    context: dict[str, Any] = Field(default={}, description="Who caused it, by which request.")


@ns.route("")
class Events(Resource):  # type: ignore[misc]
    """All events."""

    @listing(EventAnswer, EventQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: EventQuery) -> Page:
        """Events, the newest first."""
        wanted: dict[str, Any] = caller.environments(query.env_name)
        if query.state is not None:
            wanted["state"] = query.state.value
        if query.event_type is not None:
            wanted["type"] = query.event_type
        times = {"$gte": query.start_time, "$lte": query.end_time}
        if given := {name: time for name, time in times.items() if time is not None}:
            wanted["received"] = given
        newest = query if query.sort else query.model_copy(update={"sort": NEWEST_FIRST})
        events = EventStore().collection
        return page(events, wanted, newest, order=("received",), hidden=("notification",))


@ns.route("/<string:key>")
class Event(Resource):  # type: ignore[misc]
    """One event, by the id that the cloud gave it."""

    @operation(Need.LOGIN, answer=EventAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One event."""
        found = EventStore().collection.find_one(caller.environments() | {"id": key})
        if found is None:
            raise NotFound(f"no event {key}")
        return shown({k: v for k, v in decode(found).items() if k != "notification"})
