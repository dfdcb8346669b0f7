"""`calipso env`: the clouds Calipso scans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso.cli import env_options as given
from calipso.cli.env_input import documents
from calipso.cli.env_set import set_fields
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    SortOption,
    clean,
    say,
    show_list,
    show_one,
    tell,
)
from calipso.cli.selecting import EnvironmentName
from calipso.errors import ConfigError
from calipso.model.environment import Environment
from calipso.probe.environment_test import Step, test_environment
from calipso.stores.config.environment_store import EnvironmentStore, checked
from calipso.stores.people.audit_store import AuditStore

app = typer.Typer(help="Clouds: add, list, show, set, test, record, remove.")

LIST_COLUMNS = ["name", "distribution", "mechanism_drivers", "type_drivers", "api", "scanned"]
STEP_COLUMNS = ["step", "ok", "seconds", "message", "hint"]
FAILED, SOME_FAILED = 1, 3


@app.command()
def add(
    ctx: typer.Context,
    name: given.OptionalName = None,
    file: given.FromFile = None,
    os_cloud: given.OsCloud = None,
    region: given.Region = None,
    distribution: given.Distribution = None,
    distribution_version: given.Version = None,
    mechanism_driver: given.Drivers = None,
    type_drivers: given.TypeDrivers = None,
    auth_url: given.AuthUrl = None,
    api_host: given.ApiHost = None,
    api_port: given.ApiPort = None,
    api_user: given.ApiUser = None,
    api_project: given.ApiProject = None,
    db_host: given.DbHost = None,
    db_port: given.DbPort = None,
    db_user: given.DbUser = None,
    ssh_host: given.SshHost = None,
    ssh_port: given.SshPort = None,
    ssh_user: given.SshUser = None,
    ssh_key: given.SshKey = None,
    ssh_direct: given.Direct = False,
    accept_new_hosts: given.AcceptNew = False,
    set_: given.Settings = None,
    password_file: given.PasswordFile = None,
    api_password_file: given.ApiPassword = None,
    db_password_file: given.DbPassword = None,
    ssh_password_file: given.SshPassword = None,
    replace: given.Replace = False,
    test: given.Test = True,
) -> None:
    """Add a cloud, then test it. `calipso env add --os-cloud prod` asks for missing values.

    Passwords: by prompt, file, or the variables CALIPSO_API_PASSWORD, CALIPSO_DB_PASSWORD and
    CALIPSO_SSH_PASSWORD. They are encrypted before they are stored.
    """
    store = EnvironmentStore()
    added = [checked(found) for found in documents(given.told(ctx.params))]
    for environment in added:  # all environments are valid before the first is stored
        store.add(environment, replace=replace)
        name, how = environment.name, ["replace"] if replace else []
        AuditStore().add_command("env add", name, how, environment=name)
        say(f"environment {name} is stored")
    failed = [e.name for e in added if test and e.environment_type == "OpenStack" and not _test(e)]
    if failed:
        say(
            f"Stored, but some steps failed. After a correction run: calipso env test {failed[0]}",
            always=True,
        )
        raise typer.Exit(SOME_FAILED)


@app.command(name="list")
def list_environments(
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List all environments."""
    rows = [document | {"api": _api(document)} for document in EnvironmentStore().list()]
    show_list(rows, LIST_COLUMNS, output_format, chosen=column, sort_column=sort_column)


def _api(document: dict[str, Any]) -> str:
    for section in document.get("configuration", []):
        if section.get("name") == "OpenStack":
            return str(section.get("auth_url") or f"{section.get('host')}:{section.get('port')}")
    return ""


@app.command()
def show(
    name: EnvironmentName, output_format: FormatOption = Format.TABLE, column: ColumnOption = None
) -> None:
    """Show one environment with all its fields; secrets are masked."""
    show_one(EnvironmentStore().masked(name), output_format, chosen=column)


@app.command(name="test")
def run_test(
    name: EnvironmentName, output_format: FormatOption = Format.TABLE, column: ColumnOption = None
) -> None:
    """Test everything a scan needs: API, databases, SSH, sudo and tools of each host.

    Exit code 0 when every step succeeds, otherwise 1.
    """
    environment = EnvironmentStore().get(name)
    if output_format is Format.TABLE and not column:
        good = _test(environment)
    else:
        steps = list(test_environment(environment))
        show_list(map(_row, steps), STEP_COLUMNS, output_format, chosen=column)
        good = all(step.ok for step in steps)
    if not good:
        raise typer.Exit(FAILED)


def _row(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "ok": step.ok,
        "seconds": round(step.seconds, 3),
        "message": step.message,
        "hint": step.hint,
    }


def _test(environment: Environment) -> bool:
    """Run the test and print each step when it ends."""
    good = True
    for step in test_environment(environment):
        good = good and step.ok
        tell(_line(step))
        if step.hint and not step.ok:
            tell(f"        {clean(step.hint)}")
    return good


def _line(step: Step) -> str:
    word = typer.style("ok  ", fg="green") if step.ok else typer.style("FAIL", fg="red")
    return f"{word} {step.seconds:6.2f}s  {clean(step.name)}: {clean(step.message)}"


app.command(name="set")(set_fields)


@app.command()
def remove(
    name: EnvironmentName,
    data: Annotated[
        bool,
        typer.Option(
            "--data", help="Also remove its inventory, links, cliques, changes and scans."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove an environment. Its objects, links and scans stay unless --data is given."""
    store = EnvironmentStore()
    store.masked(name)  # raises NotFound before the question
    counts = store.count_data(name) if data else {}
    listed = "".join(f", {count} of {kind}" for kind, count in sorted(counts.items()))
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"environment {name} would be removed{listed}", hint="Add --yes.")
        typer.confirm(f"Remove environment {name}{listed}?", abort=True, err=True)
    removed = store.remove(name, with_data=data)
    AuditStore().add_command("env remove", name, ["data"] if data else [], environment=name)
    say(f"environment {name} is removed" + "".join(f", {n} of {k}" for k, n in removed.items()))


@app.command()
def record(
    name: EnvironmentName,
    to: Annotated[Path, typer.Option("--to", help="New or empty directory to write to.")],
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Replace names, addresses and ids consistently.")
    ] = False,
) -> None:
    """Scan a cloud and store every answer, so that the scan can run again without the cloud."""
    from calipso.recording.record import record_environment

    scan = record_environment(EnvironmentStore().get(name), to, anonymise=anonymise)
    for problem in scan["errors"]:
        say(f"not recorded: {problem['message']}", always=True)
    say(f"{to}: " + ", ".join(f"{count} {what}" for what, count in scan["recorded"].items()))
    if scan["errors"]:
        raise typer.Exit(SOME_FAILED)


@app.command()
def rotate_key() -> None:
    """Encrypt all stored secrets with a new key, and remove the old key."""
    count = EnvironmentStore().rotate_key()
    AuditStore().add_command("env rotate-key", "*")
    say(f"secrets of {count} environments are encrypted with a new key")
