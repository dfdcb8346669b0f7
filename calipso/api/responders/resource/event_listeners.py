"""`/event_listeners`: who listens to the events of which environment, and what waits."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Answer
from calipso.api.streams import EVENT_STREAM, event_stream
from calipso.api.words import UtcTime
from calipso.dispatch import reconcile_events, wake_events
from calipso.model.events import ListenerState
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_retry import retry
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.event_view import key_row, listener_row, listeners, message_row

ns = Namespace("event listeners", description="Listening to clouds.", path="/event_listeners")

#: Events that a stream tells at once.
NEWEST = 20

EXAMPLE = {
    "environment": "prod",
    "listen": True,
    "state": "running",
    "reason": "",
    "since": "2026-05-04T03:00:00Z",
    "seen": "2026-05-04T04:00:00Z",
    "waiting": 2,
    "dead": 0,
    "queue": 0,
    "last": "2026-05-04T03:59:58Z",
    "brokers": [{"url": "amqp://mq1:5672/", "state": "running", "reason": "", "depth": 0}],
    "counts": {"handled": 812, "unmapped": 95, "duplicate": 3},
    "gaps": {"reconnect": 1},
}
KEY = {
    "key": "prod/port:8e712588-f78d-4f54-a04e-a1b516e3a680",
    "environment": "prod",
    "scope": "port",
    "id": "8e712588-f78d-4f54-a04e-a1b516e3a680",
    "state": "dead",
    "since": "2026-05-04T03:00:00Z",
    "attempts": 10,
    "reason": "compute-7: SSH: no route to host",
    "events": ["b313eb25-b3ad-4bd8-8113-c338c70866a3"],
}


class ListenerAnswer(Answer):
    """The listener of an environment."""

    environment: str
    listen: bool = Field(default=False, description="Somebody asked for it.")
    state: ListenerState = Field(description="running, waiting, error or stopped.")
    reason: str = Field(default="", description="Why it does not run, and the remedy.")
    since: UtcTime | None = Field(default=None, description="Since when it is in this state.")
    seen: UtcTime | None = Field(default=None, description="Its last sign of life.")
    waiting: int = Field(default=0, description="Things that wait for a look.")
    dead: int = Field(default=0, description="Things that were given up.")
    queue: int = Field(default=0, description="Messages that wait at the brokers.")
    last: UtcTime | None = Field(default=None, description="When the last message came.")
    brokers: list[dict[str, Any]] = Field(default=[])
    counts: dict[str, int] = Field(default={}, description="Messages by result.")
    gaps: dict[str, int] = Field(default={}, description="Times when lists were compared.")


class KeyAnswer(Answer):
    """Something that was given up."""

    key: str
    environment: str
    scope: str = Field(description="instance, port, network, router, host, ...")
    id: str
    state: str
    since: UtcTime | None = None
    attempts: int = 0
    reason: str = Field(default="", description="What the last try met.")
    events: list[str] = Field(default=[], description="Ids of the events that named it.")


class Started(Answer):
    """How much was started."""

    environment: str
    number: int


def seen(caller: Caller, name: str) -> dict[str, Any]:
    """The listener of an environment, if the caller sees it. Raises NotFound."""
    found = next((item for item in listeners(name)), None)
    return caller.check_seen(found, f"environment {name}")


@ns.route("")
class EventListeners(Resource):  # type: ignore[misc]
    """All listeners."""

    @listing(ListenerAnswer, PageQuery, EXAMPLE)
    def get(self, caller: Caller, query: PageQuery) -> Page:
        """The listeners of all environments, also of those nobody listens to."""
        rows = [listener_row(item) | {"_id": item["environment"]} for item in listeners()]
        mine = [shown(row) for row in rows if caller.sees(row["environment"])]
        return page_of(mine, query, order=("environment",))


@ns.route("/<string:name>")
class EventListener(Resource):  # type: ignore[misc]
    """The listener of one environment."""

    @operation(Need.LOGIN, answer=ListenerAnswer, errors=(404,), example=EXAMPLE)
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """State, brokers and counters."""
        return listener_row(seen(caller, name))


@ns.route("/<string:name>/stream")
class EventListenerStream(Resource):  # type: ignore[misc]
    """What happens, as it happens."""

    @operation(Need.LOGIN, errors=(404,), produces={EVENT_STREAM: "States as server-sent events."})
    def get(self, name: str, caller: Caller) -> Response:
        """The listener with its newest events, at each change, as server-sent events.

        The stream ends after the setting `api_stream_seconds`; the client then reconnects.
        """
        seen(caller, name)

        def read() -> dict[str, Any]:
            row = listener_row(next(iter(listeners(name))))
            newest = EventStore().find({"environment": name}, NEWEST)
            return row | {"events": [message_row(item) for item in newest]}

        return event_stream(
            read,
            is_last=lambda state: False,
            told=lambda state: {k: state[k] for k in state if k not in ("seen", "brokers")},
            last_id=request.headers.get("Last-Event-ID", ""),
        )


@ns.route("/<string:name>/dead")
class DeadEvents(Resource):  # type: ignore[misc]
    """What was given up."""

    @listing(KeyAnswer, PageQuery, KEY, errors=(404,))
    def get(self, name: str, caller: Caller, query: PageQuery) -> Page:
        """What was given up after too many tries, with the reason of the last one."""
        seen(caller, name)
        rows = [shown(key_row(item) | {"_id": item["_id"]}) for item in EventKeys().dead(name)]
        return page_of(rows, query, order=("key",))


@ns.route("/<string:name>/retry")
class RetryEvents(Resource):  # type: ignore[misc]
    """Another try."""

    @operation(
        Need.OPERATE,
        answer=Started,
        status=202,
        errors=(404,),
        example={"environment": "prod", "number": 3},
    )
    def post(self, name: str, caller: Caller) -> Reply:
        """Try again all that was given up in an environment."""
        environment = caller.may_edit(name)
        dead = EventKeys().dead(environment)
        for item in dead:
            retry(str(item["_id"]))
        wake_events(environment)
        return Reply({"environment": environment, "number": len(dead)}, 202)


@ns.route("/<string:name>/reconcile")
class ReconcileEvents(Resource):  # type: ignore[misc]
    """Compare the lists."""

    @operation(
        Need.OPERATE,
        answer=Started,
        status=202,
        errors=(404,),
        example={"environment": "prod", "number": 1},
    )
    def post(self, name: str, caller: Caller) -> Reply:
        """Compare the lists of the API with the inventory, and look at what differs."""
        environment = caller.may_edit(name)
        reconcile_events(environment)
        return Reply({"environment": environment, "number": 1}, 202)
