"""A schedule: which environment is scanned when, with which options.

The words (`freq`, YEARLY to HOURLY) are those of the original's `scheduled_scans`, and its
documents load unchanged. MINUTELY, ONCE, the interval, the time zone and the fields for the day are
additions. calipso/model/slots.py computes the times of a schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.scan import ScanRequest

ORIGIN = "scheduled scan"


class Frequency(StrEnum):
    """Length of a period."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"
    MINUTELY = "MINUTELY"
    ONCE = "ONCE"


class Weekday(StrEnum):
    """Days of the week, as calendars write them (RFC 5545)."""

    MO = "MO"
    TU = "TU"
    WE = "WE"
    TH = "TH"
    FR = "FR"
    SA = "SA"
    SU = "SU"

    @property
    def number(self) -> int:
        """0 for Monday."""
        return list(Weekday).index(self)


#: Fields for the time, by frequency. Other fields must be absent.
WHEN: dict[Frequency, tuple[str, ...]] = {
    Frequency.YEARLY: ("month", "day", "time"),
    Frequency.MONTHLY: ("day", "time"),
    Frequency.WEEKLY: ("weekdays", "time"),
    Frequency.DAILY: ("time",),
    Frequency.HOURLY: ("minute",),
    Frequency.MINUTELY: (),
    Frequency.ONCE: ("moment",),
}
WHEN_FIELDS = ("month", "day", "weekdays", "time", "minute", "moment")

#: The years in which a schedule may begin. Beyond them Python has no calendar or no time zones.
YEARS = range(1970, 3000)

#: Names of scan options in the original -> our names.
ORIGINAL_OPTIONS = {
    "clear": "clear",
    "log_level": "log_level",
    "inventory": "inventory",
    "object_id": "object_id",
    "scan_only_inventory": "inventory_only",
    "scan_only_links": "links_only",
    "scan_only_cliques": "cliques_only",
}


class Schedule(BaseModel):
    """The definition of a schedule. `start` gives the parts of day and time that are missing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    environment: str = Field(min_length=1)
    freq: Frequency
    interval: int = Field(default=1, ge=1, le=1000)
    month: int | None = Field(default=None, ge=1, le=12)
    day: int | None = Field(default=None, ge=1, le=31)
    weekdays: tuple[Weekday, ...] | None = None
    time: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    minute: int | None = Field(default=None, ge=0, le=59)
    moment: datetime | None = None  # for ONCE; wall clock of the time zone
    time_zone: str = "UTC"
    start: AwareDatetime  # no slot is earlier; intervals are counted from the first slot
    request: Document = Field(default_factory=dict)  # fields of ScanRequest

    @model_validator(mode="after")
    def _complete(self) -> Schedule:
        for name in ("start", "moment"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.year not in YEARS:
                raise ValueError(f"{name}: a schedule cannot begin in the year {moment.year}")
        zone(self.time_zone)
        self.scan_request()
        wanted = WHEN[self.freq]
        useless = [n for n in WHEN_FIELDS if n not in wanted and getattr(self, n) is not None]
        if useless:
            raise ValueError(f"{', '.join(useless)}: not allowed with freq {self.freq}")
        if self.freq is Frequency.ONCE and (self.moment is None or self.interval != 1):
            raise ValueError("freq ONCE needs a moment and has no interval")
        for name, value in self._from_start(wanted).items():
            object.__setattr__(self, name, value)  # the model is frozen for all other code
        return self

    def _from_start(self, wanted: tuple[str, ...]) -> Document:
        local = self.start.astimezone(zone(self.time_zone))
        derived: Document = {
            "month": local.month,
            "day": local.day,
            "weekdays": (list(Weekday)[local.weekday()],),
            "time": f"{local:%H:%M}",
            "minute": local.minute,
        }
        found = {n: derived[n] for n in wanted if getattr(self, n) is None}
        if self.weekdays is not None:
            if not self.weekdays:
                raise ValueError("weekdays: the list is empty")
            found["weekdays"] = tuple(day for day in Weekday if day in self.weekdays)
        if self.moment is not None:
            found["moment"] = self.moment.replace(tzinfo=None)
        return found

    def scan_request(self) -> ScanRequest:
        """Return the request of each of its scans."""
        fields = {"origin": ORIGIN, **self.request, "environment": self.environment}
        return ScanRequest(**fields)

    def document(self) -> Document:
        """Return the document to store, without unused fields."""
        fields = self.model_dump(exclude_none=True)
        plain = {n: v.value if isinstance(v, StrEnum) else v for n, v in fields.items()}
        if self.weekdays is not None:
            plain["weekdays"] = [day.value for day in self.weekdays]
        if self.moment is not None:
            plain["moment"] = self.moment.isoformat()
        return plain


def schedule_of(document: Mapping[str, Any]) -> Schedule:
    """Return the schedule of a stored document, also of the original. Raises ConfigError."""
    fields = dict(document)
    request = dict(fields.get("request") or {})
    for old, new in ORIGINAL_OPTIONS.items():
        if fields.get(old) is not None:
            request.setdefault(new, fields[old])
    fields["request"] = request
    fields.setdefault("start", fields.get("submit_timestamp"))
    try:
        return Schedule.model_validate(fields)
    except ValidationError as error:
        lines = [_problem(item) for item in error.errors()]
        raise ConfigError(
            "\n".join(f"schedule {fields.get('name') or fields.get('_id', '')}: {x}" for x in lines)
        ) from None


def _problem(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {text}" if place else text


def zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name. Raises ValueError, which names the nearest one."""
    if name == "UTC":  # also on machines without time zone data
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from difflib import get_close_matches

        known = sorted(available_timezones())
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        if not known:
            hint = "; this machine has no time zone data: install tzdata"
        raise ValueError(
            f"time_zone: no time zone {name!r} (IANA name as Europe/Berlin){hint}"
        ) from None


def describe(schedule: Schedule) -> str:
    """Return the schedule in words: `every 2 weeks on MO, FR at 03:00 Europe/Berlin`."""
    freq, number = schedule.freq, schedule.interval
    if freq is Frequency.ONCE:
        return f"once at {schedule.moment:%Y-%m-%d %H:%M:%S} {schedule.time_zone}"
    unit = _UNITS[freq]
    words = [f"every {number} {unit}s" if number > 1 else f"every {unit}"]
    if freq is Frequency.HOURLY:
        where = "" if schedule.time_zone == "UTC" else f" {schedule.time_zone}"
        return f"{words[0]} at minute {schedule.minute}{where}"
    if freq is Frequency.MINUTELY:
        return words[0]
    if schedule.weekdays:
        words.append("on " + ", ".join(schedule.weekdays))
    elif freq is Frequency.MONTHLY:
        words.append(f"on day {schedule.day}")
    elif freq is Frequency.YEARLY:
        words.append(f"on {schedule.month:02d}-{schedule.day:02d}")
    return " ".join([*words, f"at {schedule.time} {schedule.time_zone}"])


_UNITS = {
    Frequency.YEARLY: "year",
    Frequency.MONTHLY: "month",
    Frequency.WEEKLY: "week",
    Frequency.DAILY: "day",
    Frequency.HOURLY: "hour",
    Frequency.MINUTELY: "minute",
}
