"""`calipso db`: the schema of the database: status, upgrade."""

from __future__ import annotations

from typing import Annotated

import typer

from calipso.cli.output import ColumnOption, Format, FormatOption, say, show_list
from calipso.cli.stack.stopped import reachable_mongo
from calipso.stores.migrations.migrator import WAIT, Migration, Migrator, Status
from calipso.stores.people.audit_store import AuditStore

app = typer.Typer(help="The schema of the database: status, upgrade.")

COLUMNS = ["number", "name", "state", "at", "changed", "description"]


@app.callback()
def db() -> None:
    """The schema of the database."""


@app.command()
def status(output_format: FormatOption = Format.TABLE, column: ColumnOption = None) -> None:
    """Show each migration and the time when it was applied.

    Exit code 1 when an upgrade is necessary, or the database is newer than this calipso.
    """
    with reachable_mongo():
        _status(output_format, column)


def _status(output_format: Format, column: ColumnOption) -> None:
    migrator = Migrator()
    found = migrator.status(look_at_indexes=True)
    show_list(_rows(migrator, found), COLUMNS, output_format, chosen=column)
    if found.holder:
        say(f"note: {found.holder} is upgrading the database now")
    if found.missing_indexes:
        say(f"note: missing indexes: {', '.join(found.missing_indexes)}")
    migrator.check()
    if found.missing_indexes:
        say("hint: calipso db upgrade")
        raise typer.Exit(1)


@app.command()
def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the migrations that would run; change nothing.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", min=0, help="Seconds to wait for another process that upgrades."),
    ] = WAIT,
) -> None:
    """Bring the database to the schema of this version: documents, then indexes.

    A second run, or runs on two machines at once, do no harm. Stop the workers first, and make a
    backup: only the backup brings back the old state. The own MongoDB of a stack that is down is
    started for the time of the command. Example: calipso db upgrade --dry-run
    """
    with reachable_mongo():
        _upgrade(wait, dry_run=dry_run)


def _upgrade(wait: float, *, dry_run: bool) -> None:
    migrator = Migrator()
    before = migrator.status(look_at_indexes=dry_run)
    if before.version > before.known:
        migrator.check()
    if dry_run:
        _tell_plan(migrator, before)
        return
    if before.holder:
        say(f"{before.holder} is upgrading the database now; waiting")
    made = migrator.upgrade(_tell, wait=wait)
    for name in made:
        typer.echo(f"index {name}")
    after = migrator.status().version
    if made or after != before.version:
        AuditStore().add_command("db upgrade", f"schema {after}")
    typer.echo(f"schema {after}")


def _tell(migration: Migration, changed: int) -> None:
    typer.echo(f"{migration.number:4} {migration.name}: {changed} changed")


def _tell_plan(migrator: Migrator, status: Status) -> None:
    for migration in migrator.pending(status.version):
        count = migration.affected(migrator.db)
        typer.echo(f"{migration.number:4} {migration.name}: would change {count}")
    for name in status.missing_indexes:
        typer.echo(f"index {name}: would be made")
    typer.echo(f"schema {status.version}, would be {status.known}")


def _rows(migrator: Migrator, status: Status) -> list[dict[str, object]]:
    applied = {item["number"]: item for item in status.applied}
    rows: list[dict[str, object]] = []
    for migration in migrator.migrations:
        done = applied.pop(migration.number, None)
        rows.append(
            {
                "number": migration.number,
                "name": migration.name,
                "state": "applied" if migration.number <= status.version else "pending",
                "at": done["at"] if done else None,
                "changed": done["changed"] if done else None,
                "description": migration.description,
            }
        )
    for number, item in sorted(applied.items()):  # of a newer calipso
        rows.append({"number": number, "state": "unknown here", "description": ""} | item)
    return rows
