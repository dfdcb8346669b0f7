"""`calipso monitoring handle|icinga`: results of other monitoring systems come in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from calipso.cli.output import say
from calipso.cli.selecting import EnvironmentName, EnvOption
from calipso.errors import ConfigError
from calipso.stores.config.environment_store import EnvironmentStore


def handle(
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="own, sensu-core, sensu-go, alertmanager, icinga2 or nagios.",
        ),
    ],
    environment: EnvOption = None,
) -> None:
    """Take one event on standard input, as a pipe handler of a monitoring system.

    Example: calipso monitoring handle sensu-core --env prod < event.json
    """
    from monitoring.handlers.monitor import handle as take

    for answer in take(sys.stdin, form, environment or ""):
        say(answer.problem or answer.word, always=bool(answer.problem))
        if answer.problem:
            raise ConfigError(answer.problem)


def icinga(
    environment: EnvironmentName,
    url: Annotated[str, typer.Option("--url", help="Its API: https://HOST:5665.")],
    user: Annotated[str, typer.Option("--user", help="Name of an ApiUser.")],
    password_file: Annotated[Path, typer.Option("--password-file", help="File with the password.")],
    ca_file: Annotated[str, typer.Option("--ca-file", help="Certificate of its CA.")] = "",
) -> None:
    """Follow the event stream of Icinga 2, until it is interrupted."""
    from monitoring.handlers.icinga2_stream import Icinga, follow

    EnvironmentStore().get(environment)
    try:
        password = password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{password_file} cannot be read: {error}") from None
    follow(Icinga(url, user, password, ca_file), environment)


def add_in(app: typer.Typer) -> None:
    """Add these commands to the group."""
    for command in (handle, icinga):
        app.command()(command)
