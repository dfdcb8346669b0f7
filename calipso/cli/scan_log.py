"""`calipso scan log`: what the workers logged of a scan."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    LimitOption,
    clean,
    iso,
    plain,
    say,
    show_list,
    tell,
)
from calipso.cli.selecting import ScanId, resolve_scan
from calipso.errors import ConfigError

COLUMNS = ["time", "level", "host", "task", "message", "hint"]

#: Fields of a line that `-f json` gives, as the stored document has them.
DOCUMENT = ["id", "timestamp", "level", "message", "environment", "scan_id", "host", "task"]
DOCUMENT += ["logger", "details", "exception"]

POLL = 1.0
#: Seconds by which lines of several workers may arrive out of order.
OVERLAP = timedelta(seconds=15)
#: Number of reads after the end of the scan, because its last lines are written after it.
LAST_LOOKS = 3


class Severity(StrEnum):
    """Levels of a stored line."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


def log(
    scan_id: ScanId = "last",
    level: Annotated[
        Severity, typer.Option("--level", help="Only lines of this level and above. Default: all.")
    ] = Severity.DEBUG,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show new lines until the scan ends.")
    ] = False,
    limit: LimitOption = 0,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show the log lines of a scan from all workers, oldest first. --limit gives the last lines.

    With --follow, `-f json` prints one document per line.

    Example: calipso scan log last --level warn
    """
    from calipso.stores.scans.message_store import MessageStore
    from calipso.stores.scans.scan_store import ScanStore

    found = ScanStore().get(resolve_scan(scan_id))["_id"]
    if follow:
        if output_format not in (Format.TABLE, Format.JSON) or column:
            raise ConfigError("--follow shows lines or JSON", hint="Leave out -f, or give -f json.")
        for line in _following(found, level.value, limit):
            _show_line(line, output_format)
        return
    lines = MessageStore().of_scan(found, level=level.value, limit=limit)
    if not lines:
        say("the scan has no log lines, or they are older than retention_days_messages")
    if output_format is Format.TABLE and not column:
        for line in lines:
            _show_line(line, output_format)
    else:
        rows = [_row(line) for line in lines]
        documents = [_document(line) for line in lines]
        show_list(rows, COLUMNS, output_format, chosen=column, documents=documents)


def _following(scan_id: str, level: str, limit: int) -> Iterator[dict[str, Any]]:
    """Yield lines as they arrive, until the scan has ended and its last line is shown."""
    from calipso.model.scan import ScanStatus
    from calipso.stores.scans.message_store import MessageStore
    from calipso.stores.scans.scan_store import ScanStore

    messages, scans = MessageStore(), ScanStore()
    shown: dict[Any, datetime] = {}
    since: datetime | None = None
    looks = 0
    while looks < LAST_LOOKS:
        if ScanStatus(scans.get(scan_id)["status"]).final:
            looks += 1
        for line in messages.of_scan(scan_id, level=level, since=since, limit=limit):
            if line["_id"] not in shown:
                shown[line["_id"]] = line["timestamp"]
                yield line
        limit = 0
        if shown:
            since = max(shown.values()) - OVERLAP
            shown = {key: at for key, at in shown.items() if at >= since}
        if looks < LAST_LOOKS:
            time.sleep(POLL)


def _show_line(line: dict[str, Any], output_format: Format) -> None:
    if output_format is Format.JSON:
        typer.echo(json.dumps(plain(_document(line)), ensure_ascii=False))
        return
    details = {name: value for name, value in line["details"].items() if name != "hint"}
    words = " ".join(f"{name}={value}" for name, value in details.items())
    host = f"{line['host']}: " if line["host"] and line["host"] not in line["message"] else ""
    text = f"{iso(line['timestamp'])} {line['level']:<5} {host}{line['message']}"
    tell(clean(f"{text}  {words}".rstrip()))
    if line["details"].get("hint"):
        tell(clean(f"{'':26} hint: {line['details']['hint']}"))
    if line["exception"]:
        tell(clean(line["exception"], keep="\n"))


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return _document(line) | {"time": line["timestamp"], "hint": line["details"].get("hint", "")}


def _document(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line.get(name) for name in DOCUMENT}
