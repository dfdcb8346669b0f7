"""`calipso events`: what clouds told, what came of it, and who listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Annotated, Any

import typer

from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    SortOption,
    say,
    show_list,
    show_one,
)
from calipso.cli.selecting import EnvironmentName, EnvOption
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.events import MessageState
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.scans.event_keys import EventKeys
from calipso.stores.scans.event_retry import retry as try_again
from calipso.stores.scans.event_store import EventStore
from calipso.stores.scans.event_view import key_row, listener_row, listeners, message_row

app = typer.Typer(help="Events of clouds: status, list, show, dead, retry.")

STATUS_COLUMNS = ["environment", "state", "since", "waiting", "dead", "queue", "last", "reason"]
LIST_COLUMNS = ["received", "environment", "type", "state", "lag", "changes", "user", "id"]
DEAD_COLUMNS = ["key", "since", "attempts", "reason"]


def _show(
    rows: list[Document],
    columns: list[str],
    output_format: Format,
    column: list[str] | None,
    sort_column: str | None,
) -> None:
    """Show rows; as JSON with all of their fields."""
    show_list(rows, columns, output_format, chosen=column, sort_column=sort_column, documents=rows)


@app.command()
def status(
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """Show for each environment whether somebody listens, and what waits for a look."""
    rows = [listener_row(item) for item in listeners(environment)]
    _show(rows, STATUS_COLUMNS, output_format, column, sort_column)


@app.command(name="list")
def list_events(
    environment: EnvOption = None,
    state: Annotated[
        MessageState | None, typer.Option("--state", help="Only events in this state.")
    ] = None,
    event_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="Only events of this type: port.create.end.",
            autocompletion=completing.event_types,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Maximum number; 0: all.")
    ] = 50,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List the events that were taken, the newest first, with what came of them."""
    wanted: Document = {"environment": environment} if environment else {}
    if state is not None:
        wanted["state"] = state.value
    if event_type is not None:
        wanted["type"] = event_type
    rows = [message_row(item) for item in EventStore().find(wanted, limit)]
    _show(rows, LIST_COLUMNS, output_format, column, sort_column)


@app.command()
def show(
    environment: EnvironmentName,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Id of the event.")],
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show one event: who caused it, what was looked at, and by which scans."""
    show_one(message_row(EventStore().get(environment, event)), output_format, chosen=column)


@app.command()
def dead(
    environment: EnvOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List what was given up after too many tries, with the reason of the last one."""
    rows = [key_row(item) for item in EventKeys().dead(environment)]
    _show(rows, DEAD_COLUMNS, output_format, column, sort_column)


@app.command()
def retry(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY...", help="As `dead` shows them.")
    ] = None,
    environment: EnvOption = None,
    every: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    """Try again what was given up.

    Example: calipso events retry prod/port:8e712588-f78d-4f54-a04e-a1b516e3a680
    """
    if bool(keys) == every:
        raise typer.BadParameter("give keys, or --all")
    wanted = keys or [str(item["_id"]) for item in EventKeys().dead(environment)]
    for key in wanted:
        _again(key)
    say(f"{len(wanted)} keys are tried again")


def _again(key: str) -> None:
    stored = try_again(key)
    AuditStore().add_command("events retry", key, (), environment=str(stored["environment"]))


@app.command()
def reconcile(environment: EnvironmentName) -> None:
    """Compare the lists of the API with the inventory soon, and look at what differs."""
    from calipso.dispatch import reconcile_events
    from calipso.stores.config.environment_store import EnvironmentStore

    EnvironmentStore().masked(environment)
    reconcile_events(environment)
    AuditStore().add_command("events reconcile", environment, (), environment=environment)
    say(f"lists of {environment} will be compared; calipso events status shows what waits")


@app.command()
def run(
    interval: Annotated[
        float,
        typer.Option("-i", "--interval", min=0.1, help="Seconds between two looks at listeners."),
    ] = 5.0,
) -> None:
    """Run the manager of the listeners in the foreground until SIGTERM; `calipso up` does it too.

    It starts a listener for each environment with `listen` and a finished scan.
    """
    from calipso.cli.stack.process import spawn
    from calipso.cli.stack.programs import python
    from calipso.dispatch import event_manager
    from calipso.settings import settings

    os.umask(0o077)
    home = str(settings().data_dir())

    def start(environment: str) -> subprocess.Popen[bytes]:
        command = python("calipso", "events", "listen", environment)
        sys.stdout.flush()
        return spawn(command, None, environment=os.environ | {"CALIPSO_HOME": home})

    _log_lines()
    event_manager(start, interval).run(_until_signal())


@app.command(hidden=True)
def listen(environment: EnvironmentName) -> None:
    """Listen to the events of one environment in the foreground; the manager starts this."""
    from calipso.dispatch import listener_of

    _log_lines()
    try:
        listener = listener_of(environment)
    except ConfigError as error:
        _tell_error(environment, error)
        raise
    listener.listen()


def _tell_error(environment: str, error: ConfigError) -> None:
    from calipso.model.events import ListenerState
    from calipso.stores.scans.listener_store import ListenerStore

    ListenerStore().tell(environment, ListenerState.ERROR, error.message)


def _log_lines() -> None:
    import logging

    from calipso.settings import settings
    from calipso.utils.log import setup_logging

    level = logging.getLevelNamesMapping().get(settings().log_level.upper(), logging.INFO)
    setup_logging(level, settings())


def _until_signal() -> threading.Event:
    """Return an event that is set by SIGTERM and SIGINT."""
    stop = threading.Event()

    def ask(_number: int, _frame: Any) -> None:
        # not within the wait of the event itself, which would never end
        threading.Thread(target=stop.set, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop
