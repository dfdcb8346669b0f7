"""`calipso monitoring render|deploy|status|remove`: files for other monitoring systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calipso.cli import completing
from calipso.cli.output import clean, say, show_list
from calipso.errors import CalipsoError, ConfigError
from calipso.settings import settings
from calipso.stores.people.audit_store import AuditStore
from monitoring.setup.monitoring_setup_manager import Level, MonitoringSetupManager, Runner

EnvironmentOption = Annotated[
    str,
    typer.Option("-e", "--env", help="The environment.", autocompletion=completing.environments),
]
RunnerOption = Annotated[Runner, typer.Option("--runner", help="The monitoring system.")]
ServerOption = Annotated[
    str,
    typer.Option("--server", help="Host of the environment that runs it; default: this machine."),
]
ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api", help="Host and port of Calipso's API, for Prometheus. Default: as it is set."
    ),
]


def render(
    environment: EnvironmentOption,
    runner: RunnerOption,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write to (level files).")
    ] = None,
    level: Annotated[
        Level, typer.Option("--level", help="none, db, files or deploy.")
    ] = Level.FILES,
    api: ApiOption = None,
) -> None:
    """Write the files of a monitoring system into a folder, to be looked at.

    Example: calipso monitoring render --env prod --runner nagios --out ./nagios
    """
    manager = MonitoringSetupManager(environment, runner, api or settings().api_bind)
    if level is Level.NONE:
        say("level none: nothing is rendered")
        return
    rendered = manager.render()
    kept = manager.keep(rendered)
    say(f"{kept} files are kept in monitoring_config")
    if level is Level.DB:
        return
    if out is None:
        raise ConfigError("level files needs a folder", hint="--out DIR")
    changed = manager.write(rendered, out)
    say(f"{out}: {kept} files, {len(changed)} changed")
    if level is Level.DEPLOY:
        _show(manager.deploy(rendered, ""))


def deploy(
    environment: EnvironmentOption,
    runner: RunnerOption,
    server: ServerOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    api: ApiOption = None,
) -> None:
    """Put the files on the hosts and the server; the runner's own check comes first.

    Only files with our mark are replaced. When a check or a reload fails, the old files come back.
    """
    manager = MonitoringSetupManager(environment, runner, api or settings().api_bind)
    rendered = manager.render()
    manager.keep(rendered)

    def tell(text: str) -> None:
        typer.echo(clean(text, keep="\n"))

    if not dry_run:
        _audit("deploy", environment, runner)
    _show(manager.deploy(rendered, server, dry_run=dry_run, tell=tell))


def status(
    environment: EnvironmentOption,
    runner: RunnerOption,
    server: ServerOption = "",
    api: ApiOption = None,
) -> None:
    """Show of each host and the server whether its files are as they should be."""
    manager = MonitoringSetupManager(environment, runner, api or settings().api_bind)
    _show(manager.status(manager.render(), server))


def remove(
    environment: EnvironmentOption,
    runner: RunnerOption,
    server: ServerOption = "",
    api: ApiOption = None,
) -> None:
    """Remove our files from the hosts and the server. What is not ours stays."""
    manager = MonitoringSetupManager(environment, runner, api or settings().api_bind)
    _audit("remove", environment, runner)
    _show(manager.remove(manager.render(), server))


def _audit(verb: str, environment: str, runner: Runner) -> None:
    AuditStore().add_command(f"monitoring {verb}", str(runner), environment=environment)


def _show(done: dict[str, str]) -> None:
    show_list([{"place": name, "result": text} for name, text in done.items()], ["place", "result"])
    failed = [name for name, text in done.items() if "failed: " in text]
    if failed:
        raise CalipsoError(f"{len(failed)} of {len(done)} places failed")


def add_setup(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (render, deploy, status, remove):
        app.command()(command)
