"""`/monitoring`: what is not good, how hosts are checked, who works on it."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, request
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.reading import EXAMPLE_KEY, seen
from calipso.api.replies import Page, Reply
from calipso.api.schemas import Answer, Body, Query
from calipso.api.streams import EVENT_STREAM, event_stream
from calipso.api.words import EnvironmentName, Text, UtcTime
from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.monitoring.round_store import RoundStore
from calipso.stores.monitoring.summary import by_host, by_project, summary
from calipso.utils.clock import now

ns = Namespace("monitoring", description="Statuses of objects, links, cliques.", path="/monitoring")

TROUBLES = "monitoring_troubles"
STREAM = {EVENT_STREAM: "Counts as server-sent events, whenever they change."}


class StatusQuery(PageQuery):
    """Filters of the list of what is not good."""

    env_name: EnvironmentName | None = Field(default=None, description="Of this environment.")
    kind: Literal["object", "link", "clique"] | None = Field(default=None, description="Of these.")
    type: Text | None = Field(default=None, description="Of this type.")
    host: Text | None = Field(default=None, description="On this host.")
    value: int | None = Field(
        default=None, ge=0, le=3, description="1 warning, 2 error, 3 unknown."
    )


class StatusAnswer(Answer):
    """What is not good, or is acknowledged."""

    id: str = ""
    environment: str = ""
    kind: str = Field(default="", description="object, link or clique.")
    type: str = ""
    name: str = ""
    host: str = ""
    value: int = Field(default=0, description="0 OK, 1 warning, 2 error, 3 unknown.")
    label: str = ""
    text: str = ""
    since: UtcTime | None = None
    last_ok: UtcTime | None = None
    source: str = Field(default="", description="Who says so.")
    flapping: bool = False
    acknowledged: dict[str, Any] | None = None
    silenced_until: UtcTime | None = None


STATUS = {
    "_id": EXAMPLE_KEY,
    "environment": "prod",
    "kind": "object",
    "type": "vnic",
    "id": "compute-1-tap8a0382a0-5b",
    "name": "tap8a0382a0-5b",
    "host": "compute-1",
    "value": 2,
    "label": "Error",
    "text": "tap8a0382a0-5b is gone",
    "since": "2026-05-04T03:00:12Z",
    "source": "calipso",
    "flapping": False,
}


@ns.route("/statuses")
class Statuses(Resource):  # type: ignore[misc]
    """The list of what is not good."""

    @listing(StatusAnswer, StatusQuery, STATUS, errors=(404,))
    def get(self, caller: Caller, query: StatusQuery) -> Page:
        """What is not OK, or acknowledged. The status of an object is in its `monitoring`."""
        wanted = seen(caller, query.env_name)
        fields = {"kind", "type", "host", "value"}
        wanted |= query.model_dump(include=fields, exclude_none=True)
        order = ("environment", "kind", "type", "id")
        return page(MongoAccess().db[TROUBLES], wanted, query, order=order, sortable=("since",))


class EnvironmentQuery(Query):
    """One environment."""

    env_name: EnvironmentName = Field(description="The environment.")


class SummaryAnswer(Answer):
    """Counts of an environment."""

    environment: str
    enabled: bool = Field(description="True: Calipso itself checks its hosts.")
    interval: int = Field(description="Seconds between two checks of a host.")
    checked: int = Field(description="Objects and links that the last rounds judged.")
    objects: dict[str, int] = Field(description="Objects with a check, by label.")
    links: dict[str, int]
    cliques: dict[str, int] = Field(description="Cliques by label; counted after each scan.")
    silenced: int
    acknowledged: int
    hosts: dict[str, int] = Field(description="`all`, `checked` in time, `failed`.")
    gateway_down: bool
    last_check: UtcTime | None = None
    unresolved: dict[str, Any] = Field(
        description="Results of other systems that are about no object: `count`, last `names`."
    )


SUMMARY = {
    "environment": "prod",
    "enabled": True,
    "interval": 60,
    "checked": 412,
    "objects": {"OK": 210, "Warning": 0, "Error": 1, "Unknown": 0},
    "links": {"OK": 199, "Warning": 0, "Error": 2, "Unknown": 0},
    "cliques": {"OK": 22, "Warning": 0, "Error": 1, "Unknown": 0},
    "silenced": 0,
    "acknowledged": 0,
    "hosts": {"all": 12, "checked": 12, "failed": 0},
    "gateway_down": False,
    "last_check": "2026-05-04T03:00:12Z",
    "unresolved": {"count": 0, "names": []},
}


def summary_of(environment: str) -> Document:
    """Counts of an environment."""
    found = EnvironmentStore().get(environment)
    counts = summary(InventoryMgr(), environment, found.monitoring_interval)
    return counts | {"enabled": found.enable_monitoring}


@ns.route("/summary")
class Summary(Resource):  # type: ignore[misc]
    """Counts."""

    @operation(
        Need.LOGIN, answer=SummaryAnswer, query=EnvironmentQuery, errors=(404,), example=SUMMARY
    )
    def get(self, caller: Caller, query: EnvironmentQuery) -> Document:
        """Counts by value, and how the hosts of an environment are checked."""
        return summary_of(caller.may_view(query.env_name))


@ns.route("/stream")
class Stream(Resource):  # type: ignore[misc]
    """Counts, live."""

    @operation(Need.LOGIN, query=EnvironmentQuery, errors=(404,), produces=STREAM)
    def get(self, caller: Caller, query: EnvironmentQuery) -> Response:
        """The same as a stream: an event whenever a count changes.

        The stream ends after the setting `api_stream_seconds`; clients reconnect.
        """
        name = caller.may_view(query.env_name)
        quiet = {"last_check"}
        return event_stream(
            lambda: summary_of(name),
            is_last=lambda _: False,
            told=lambda state: {k: v for k, v in state.items() if k not in quiet},
            last_id=request.headers.get("Last-Event-ID", ""),
        )


class HostsAnswer(Answer):
    """How each host is checked."""

    hosts: list[dict[str, Any]] = Field(
        description="`host`, `checked` (time), `seconds`, `failures`, `problem`, and how many of "
        "its objects and links are OK, Warning, Error, Unknown."
    )


HOSTS = {
    "hosts": [
        {"host": "compute-1", "checked": "2026-05-04T03:00:12Z", "seconds": 0.4, "failures": 0}
        | {"problem": "", "OK": 31, "Warning": 0, "Error": 1, "Unknown": 0}
    ]
}


@ns.route("/hosts")
class Hosts(Resource):  # type: ignore[misc]
    """Hosts."""

    @operation(Need.LOGIN, answer=HostsAnswer, query=EnvironmentQuery, errors=(404,), example=HOSTS)
    def get(self, caller: Caller, query: EnvironmentQuery) -> Document:
        """How each host is checked, and counts of what is on it."""
        return {"hosts": by_host(InventoryMgr(), caller.may_view(query.env_name))}


class ProjectsAnswer(Answer):
    """Counts of each project."""

    projects: list[dict[str, Any]] = Field(
        description="`project` (name), `id`, and how many of its instances, networks and services "
        "are OK, Warning, Error, Unknown, not_checked."
    )


PROJECTS = {
    "projects": [
        {"project": "demo", "id": "4a088c222f64401a8f42b0cef48933d9", "OK": 12, "Warning": 0}
        | {"Error": 1, "Unknown": 0, "not_checked": 0}
    ]
}


@ns.route("/projects")
class Projects(Resource):  # type: ignore[misc]
    """Projects."""

    @operation(
        Need.LOGIN, answer=ProjectsAnswer, query=EnvironmentQuery, errors=(404,), example=PROJECTS
    )
    def get(self, caller: Caller, query: EnvironmentQuery) -> Document:
        """Counts by project, with a row without an id for what belongs to none."""
        return {"projects": by_project(InventoryMgr(), caller.may_view(query.env_name))}


class RoundBody(
    Body, json_schema_extra={"examples": [{"environment": "prod", "host": "compute-1"}]}
):
    """A host to check now."""

    environment: EnvironmentName
    host: Text


class AcceptedAnswer(Answer):
    """It will be done."""

    message: str


@ns.route("/rounds")
class Rounds(Resource):  # type: ignore[misc]
    """Rounds."""

    @operation(
        Need.OPERATE,
        status=202,
        answer=AcceptedAnswer,
        body=RoundBody,
        errors=(404,),
        example={"message": "compute-1 is checked with the next tick"},
    )
    def post(self, caller: Caller, body: RoundBody) -> Reply:
        """Check a host with the next tick, not only when its interval is over."""
        caller.may_edit(body.environment)
        if not RoundStore().soon(body.environment, body.host, now()):
            raise NotFound(
                f"{body.environment}: host {body.host} is not monitored",
                hint="Set enable_monitoring of the environment, and scan it.",
            )
        return Reply({"message": f"{body.host} is checked with the next tick"}, 202)
