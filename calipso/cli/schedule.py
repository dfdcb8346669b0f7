"""`calipso schedule`: scans that start by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer

from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    SortOption,
    iso,
    say,
    show_list,
    show_one,
)
from calipso.cli.scan_options import (
    Clear,
    CliquesOnly,
    InventoryOnly,
    KeptLog,
    LinksOnly,
    ParentId,
    ParentType,
    ScannedId,
    ScannedType,
    ScannerName,
    WriteTo,
    in_options,
)
from calipso.cli.selecting import EnvOption, ScannedEnvironment
from calipso.model.schedule import Frequency, Schedule, Weekday, describe, schedule_of
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.config.schedule_view import details
from calipso.stores.people.audit_store import AuditStore
from calipso.validation_words import said

app = typer.Typer(help="Scans that start by themselves: add, list, show, remove.")

LIST_COLUMNS = ["name", "environment", "when", "state", "next", "last", "last_scan", "problem"]

Name = Annotated[
    str,
    typer.Argument(
        metavar="SCHEDULE", help="Name of the schedule.", autocompletion=completing.schedules
    ),
]


@app.command()
def add(
    environment: ScannedEnvironment,
    freq: Annotated[
        Frequency, typer.Option("--freq", case_sensitive=False, help="Length of a period.")
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="HH:MM; for HOURLY the minute :MM; for ONCE YYYY-MM-DDTHH:MM. Default: now.",
        ),
    ] = None,
    interval: Annotated[
        int, typer.Option("--interval", metavar="N", help="Every N-th period only.")
    ] = 1,
    weekday: Annotated[
        list[Weekday] | None,
        typer.Option(
            "--weekday",
            case_sensitive=False,
            help="For WEEKLY: MO to SU. It may be given several times.",
        ),
    ] = None,
    day: Annotated[
        int | None,
        typer.Option("--day", help="Day of the month. A shorter month uses its last day."),
    ] = None,
    month: Annotated[int | None, typer.Option("--month", help="For YEARLY: 1 to 12.")] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="IANA name, such as Europe/Berlin.")
    ] = "UTC",
    start: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="TIME", help="First slot not before this time: YYYY-MM-DDTHH:MM."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name of the schedule. Default: such as prod-daily for prod."),
    ] = None,
    inventory: WriteTo = None,
    inventory_only: InventoryOnly = False,
    links_only: LinksOnly = False,
    cliques_only: CliquesOnly = False,
    clear: Clear = False,
    object_id: ScannedId = None,
    object_type: ScannedType = None,
    scanner: ScannerName = None,
    parent_id: ParentId = None,
    parent_type: ParentType = None,
    log_level: KeptLog = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Scan an environment again and again.

    Missing parts of day and time are taken from now (or --start). Beat looks at schedules every 15
    seconds; `calipso up` runs it.

    Example: calipso schedule add prod --freq WEEKLY --weekday MO --weekday FR --at 03:00
    """
    from calipso.dispatch import add_schedule
    from calipso.settings import settings

    options = {
        "inventory": inventory or settings().inventory,
        "inventory_only": inventory_only,
        "links_only": links_only,
        "cliques_only": cliques_only,
        "clear": clear,
        "object_id": object_id,
        "object_type": object_type,
        "scanner": scanner,
        "parent_id": parent_id,
        "parent_type": parent_type,
        "log_level": log_level and log_level.value,
    }
    fields: dict[str, Any] = {
        "environment": environment,
        "freq": freq,
        "interval": interval,
        "weekdays": weekday or None,
        "day": day,
        "month": month,
        "time_zone": time_zone,
        **_at(freq, at),
        "request": {option: value for option, value in options.items() if value},
    }
    name = add_schedule(_schedule(fields, start), name or "")
    stored = ScheduleStore().get(name)
    _audit("add", stored, [key for key, value in fields.items() if value])
    if output_format is Format.TABLE:
        typer.echo(name)
        say(f"{describe(schedule_of(stored))}; next: {iso(stored['scheduled_timestamp'])}")
    else:
        show_one(details(stored), output_format)


def _at(freq: Frequency, at: str | None) -> dict[str, Any]:
    """Return `--at` as the field that the frequency uses."""
    if at is None:
        if freq is Frequency.ONCE:
            raise typer.BadParameter("ONCE needs --at YYYY-MM-DDTHH:MM")
        return {}
    if freq is Frequency.HOURLY:
        minute = at.removeprefix(":")
        if not minute.isdecimal() or int(minute) > 59:
            raise typer.BadParameter(f"--at {at}: for HOURLY it is the minute, as :15")
        return {"minute": int(minute)}
    if freq is Frequency.ONCE:
        return {"moment": _local(at, "--at")}
    if freq is Frequency.MINUTELY:
        raise typer.BadParameter("--at: not possible with MINUTELY")
    hour, _, minute = at.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise typer.BadParameter(f"--at {at}: expected HH:MM")
    return {"time": f"{int(hour):02d}:{int(minute):02d}"}


def _local(text: str, option: str) -> datetime:
    """A wall-clock time of the schedule's zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: expected YYYY-MM-DDTHH:MM") from None
    if moment.tzinfo is not None:
        raise typer.BadParameter(f"{option} {text}: give the zone by --time-zone")
    return moment


def _schedule(fields: dict[str, Any], start: str | None) -> Schedule:
    from pydantic import ValidationError

    from calipso.model.schedule import zone
    from calipso.utils.clock import now

    try:
        begin = now() if start is None else _local(start, "--start")
        fields["start"] = begin if begin.tzinfo else begin.replace(tzinfo=zone(fields["time_zone"]))
        return Schedule(**fields)
    except ValidationError as error:
        texts = [
            ": ".join([*map(str, item["loc"]), in_options(said(item))]) for item in error.errors()
        ]
        raise typer.BadParameter("; ".join(texts)) from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command(name="list")
def list_schedules(
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List all schedules, with their next and their last slot."""
    rows = [details(document) for document in ScheduleStore().list(environment)]
    show_list(
        rows,
        LIST_COLUMNS,
        output_format,
        chosen=column,
        sort_column=sort_column,
        documents=rows,
    )


@app.command()
def show(
    name: Name, output_format: FormatOption = Format.TABLE, column: ColumnOption = None
) -> None:
    """Show one schedule with its next five slots and the results of the last ones."""
    show_one(details(ScheduleStore().get(name)), output_format, chosen=column)


@app.command()
def remove(name: Name) -> None:
    """Remove a schedule. A scan that it started goes on."""
    store = ScheduleStore()
    stored = store.get(name)
    store.remove(stored["_id"])
    _audit("remove", stored)
    say(f"schedule {name} is removed")


@app.command()
def enable(name: Name) -> None:
    """Switch a schedule on again. It does not catch up on slots that it missed."""
    from calipso.dispatch import enable_schedule

    stored = enable_schedule(name)
    _audit("enable", stored)
    say(f"schedule {name} is on; next: {iso(stored['scheduled_timestamp'])}")


@app.command()
def disable(name: Name) -> None:
    """Switch a schedule off; it keeps its settings. A scan that it started goes on."""
    store = ScheduleStore()
    stored = store.get(name)
    store.disable(stored["_id"])
    _audit("disable", stored)
    say(f"schedule {name} is off; calipso schedule enable {name} switches it on")


def _audit(verb: str, stored: dict[str, Any], fields: Iterable[str] = ()) -> None:
    target, environment = f"{stored['name']}/{stored['_id']}", stored["environment"]
    AuditStore().add_command(f"schedule {verb}", target, fields, environment=environment)
