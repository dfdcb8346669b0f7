"""`calipso changes`: what scans found added, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any

import typer

from calipso.analysis.change_log import WHAT, around, as_net, read
from calipso.cli import completing
from calipso.cli.moments import moment
from calipso.cli.output import ColumnOption, Format, FormatOption, cell, clean, iso, say, show_list
from calipso.cli.selecting import (
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    known_environment,
    known_host,
    known_types,
    object_option,
    one_object,
    query,
    resolve_scan,
)
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.stores.inventory.change_store import ChangeStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr

COLUMNS = ["time", "change", "kind", "type", "name", "host", "field", "old", "new"]
LONGEST = 100  # characters of a value in the text; `-f json` has all of it


class Change(StrEnum):
    """What happened."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


def changes(
    environment: EnvOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="Only changes since then: `2h`, `3d`, or a time (UTC)."
        ),
    ] = None,
    from_scan: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SCAN",
            help="Compare with the inventory after this scan.",
            autocompletion=completing.scans,
        ),
    ] = None,
    to_scan: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="SCAN",
            help="Compare up to this later scan. Default: the last.",
            autocompletion=completing.scans,
        ),
    ] = None,
    around_object: Annotated[
        str | None,
        object_option("--around", "Only of this object and its links."),
    ] = None,
    depth: Annotated[
        int,
        typer.Option(
            "--depth", min=0, max=5, help="With --around: also objects up to this many links away."
        ),
    ] = 1,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    change: Annotated[
        Change | None, typer.Option("--change", help="Only what was added, changed or removed.")
    ] = None,
    inventory: InventoryOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Maximum number of changes; 0: all.")
    ] = 200,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show what scans found added, changed and removed, with old and new values.

    Without --since and --from: what the last scan found. With --from, each object and
    link appears once, and one that is again as it was is left out.

    Example: calipso changes --since 2h --around web-1
    """
    inv = InventoryMgr(inventory)
    known_environment(inv, environment)
    wanted = query(environment=environment)
    begin = moment(since, "--since") if since else None
    if from_scan or to_scan:
        environment, scans = _between(inv, environment, from_scan, to_scan)
        wanted |= {"environment": environment, "scan_id": {"$in": scans}}
    elif begin is None and around_object is None:
        wanted["scan_id"] = resolve_scan("last", environment)
    conditions = [wanted]
    if around_object is not None:
        start = one_object(inv, around_object, environment, object_type, host)
        conditions = [wanted | condition for condition in around(inv, start, depth)]
    else:
        conditions = [wanted | query(type=object_type, host=host)]
    found = read(inv, conditions, begin)
    if not found and around_object is None:
        known_host(inv, host, environment)
        known_types(inv, object_type)
    if from_scan:
        found = as_net(found)
    if change:
        found = [item for item in found if item["change"] == change.value]
    _show(found, limit, output_format, column)


def _between(
    inv: InventoryMgr, environment: str | None, first: str | None, last: str | None
) -> tuple[str, list[str]]:
    """Return the environment of two scans, and the scans after the first, up to the second."""
    from calipso.stores.scans.scan_store import ScanStore

    if first is None:
        raise ConfigError("--to needs --from", hint="calipso scan list")
    scan = ScanStore().get(resolve_scan(first, environment))
    name = str(scan["environment"])
    if environment not in (None, name):
        raise ConfigError(
            f"scan {scan['_id']} is of {name}, not of {environment}",
            hint=f"calipso scan list --env {environment}",
        )
    until = ScanStore().get(resolve_scan(last, name))["_id"] if last else None
    return name, ChangeStore(inv).scans_between(name, str(scan["_id"]), until)


def _show(
    found: list[Document], limit: int, output_format: Format, column: list[str] | None
) -> None:
    shown = found[-limit:] if limit else found
    if output_format is Format.TABLE and not column:
        for line in lines(shown):
            typer.echo(line)
    else:
        rows = [row for item in shown for row in _rows(item)]
        show_list(rows, COLUMNS, output_format, chosen=column, documents=shown)
    if not found:
        say("nothing changed")
        return
    if len(shown) < len(found):
        say(f"the last {len(shown)} of {len(found)} changes: --limit 0 shows all")
    say(summary(found))


def summary(found: Sequence[Document]) -> str:
    """`3 added, 1 changed`."""
    numbers = [(what, sum(item["change"] == what for item in found)) for what in WHAT]
    return ", ".join(f"{number} {what}" for what, number in numbers if number)


def lines(found: Sequence[Document]) -> Iterator[str]:
    """Changes by scan and by type, objects before links."""

    def scan(item: Document) -> tuple[str, str]:
        return str(item["environment"]), str(item["scan_id"])

    for (environment, scan_id), items in groupby(found, key=scan):
        own = list(items)
        yield f"{iso(own[0]['time'])}  scan {scan_id} of {clean(environment)}: {summary(own)}"
        own.sort(key=lambda item: (item["kind"] == "link", item["type"]))
        for kind, same in groupby(own, key=lambda item: str(item["type"])):
            yield f"  {clean(kind)}"
            for item in same:
                yield from _told(item)


def _told(item: Document) -> Iterator[str]:
    sign = {"added": "+", "removed": "-"}.get(item["change"], "~")
    name = str(item.get("name") or item["id"])
    if item["kind"] == "link":
        name = str(item["id"])
    host = item.get("host")
    place = f" on {clean(_cut(str(host)))}" if host and host != item["id"] else ""
    yield f"    {sign} {clean(_cut(name))}{place}"
    for field, sides in sorted((item.get("fields") or {}).items()):
        old, new = (_value(sides, side) for side in ("old", "new"))
        yield f"        {clean(_cut(field))}: {old} -> {new}"


def _value(sides: Document, side: str) -> str:
    return _cut(cell(sides[side])) or "(empty)" if side in sides else "(none)"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _rows(item: Document) -> Iterator[dict[str, Any]]:
    """A row for each field that changed; one for what was added or removed."""
    fields = item.get("fields") or {"": {}}
    for name, sides in sorted(fields.items()):
        yield item | {"field": name, "old": sides.get("old"), "new": sides.get("new")}
