"""`calipso scan`: run scans and see their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from calipso.cli import scan_log, scan_watch
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    LimitOption,
    MarkerOption,
    SortOption,
    say,
    show_list,
    show_one,
)
from calipso.cli.paging import cut
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
from calipso.cli.selecting import EnvOption, ScanId, ScannedEnvironment, known_types, resolve_scan
from calipso.errors import ConfigError, ErrorKind, NotQueued
from calipso.model.scan import ScanRequest, ScanStatus
from calipso.validation_words import said

app = typer.Typer(help="Scans: run, list, show, log, cancel.")

LIST_COLUMNS = ["id", "environment", "status", "part", "objects", "errors", "submitted", "seconds"]
COVERAGE_COLUMNS = ["host", "source", "reached", "read", "failed", "objects", "seconds", "problems"]

EXIT_CODES = {
    ScanStatus.COMPLETED: 0,
    ScanStatus.COMPLETED_WITH_ERRORS: 3,
    ScanStatus.FAILED: 1,
    ScanStatus.CANCELLED: 1,
}


@app.command()
def run(
    environment: ScannedEnvironment,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show progress until the scan ends.")
    ] = False,
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
    """Scan an environment: objects, links, cliques.

    Without --watch the id of the scan is printed and the workers do the rest. Exit code with
    --watch: 0 completed, 3 completed with errors, 1 failed or cancelled.

    Example: calipso scan run prod --watch
    """
    from calipso.stores.config.embedded_size import embedded_warning
    from calipso.stores.people.audit_store import AuditStore

    request = _request(
        environment=environment,
        inventory=inventory,
        inventory_only=inventory_only,
        links_only=links_only,
        cliques_only=cliques_only,
        clear=clear,
        object_id=object_id,
        object_type=object_type,
        scanner=scanner,
        parent_id=parent_id,
        parent_type=parent_type,
        log_level=log_level,
    )
    scan_id = _submitted(request)
    options = request.model_dump(exclude_defaults=True, exclude={"environment"})
    AuditStore().add_command("scan run", scan_id, options, environment=environment)
    if warning := embedded_warning(request.inventory):
        say(f"warning: {warning}", always=True)
    if not watch:
        _print_id(scan_id, output_format)
        return
    _watch(scan_id, output_format)


def _request(**fields: Any) -> ScanRequest:
    from pydantic import ValidationError

    from calipso.settings import settings
    from calipso.stores.inventory.inventory_mgr import InventoryMgr

    fields["inventory"] = fields["inventory"] or settings().inventory
    given = [fields[name] for name in ("object_type", "parent_type") if fields[name]]
    known_types(InventoryMgr(), *(name for name in given if name != "environment"))
    try:
        return ScanRequest(**fields)
    except ValidationError as error:
        texts = [in_options(said(item)) for item in error.errors()]
        raise typer.BadParameter("; ".join(texts)) from None


def _submitted(request: ScanRequest) -> str:
    """Return the id of the scan, also if it waits for the broker, because a second request would
    start a second scan.
    """
    from calipso.dispatch import check_start, submit

    check_start(request)
    try:
        return submit(request)
    except NotQueued as error:
        say(f"{error.message}\nhint: {error.hint}", always=True)
        return error.scan_id


def _print_id(scan_id: str, output_format: Format) -> None:
    if output_format is Format.TABLE:
        typer.echo(scan_id)
        say(f"calipso scan show {scan_id} shows its progress")
    else:
        show_one({"id": scan_id}, output_format)


def _watch(scan_id: str, output_format: Format) -> None:
    try:
        ended = scan_watch.watch(scan_id)
    except KeyboardInterrupt:
        say(f"\nscan {scan_id} goes on; to stop it: calipso scan cancel {scan_id}", always=True)
        raise
    if output_format is Format.TABLE:
        scan_watch.show_totals(ended)
    else:
        show_one(ended, output_format)
    raise typer.Exit(EXIT_CODES[ScanStatus(ended["status"])])


@app.command(name="list")
def list_scans(
    environment: EnvOption = None,
    status: Annotated[
        ScanStatus | None, typer.Option("--status", help="Only scans in this state.")
    ] = None,
    limit: LimitOption = 20,
    marker: MarkerOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List scans, newest first."""
    from calipso.stores.config.environment_store import EnvironmentStore
    from calipso.stores.scans.scan_store import ScanStore

    store = ScanStore()
    query: dict[str, Any] = {}
    if environment:
        query["environment"] = environment
    if status:
        query["status"] = status.value
    if marker:
        query["submit_timestamp"] = {"$lt": store.get(marker)["submit_timestamp"]}
    found = store.find_scans(query, limit=limit + 1 if limit else 0)
    if environment and not found:
        EnvironmentStore().get(environment)
    rows = cut([_row(scan) for scan in found], limit, "id")
    show_list(rows, LIST_COLUMNS, output_format, chosen=column, sort_column=sort_column)


def _row(scan: dict[str, Any]) -> dict[str, Any]:
    from calipso.dispatch import progress

    row = progress(scan["_id"])
    counts = row["counts"]
    objects = sum(n for name, n in counts.items() if name not in scan_watch.NO_OBJECTS)
    return row | {"objects": objects, "errors": row["error_count"], "part": part_of(scan)}


@app.command()
def show(
    scan_id: ScanId = "last",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show for each host what was read and what was not.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show progress until the scan ends.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show the progress of a scan, or its result.

    Example: calipso scan show last --coverage
    """
    from calipso.dispatch import progress

    scan_id = resolve_scan(scan_id)
    if coverage:
        _show_coverage(scan_id, output_format, column)
    elif watch:
        _watch(scan_id, output_format)
    elif output_format is Format.TABLE and not column:
        scan_watch.show_scan(progress(scan_id))
    else:
        show_one(progress(scan_id), output_format, chosen=column)


def _show_coverage(scan_id: str, output_format: Format, column: list[str] | None) -> None:
    from calipso.stores.mongo.encoding import decode
    from calipso.stores.scans.scan_store import ScanStore

    store = ScanStore()
    store.get(scan_id)  # NotFound for an unknown scan
    lines = [decode(line) for line in store.coverage.find({"scan_id": scan_id}, {"_id": 0})]
    if not lines:
        say("there is no coverage report: the scan has not ended")
    structured = output_format in (Format.JSON, Format.YAML)
    rows = []
    for line in sorted(lines, key=lambda item: (item["host"], item["source"])):
        texts = _told_once([_problem(problem, line["host"]) for problem in line["problems"]])
        if more := line.get("more_problems"):
            texts.append(f"and {more} more")
        if skipped := line.get("skipped"):
            texts.append(f"not for this environment: {', '.join(skipped)}")
        rows.append(line | {"problems": line["problems"] if structured else "; ".join(texts)})
    columns = [*COVERAGE_COLUMNS, *(["more_problems", "fetchers", "skipped"] if structured else [])]
    show_list(rows, columns, output_format, chosen=column)


def _told_once(texts: list[str]) -> list[str]:
    """Return texts without those that only tell an earlier one again, such as of an instance that
    a faulty port cuts off.
    """
    told: list[str] = []
    for text in texts:
        if not any(text.endswith(f": {earlier}") for earlier in told):
            told.append(text)
    return told


def part_of(scan: Mapping[str, Any]) -> str:
    """Return the part that a scan reads; empty for the whole environment."""
    asked = scan.get("request") or {}
    parts = [name for name in ("inventory", "links", "cliques") if asked.get(f"{name}_only")]
    words = [f"{name} only" for name in parts]
    if asked.get("object_id"):
        words.append(f"{asked.get('object_type') or 'object'} {asked['object_id']}")
    if asked.get("scanner"):
        words.append(f"{asked['scanner']} of {asked.get('parent_id')}")
    return ", ".join(words)


def _problem(problem: dict[str, Any], host: str) -> str:
    """Return the problem as text, without the host, because the row shows it. What it says of a
    first failure in brackets is told by that failure.
    """
    times = f" ({problem['count']} times)" if problem.get("count", 1) > 1 else ""
    message = str(problem["message"])
    if problem.get("kind") == ErrorKind.SKIPPED_HOST:
        message = message.partition(" (")[0]
    return (message.removeprefix(f"{host}: ") if host else message) + times


@app.command()
def cancel(scan_id: ScanId) -> None:
    """Stop a scan. The objects it has read stay; nothing is removed."""
    from calipso import dispatch
    from calipso.dispatch import progress
    from calipso.stores.people.audit_store import AuditStore

    scan_id = resolve_scan(scan_id)
    scan = progress(scan_id)
    status = ScanStatus(scan["status"])
    if status.final:
        raise ConfigError(f"scan {scan_id} has already ended: {status}", hint="calipso scan list")
    dispatch.cancel(scan_id)
    AuditStore().add_command("scan cancel", scan_id, environment=scan["environment"])
    say(f"scan {scan_id} is asked to stop")


app.command(name="log")(scan_log.log)
