"""`/scheduled_scans`: scans that start by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import AwareDatetime, Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, chosen, page
from calipso.api.replies import Page, Reply
from calipso.api.rights import must_edit
from calipso.api.scan_options import OPTIONS, ScanOptions, scan_request
from calipso.api.schemas import Answer, Body
from calipso.api.words import InventoryName, Text, UtcTime
from calipso.dispatch import add_schedule, enable_schedule, replace_schedule
from calipso.errors import ConfigError
from calipso.model.scan import LogLevel
from calipso.model.schedule import WHEN, WHEN_FIELDS, Frequency, Schedule, Weekday, schedule_of
from calipso.settings import settings
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.config.schedule_view import details
from calipso.stores.mongo.encoding import decode
from calipso.utils.clock import now

ns = Namespace("scheduled_scans", description="Scans by the clock.", path="/scheduled_scans")

ROOT = "/api/v1/scheduled_scans"

#: Fields of the body that are fields of a scan, by the original's names or ours.
REQUEST = (
    *OPTIONS,
    "clear",
    "inventory",
    "log_level",
    "object_id",
    "object_type",
    "scanner",
    "parent_id",
    "parent_type",
)
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
MOMENT = r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]$"

EXAMPLE = {
    "id": "6563a1f0c2d4e8b1a2c3d4e7",
    "name": "prod-weekly",
    "environment": "prod",
    "freq": "WEEKLY",
    "interval": 1,
    "weekdays": ["MO", "FR"],
    "time": "03:00",
    "time_zone": "Europe/Berlin",
    "when": "every week on MO, FR at 03:00 Europe/Berlin",
    "state": "on",
    "scheduled_timestamp": "2026-05-08T01:00:00Z",
    "next_slots": ["2026-05-08T01:00:00Z", "2026-05-11T01:00:00Z"],
    "last_scan": None,
    "problem": "",
}


class ScheduleQuery(PageQuery):
    """Filters of the list of schedules."""

    environment: str | None = Field(default=None, description="Of this environment.")
    env_name: str | None = Field(default=None, description="The same, as elsewhere.")
    id: str | None = Field(default=None, description="The one with this id.")
    freq: Frequency | None = Field(default=None, description="With periods of this length.")


class ScheduleAnswer(Answer):
    """A schedule."""

    id: str = ""
    name: str = ""
    environment: str = ""
    freq: Frequency | None = None
    when: str = Field(default="", description="All of it in words.")
    state: str = Field(default="", description="on, off or over.")
    scheduled_timestamp: UtcTime | None = Field(default=None, description="Its next slot.")
    next_slots: list[UtcTime] = Field(default=[])
    problem: str = Field(default="", description="What went wrong last.")


class ScheduleBody(
    ScanOptions,
    json_schema_extra={
        "examples": [
            {
                "environment": "prod",
                "name": "prod-weekly",
                "freq": "WEEKLY",
                "weekdays": ["MO", "FR"],
                "time": "03:00",
                "time_zone": "Europe/Berlin",
            }
        ]
    },
):
    """What to scan, and when. A day or time that is left out is that of `start`."""

    freq: Frequency = Field(description="How long a period is.", examples=["DAILY"])
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = Field(
        default=None, description="Its name, unique over all environments, for example prod-daily."
    )
    enabled: bool = Field(default=True, description="Switched on.")
    interval: int = Field(default=1, ge=1, le=1000, description="Every n-th period only.")
    month: int | None = Field(default=None, ge=1, le=12, description="For YEARLY.")
    day: int | None = Field(
        default=None, ge=1, le=31, description="Day of the month; in shorter months the last day."
    )
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="For WEEKLY."
    )
    time: Annotated[str, Field(pattern=TIME)] | None = Field(
        default=None, description="HH:MM in the time zone."
    )
    minute: int | None = Field(default=None, ge=0, le=59, description="For HOURLY.")
    moment: Annotated[str, Field(pattern=MOMENT)] | None = Field(
        default=None, description="For ONCE: YYYY-MM-DDTHH:MM in the time zone."
    )
    time_zone: Text = Field(default="UTC", description="IANA name, for example Europe/Berlin.")
    start: AwareDatetime | None = Field(
        default=None, description="Start of the first period; default: now."
    )
    submit_timestamp: AwareDatetime | None = Field(
        default=None, description="The original's `start`."
    )


class SchedulePatch(Body, json_schema_extra={"examples": [{"enabled": False}]}):
    """What to change; null removes a field (422 for `freq`, which is required)."""

    freq: Frequency | None = None
    enabled: bool | None = Field(default=None, description="Switch on or off.")
    interval: Annotated[int, Field(ge=1, le=1000)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = None
    time: Annotated[str, Field(pattern=TIME)] | None = None
    minute: Annotated[int, Field(ge=0, le=59)] | None = None
    moment: Annotated[str, Field(pattern=MOMENT)] | None = None
    time_zone: Text | None = None
    clear: bool | None = None
    log_level: LogLevel | None = None
    scan_only_inventory: bool | None = None
    scan_only_links: bool | None = None
    scan_only_cliques: bool | None = None
    inventory: InventoryName | None = None
    object_id: Text | None = None
    object_type: Text | None = None
    scanner: Text | None = None
    parent_id: Text | None = None
    parent_type: Text | None = None


def schedule_from(fields: dict[str, Any]) -> Schedule:
    """The schedule of a body's fields. Raises ConfigError for fields that exclude each other."""
    given = {name: value for name, value in fields.items() if value is not None}
    request = {"inventory": settings().inventory}
    request |= {name: given.pop(name) for name in REQUEST if name in given}
    scan = scan_request(request | {"environment": given["environment"]})
    kept = scan.model_dump(mode="json", exclude={"environment", "origin"}, exclude_defaults=True)
    given["request"] = kept | {"inventory": scan.inventory}
    if "moment" in given:
        try:
            given["moment"] = datetime.fromisoformat(given["moment"])
        except ValueError as error:
            raise ConfigError(f"moment: {error}") from None
    given.setdefault("start", given.pop("submit_timestamp", None) or now())
    return schedule_of(given)


def shown_schedule(document: dict[str, Any]) -> dict[str, Any]:
    """A stored schedule as it is answered."""
    found = details(document)
    moments = ("submit_timestamp", "scheduled_timestamp")
    found |= {name: document.get(name) for name in moments}
    return found | {"id": str(document["_id"]), "_id": str(document["_id"])}


def schedule_for(caller: Caller, key: str) -> dict[str, Any]:
    """The schedule with this id or name, if the caller sees it. Raises NotFound."""
    store = ScheduleStore().schedules
    keys: list[Any] = [key, *([ObjectId(key)] if ObjectId.is_valid(key) else [])]
    found = store.find_one({"$or": [{"_id": {"$in": keys}}, {"name": key}]})
    return caller.check_seen(decode(found) if found else None, f"schedule {key}")


@ns.route("")
class ScheduledScans(Resource):  # type: ignore[misc]
    """All schedules."""

    @listing(ScheduleAnswer, ScheduleQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: ScheduleQuery) -> Page:
        """Schedules, by environment."""
        wanted: dict[str, Any] = caller.environments(query.environment or query.env_name)
        if query.freq is not None:
            wanted["freq"] = query.freq.value
        if query.id is not None:
            keys: list[Any] = [query.id]
            keys += [ObjectId(query.id)] if ObjectId.is_valid(query.id) else []
            wanted["_id"] = {"$in": keys}
        whole = query.model_copy(update={"fields": []})  # many fields are computed, not stored
        found = page(ScheduleStore().schedules, wanted, whole, order=("environment",))
        found.items = chosen([shown_schedule(item) for item in found.items], query.fields)
        return found

    @operation(
        Need.OPERATE,
        answer=ScheduleAnswer,
        body=ScheduleBody,
        status=201,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def post(self, caller: Caller, body: ScheduleBody) -> Reply:
        """Add a schedule; `Location` names it."""
        caller.may_edit(body.environment)
        schedule = schedule_from(body.model_dump(exclude={"name", "enabled"}))
        store = ScheduleStore()
        stored = store.get(add_schedule(schedule, body.name or ""))
        if not body.enabled:
            store.disable(stored["_id"])
            stored = store.get(stored["name"])
        return Reply(shown_schedule(stored), 201, {"Location": f"{ROOT}/{stored['_id']}"})


@ns.route("/<string:key>")
class ScheduledScan(Resource):  # type: ignore[misc]
    """One schedule, by id or name."""

    @operation(Need.LOGIN, answer=ScheduleAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One schedule with its next five slots and the scans of earlier ones."""
        return shown_schedule(schedule_for(caller, key))

    @operation(
        Need.OPERATE,
        answer=ScheduleAnswer,
        body=ScheduleBody,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def put(self, key: str, caller: Caller, body: ScheduleBody) -> dict[str, Any]:
        """Replace a schedule; name, environment and history stay."""
        stored = schedule_for(caller, key)
        must_edit(caller, stored["environment"])
        if body.environment != stored["environment"] or body.name not in (
            None,
            stored.get("name"),
        ):
            raise ConfigError(
                "name and environment of a schedule cannot be changed",
                hint="Delete it and add another.",
            )
        fields = body.model_dump(exclude={"name", "enabled"})
        return _changed(stored, schedule_from(fields), enabled=body.enabled)

    @operation(
        Need.OPERATE,
        answer=ScheduleAnswer,
        body=SchedulePatch,
        errors=(404, 409, 422),
        example=EXAMPLE,
    )
    def patch(self, key: str, caller: Caller, body: SchedulePatch) -> dict[str, Any]:
        """Change some of it: switch it on or off, another time, other options."""
        stored = schedule_for(caller, key)
        must_edit(caller, stored["environment"])
        changes = body.model_dump(exclude={"enabled"}, exclude_unset=True)
        if not changes:
            return _switched(stored, enabled=body.enabled)
        return _changed(stored, _merged(stored, changes), enabled=body.enabled)

    @operation(Need.OPERATE, status=204, errors=(404,))
    def delete(self, key: str, caller: Caller) -> Reply:
        """Remove a schedule; a scan that it started goes on."""
        stored = schedule_for(caller, key)
        must_edit(caller, stored["environment"])
        ScheduleStore().remove(stored["_id"])
        return Reply(status=204)


def _merged(stored: dict[str, Any], changes: dict[str, Any]) -> Schedule:
    """The stored schedule with these changes."""
    before = schedule_of(stored).document()
    names = {ours: name for name, ours in OPTIONS.items()}
    for name, value in before.pop("request").items():
        before[names.get(name, name)] = value
    if "freq" in changes:  # day and time belong to the old frequency
        if changes["freq"] is None:
            raise ConfigError("freq: a schedule must have one")
        wanted = WHEN[Frequency(changes["freq"])]
        before = {n: v for n, v in before.items() if n not in WHEN_FIELDS or n in wanted}
    known = before | changes
    return schedule_from({n: v for n, v in known.items() if n in ScheduleBody.model_fields})


def _changed(stored: dict[str, Any], schedule: Schedule, *, enabled: bool | None) -> dict[str, Any]:
    replace_schedule(stored["_id"], schedule)
    return _switched(stored, enabled=enabled)


def _switched(stored: dict[str, Any], *, enabled: bool | None) -> dict[str, Any]:
    store = ScheduleStore()
    key = str(stored.get("name") or stored["_id"])
    if enabled:
        enable_schedule(key)
    elif enabled is False:
        store.disable(stored["_id"])
    return shown_schedule(store.get(key))
