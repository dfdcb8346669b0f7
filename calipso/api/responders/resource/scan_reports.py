"""`/scans/<id>/...`: progress (also as server-sent events), coverage report and log."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso import dispatch
from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page
from calipso.api.responders.resource.scans import scan_of
from calipso.api.schemas import Answer
from calipso.api.streams import EVENT_STREAM, event_stream
from calipso.api.topics import PASSING
from calipso.api.words import Severity, UtcTime
from calipso.model.scan import ScanStatus
from calipso.stores.scans.message_store import SEVERITY, MessageStore
from calipso.stores.scans.scan_store import ScanStore

ns = Namespace("scan reports", description="What a scan does and did.", path="/scans")

PROGRESS = {
    "id": "6563a1f0c2d4e8b1a2c3d4e5",
    "environment": "prod",
    "inventory": "inventory",
    "status": "running",
    "stage": "inventory",
    "level": 2,
    "tasks_known": 40,
    "tasks_done": 31,
    "levels": [
        {"level": 1, "title": "ScanHost", "stage": "inventory", "tasks": 12, "done": 12},
        {"level": 2, "title": "ScanInstances", "stage": "inventory", "tasks": 28, "done": 19},
    ],
    "counts": {"host": 12, "instance": 240},
    "requests": {"api_calls": 31, "ssh_sessions": 12},
    "errors": [],
    "warnings": [],
    "error_count": 0,
    "warning_count": 0,
    "removed": 0,
    "stale": 0,
    "seconds": 4.2,
    "seconds_left": 3.1,
    "submitted": "2026-05-04T03:00:00Z",
    "started": "2026-05-04T03:00:01Z",
    "ended": None,
    "message": "",
}


class LevelAnswer(Answer):
    """A level of the scan tree, or a stage after it."""

    level: int
    title: str = ""
    stage: str = ""
    tasks: int = Field(description="Tasks planned.")
    done: int = Field(description="Tasks done.")
    began: UtcTime | None = Field(default=None, description="When its tasks were sent.")


class ProgressAnswer(Answer):
    """How far a scan is."""

    id: str
    environment: str
    inventory: str
    status: ScanStatus
    stage: str
    level: int
    tasks_known: int = Field(description="Tasks planned so far; later levels add to them.")
    tasks_done: int
    levels: list[LevelAnswer]
    counts: dict[str, int] = Field(description="Objects by type, links, cliques.")
    requests: dict[str, int] = Field(description="Requests to the sources.")
    errors: list[dict[str, Any]] = Field(description="The first of them; the log has all.")
    warnings: list[dict[str, Any]]
    error_count: int
    warning_count: int
    removed: int = Field(description="Objects that the cloud no longer has.")
    stale: int = Field(description="Objects that could not be read and were kept.")
    seconds: float
    seconds_left: float | None = Field(
        description="By the times of the last whole scan of this environment; null: not known."
    )
    submitted: UtcTime
    started: UtcTime | None
    ended: UtcTime | None
    message: str = Field(description="Why a pending scan waits.")


class CoverageAnswer(Answer):
    """What one source read of one host, and what it could not read."""

    host: str = Field(default="", description="Empty: read once for the whole cloud.")
    source: str = ""
    reached: bool | None = Field(default=None, description="null: nothing was asked.")
    read: int = 0
    failed: int = 0
    objects: int = 0
    seconds: float = 0.0
    problems: list[dict[str, Any]] = Field(default=[])
    more_problems: int = Field(
        default=0, description="Number of further kinds of problems, not listed."
    )


class LogQuery(PageQuery):
    """Filters of the log."""

    level: Severity = Field(
        default=Severity.DEBUG, description="Lines of this level and above; default: all."
    )
    host: str | None = Field(default=None, description="Lines about this host.")


class LogAnswer(Answer):
    """A log line of a scan."""

    timestamp: UtcTime | None = None
    level: str = ""
    message: str = ""
    host: str = ""
    details: dict[str, Any] = Field(default={})


LOG_LINE = {
    "id": "20577.10801.52210",
    "timestamp": "2026-05-04T03:00:01.052210Z",
    "level": "info",
    "message": "level published",
    "environment": "prod",
    "scan_id": PROGRESS["id"],
    "host": "",
    "details": {"level": 1, "tasks": 12},
}
COVERAGE_LINE = {
    "host": "compute-1",
    "source": "cli",
    "reached": True,
    "read": 4,
    "failed": 0,
    "objects": 93,
    "seconds": 0.81,
    "problems": [],
    "more_problems": 0,
}
STREAM = {EVENT_STREAM: "Progress as server-sent events."}


def progress_of(key: str) -> dict[str, Any]:
    """Progress with the sums over all levels. Raises NotFound."""
    state = dispatch.progress(key)
    sums = {
        "tasks_known": sum(level["tasks"] for level in state["levels"]),
        "tasks_done": sum(level["done"] for level in state["levels"]),
    }
    return state | sums


def events_of(key: str) -> Response:
    """The progress as a stream, until the scan has ended."""
    return event_stream(
        lambda: progress_of(key),
        is_last=lambda state: ScanStatus(state["status"]).final,
        told=lambda state: {name: state[name] for name in state if name not in PASSING},
        last_id=request.headers.get("Last-Event-ID", ""),
    )


@ns.route("/<string:key>/progress")
class ScanProgress(Resource):  # type: ignore[misc]
    """How far a scan is."""

    @operation(Need.LOGIN, answer=ProgressAnswer, errors=(404,), example=PROGRESS, produces=STREAM)
    def get(self, key: str, caller: Caller) -> dict[str, Any] | Response:
        """Tasks done and known, objects by type, level by level.

        With `Accept: text/event-stream` as `/events`.
        """
        scan_of(caller, key)
        if request.accept_mimetypes.best_match(["application/json", EVENT_STREAM]) == EVENT_STREAM:
            return events_of(key)
        return progress_of(key)


@ns.route("/<string:key>/events")
class ScanEvents(Resource):  # type: ignore[misc]
    """Progress as it changes."""

    @operation(Need.LOGIN, errors=(204, 404), produces=STREAM)
    def get(self, key: str, caller: Caller) -> Response:
        """Progress as server-sent events: `progress` at each change, `end` at the last.

        The stream ends after the setting `api_stream_seconds`; the client then reconnects with
        `Last-Event-ID` and gets what has changed. After the last event the answer is 204: do not
        reconnect.
        """
        scan_of(caller, key)
        return events_of(key)


@ns.route("/<string:key>/coverage")
class ScanCoverage(Resource):  # type: ignore[misc]
    """What a scan read."""

    @listing(CoverageAnswer, PageQuery, COVERAGE_LINE, errors=(404,))
    def get(self, key: str, caller: Caller, query: PageQuery) -> Page:
        """For each host and source, what was read and what was not; empty until the scan ends."""
        scan_of(caller, key)
        return page(ScanStore().coverage, {"scan_id": key}, query, order=("host", "source"))


@ns.route("/<string:key>/log")
class ScanLog(Resource):  # type: ignore[misc]
    """What the workers logged."""

    @listing(LogAnswer, LogQuery, LOG_LINE, errors=(404,))
    def get(self, key: str, caller: Caller, query: LogQuery) -> Page:
        """Log lines of a scan, oldest first."""
        scan_of(caller, key)
        wanted: dict[str, Any] = {"scan_id": key}
        if query.level is not Severity.DEBUG:
            wanted["level"] = {"$in": list(SEVERITY[SEVERITY.index(query.level) :])}
        if query.host is not None:
            wanted["host"] = query.host
        return page(MessageStore().messages, wanted, query, order=("timestamp",))
