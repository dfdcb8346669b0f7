"""`/scans`: start, list, read, cancel and delete scans. How far one is: scan_reports.py."""

from __future__ import annotations

import logging
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso import dispatch
from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, Reply, shown
from calipso.api.rights import must_edit
from calipso.api.scan_options import ScanOptions, scan_request
from calipso.api.schemas import Answer
from calipso.api.words import UtcTime
from calipso.errors import ConfigError, Conflict, NotQueued
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.settings import settings
from calipso.stores.mongo.encoding import decode
from calipso.stores.scans.listening import queues_of, require_workers
from calipso.stores.scans.retention import remove_scan
from calipso.stores.scans.scan_store import ScanStore

ns = Namespace("scans", description="Scans of environments.", path="/scans")

log = logging.getLogger(__name__)

ROOT = "/api/v1/scans"
NEWEST_FIRST = ["-submit_timestamp"]


#: Fields of a record that only workers use.
INTERNAL = (
    *("planner", "claim_until", "published_at", "planners_lost", "tasks_removed", "runner"),
    *("added_up", "derived", "fingerprint"),
)
#: Fields the list leaves out: the scan itself, its progress and coverage have them.
LONG = ("errors", "levels", "requests")

EXAMPLE = {
    "id": "6563a1f0c2d4e8b1a2c3d4e5",
    "environment": "prod",
    "inventory": "inventory",
    "status": "running",
    "stage": "inventory",
    "level": 2,
    "counts": {"host": 12, "instance": 240},
    "error_count": 0,
    "warning_count": 0,
    "submit_timestamp": "2026-05-04T03:00:00Z",
    "start_timestamp": "2026-05-04T03:00:01Z",
    "request": {"environment": "prod", "clear": False, "origin": "scheduled scan"},
}


class ScanQuery(PageQuery):
    """Filters of the list of scans."""

    env_name: str | None = Field(default=None, description="Of this environment.")
    id: str | None = Field(default=None, description="The one with this id.")
    object_id: str | None = Field(default=None, description="Limited to this object.")
    base_object: str | None = Field(default=None, description="The original's `object_id`.")
    status: ScanStatus | None = Field(default=None, description="In this state.")


class ScanAnswer(Answer):
    """A scan."""

    id: str
    environment: str
    inventory: str = Field(description="The inventory collection it writes to.")
    status: ScanStatus
    stage: str = Field(description="What it is doing: inventory, sweep, links, cliques, finish.")
    level: int = Field(description="Level of the scan tree it has reached; -1: not begun.")
    counts: dict[str, int] = Field(description="Objects found so far, by type.")
    error_count: int
    warning_count: int
    submit_timestamp: UtcTime
    start_timestamp: UtcTime | None = None
    end_timestamp: UtcTime | None = None
    request: dict[str, Any] = Field(description="What was asked for.")
    narrow: bool | None = Field(
        default=None,
        description="True: links and cliques were found again only where the scan changed "
        "something; `counts` has these. Absent until the inventory was read.",
    )


class ScanPageItem(Answer):
    """A scan in the list; with `fields`, these alone."""

    id: str = ""
    environment: str = ""
    status: ScanStatus | None = None


class ScanBody(ScanOptions, json_schema_extra={"examples": [{"environment": "prod"}]}):
    """What to scan. At most one of the `scan_only_*` may be true."""

    status: ScanStatus = Field(
        default=ScanStatus.PENDING, description="As the original's clients send it: `pending`."
    )

    def request(self) -> ScanRequest:
        """The request. Raises ConfigError for options that exclude each other."""
        if self.status is not ScanStatus.PENDING:
            raise ConfigError(
                f"status: a new scan is pending, not {self.status}",
                hint="Leave it out, or send `pending`.",
            )
        return scan_request(self.model_dump(exclude={"status"}, exclude_none=True) | self._usual())

    def _usual(self) -> dict[str, Any]:
        return {"inventory": self.inventory or settings().inventory}


class ScanStarted(Answer):
    """The scan that was started."""

    id: str
    status: ScanStatus
    message: str


STARTED = {
    "id": EXAMPLE["id"],
    "status": "pending",
    "message": "created a new scan for environment prod",
}


def scan_of(caller: Caller, key: str) -> dict[str, Any]:
    """The record of a scan the caller may see. Raises NotFound."""
    return caller.check_seen(ScanStore().scans.find_one({"_id": key}), f"scan {key}")


@ns.route("")
class Scans(Resource):  # type: ignore[misc]
    """All scans."""

    @listing(ScanPageItem, ScanQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: ScanQuery) -> Page:
        """Scans, newest first."""
        wanted: dict[str, Any] = caller.environments(query.env_name)
        filters = {
            "_id": query.id,
            "status": query.status and query.status.value,
            "request.object_id": query.object_id or query.base_object,
        }
        wanted |= {name: value for name, value in filters.items() if value is not None}
        sorted_query = query if query.sort else query.model_copy(update={"sort": NEWEST_FIRST})
        return page(
            ScanStore().scans,
            wanted,
            sorted_query,
            order=("submit_timestamp",),
            sortable=("environment", "status"),
            hidden=(*INTERNAL, *LONG),
        )

    @operation(
        Need.OPERATE,
        answer=ScanStarted,
        body=ScanBody,
        status=202,
        errors=(404, 422),
        example=STARTED,
    )
    def post(self, caller: Caller, body: ScanBody) -> Reply:
        """Start a scan; `Location` names it.

        503 when no worker listens on a queue it needs: it would never start. When the broker
        is away, the scan is recorded and starts by itself later: 202, and `message` says so.
        """
        environment = caller.may_edit(body.environment)
        request = body.request()
        dispatch.check_start(request)
        require_workers(queues_of(request), f"a scan of environment {environment}")
        message = f"created a new scan for environment {environment}"
        try:
            scan_id = dispatch.submit(request)
        except NotQueued as error:
            log.warning("%s", error.message)
            scan_id, message = error.scan_id, f"{message}; it waits for the broker to be back"
        answer = {"id": scan_id, "status": ScanStatus.PENDING.value, "message": message}
        return Reply(answer, 202, {"Location": f"{ROOT}/{scan_id}"})


@ns.route("/<string:key>")
class Scan(Resource):  # type: ignore[misc]
    """One scan."""

    @operation(Need.LOGIN, answer=ScanAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One scan by its id."""
        scan = decode(scan_of(caller, key))
        return shown({name: value for name, value in scan.items() if name not in INTERNAL})

    @operation(Need.OPERATE, status=204, errors=(404, 409))
    def delete(self, key: str, caller: Caller) -> Reply:
        """Delete the record of a scan that has ended, with its coverage report and log.

        The inventory stays. The scan that changes are counted from cannot be deleted.
        """
        must_edit(caller, scan_of(caller, key)["environment"])
        remove_scan(key)
        return Reply(status=204)


@ns.route("/<string:key>/cancel")
class ScanCancel(Resource):  # type: ignore[misc]
    """Stop a scan."""

    @operation(Need.OPERATE, answer=ScanStarted, status=202, errors=(404, 409), example=STARTED)
    def post(self, key: str, caller: Caller) -> Reply:
        """Ask a scan to stop; what it has read stays, nothing is removed."""
        scan = scan_of(caller, key)
        must_edit(caller, scan["environment"])
        status = ScanStatus(scan["status"])
        if status.final:
            raise Conflict(f"scan {key} has already ended: {status}")
        dispatch.cancel(key)
        now = ScanStore().get(key)["status"]
        answer = {"id": key, "status": now, "message": f"scan {key} is asked to stop"}
        return Reply(answer, 202, {"Location": f"{ROOT}/{key}"})
