"""`calipso up`, `down` and `status`."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso.cli.output import ColumnOption, Format, FormatOption, SortOption, say, show_list
from calipso.cli.stack.flower import NAME as FLOWER
from calipso.cli.stack.flower import USER, make_password, password_file
from calipso.cli.stack.leftovers import end_leftovers, leftovers
from calipso.cli.stack.neighbours import HOME_FLAG, SUPERVISOR, check_owner, other_stacks
from calipso.cli.stack.process import identify, kill_group_of, spawn
from calipso.cli.stack.programs import python
from calipso.cli.stack.rundir import RunDir, write_secret
from calipso.cli.stack.sample import DemoDir
from calipso.cli.stack.starting import wait_for_end, wait_for_stores, wait_for_workers
from calipso.cli.stack.view import rows
from calipso.errors import CalipsoError
from calipso.settings import Settings, settings
from calipso.utils.masking import mask_url

COLUMNS = ["name", "pid", "state", "since", "restarts", "address", "log"]


def up(
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Workers that read clouds (processes).")
    ] = 1,
    only: Annotated[
        str | None, typer.Option("--only", metavar="stores", help="Start the stores alone.")
    ] = None,
    flower: Annotated[
        bool, typer.Option("--flower", help="Start Flower too, the dashboard of the tasks.")
    ] = False,
    admin_password_file: Annotated[
        Path | None,
        typer.Option(
            "--admin-password-file",
            help="Write the password of the first admin into this file instead of showing it.",
        ),
    ] = None,
) -> None:
    """Start MongoDB and Redis (unless their URLs are given), workers, beat and the REST API.

    Example: calipso up --workers 2
    """
    if only not in (None, "stores"):
        raise typer.BadParameter("expected `stores`", param_hint="--only")
    if only and flower:
        raise typer.BadParameter(
            "Flower needs the workers", param_hint="--flower with --only stores"
        )
    config = settings()
    known = config.home_dir().exists()
    run = RunDir(config.data_dir())
    check_owner(run.home)
    if run.supervisor_pid():
        _already_up(config, run, with_workers=only is None, with_flower=flower)
        return
    _given_stores_answer(config, with_workers=only is None)
    password = make_password(run) if flower else ""
    if not known:
        say(f"{run.home} is the new data directory; CALIPSO_HOME names another one")
    for text in other_stacks(run.home):
        say(f"note: {text}")
    began = time.monotonic()
    supervisor = _start_supervisor(run, workers, only, flower=flower)
    told: set[str] = set()
    wait_for_stores(run, supervisor, told)
    if only is None:
        wait_for_workers(run, told)
    say(f"calipso is up after {time.monotonic() - began:.1f} s")
    _show_addresses(config, run)
    if only is None:
        _show_first_admin(admin_password_file)
    if password:
        say(f"Flower's user is {USER}, its password {password}", always=True)
        say(f"the password is shown only once; the file {password_file(run)} keeps it", always=True)


def down() -> None:
    """Stop the workers, beat and the embedded stores, and the sample cloud of `calipso demo`.

    A running scan continues after the next `calipso up`.
    """
    run = _existing(settings())
    if run is None:
        return
    if DemoDir(run.home, make=False).stop_cloud():
        say("stopped the sample cloud")
    pid = run.supervisor_pid()
    if pid is None:
        names = end_leftovers(run)
        run.stores_file.unlink(missing_ok=True)
        say(
            f"stopped the programs that still ran: {', '.join(names)}"
            if names
            else "calipso is not up"
        )
        return
    identity = identify(pid)
    if identity and SUPERVISOR in identity.command():
        identity.send(signal.SIGTERM)
        if not wait_for_end(run):
            say("the supervisor does not end, so it is killed", always=True)
            kill_group_of(pid)
            identity.wait(5.0)
            end_leftovers(run)
    run.stores_file.unlink(missing_ok=True)
    say("calipso is down")


def status(
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """Show each process of this machine's Calipso; exit code 1 when something is down."""
    config = settings()
    run = _existing(config)
    if run is None:
        raise typer.Exit(1)
    alive = run.supervisor_pid() is not None
    say(f"data directory: {run.home}")
    if not alive:
        remains = leftovers(run)
        text = f", but {', '.join(remains)} still run: `calipso down`" if remains else ""
        say(f"calipso is not up{text}", always=True)
        for other in other_stacks(run.home):
            say(f"note: {other}")
        if not remains:
            raise typer.Exit(1)
    state = run.state()
    found = rows(config, state, alive=alive)
    show_list(found, COLUMNS, output_format, chosen=column, sort_column=sort_column)
    for text in [*state.get("notices", []), *_problems(run, state, found)]:
        say(f"note: {text}")
    if not alive or any(row["state"] != "up" for row in found):
        raise typer.Exit(1)


def _existing(config: Settings) -> RunDir | None:
    """Return the data directory of the stack; None, after a message, if there is none."""
    home = config.home_dir()
    if home.exists():
        return RunDir(home)
    say(f"calipso is not up; there is no data directory {home}", always=True)
    for text in other_stacks(home):
        say(f"note: {text}")
    return None


def _problems(run: RunDir, state: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    """Return the faults: of the stack, and of each row with a message.

    It looks at the disk itself, because a full disk prevents writing the state.
    """
    problem = run.disk_problem() or state.get("problem")
    problems = [problem] if problem else []
    return problems + [f"{row['name']}: {row['message']}" for row in found if row["message"]]


def _already_up(
    config: Settings, run: RunDir, *, with_workers: bool, with_flower: bool = False
) -> None:
    running = {child["name"] for child in run.state().get("children", [])}
    if with_flower and FLOWER not in running:
        raise CalipsoError(
            "calipso is up without Flower", hint="`calipso down`, then `calipso up --flower`."
        )
    if with_workers and run.state().get("with_workers") is False:
        raise CalipsoError(
            "only the stores are up", hint="`calipso down`, then `calipso up` with the workers."
        )
    say("calipso is already up")
    _show_addresses(config, run)


def _show_first_admin(path: Path | None) -> None:
    """Make the first user of the API, an admin who can make other users."""
    from calipso.stores.people.first_admin import ensure_admin

    def tell(name: str, password: str) -> None:
        if path is not None:
            write_secret(path, f"{password}\n")
            say(f"the first user of the API is {name}, its password is in {path}", always=True)
            return
        say(f"the first user of the API is {name}, the password {password}", always=True)
        say("the password is shown only once and is not stored", always=True)

    ensure_admin(tell)


def _given_stores_answer(config: Settings, *, with_workers: bool) -> None:
    """Report a wrong URL or an old schema now, before workers fail to start."""
    from calipso.stores.migrations.migrator import Migrator
    from calipso.stores.ping import ping_mongo, ping_redis

    if config.mongo_url:
        ping_mongo(config.mongo_url, 3.0)
        if with_workers:
            Migrator().ready()
    if config.redis_url:
        ping_redis(config.redis_url, 5.0)


def _start_supervisor(
    run: RunDir, workers: int, only: str | None, *, flower: bool
) -> subprocess.Popen[bytes]:
    command = python(SUPERVISOR, "--workers", str(workers), HOME_FLAG, str(run.home))
    command += ["--only", only] if only else []
    command += ["--flower"] if flower else []
    return spawn(command, run.log_file("supervisor"), tied=False)


def _show_addresses(config: Settings, run: RunDir) -> None:
    state = run.state()
    for name, address in state.get("given", {}).items():
        typer.echo(f"{name:8} {address}  (given)")
    for child in state.get("children", []):
        if child["address"]:
            typer.echo(f"{child['name']:8} {mask_url(child['address'])}")
    names = [child["name"] for child in state.get("children", []) if not child["address"]]
    if names:
        typer.echo(f"workers  {', '.join(names)}")
    typer.echo(f"data     {config.data_dir()}")
    typer.echo(f"logs     {run.log}")
