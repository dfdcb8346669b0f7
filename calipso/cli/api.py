"""`calipso api`: the REST API in the foreground, as systemd and containers start it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from calipso.cli import completing
from calipso.cli.stack.programs import python

MODULE = "calipso.api.server"


def api(
    bind: Annotated[
        str | None,
        typer.Option("-b", "--bind", metavar="HOST:PORT", help="Address to listen on."),
    ] = None,
    mongo_config: Annotated[
        Path | None,
        typer.Option("-m", "--mongo_config", help="File of `key value` lines: where MongoDB is."),
    ] = None,
    ldap_config: Annotated[
        Path | None,
        typer.Option("--ldap_config", help="File of `key value` lines: the LDAP directory."),
    ] = None,
    loglevel: Annotated[
        str | None, typer.Option("-l", "--loglevel", help="DEBUG, INFO, WARNING or ERROR.")
    ] = None,
    inventory: Annotated[
        str | None,
        typer.Option(
            "-y",
            "--inventory",
            help="Inventory collection.",
            autocompletion=completing.inventories,
        ),
    ] = None,
    token_lifetime: Annotated[
        int | None, typer.Option("-t", "--token-lifetime", help="Seconds until a login expires.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes.")] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Requests at once in each process.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM file: serve HTTPS with it.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="PEM file with the key of the certificate.")
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--cors-origin",
            metavar="ORIGIN",
            help="Origin whose pages may call the API. It may be given several times.",
        ),
    ] = None,
) -> None:
    """Serve the REST API in the foreground until SIGTERM. `calipso up` starts it, too.

    The settings (`api_*`, docs/settings.md) give the values of missing options.

    Example: calipso api --bind 0.0.0.0:8443 --certificate /etc/calipso/api.pem
    """
    flags = {
        "--bind": bind,
        "--mongo_config": mongo_config,
        "--ldap_config": ldap_config,
        "--loglevel": loglevel,
        "--inventory": inventory,
        "--token-lifetime": token_lifetime,
        "--workers": workers,
        "--threads": threads,
        "--certificate": certificate,
        "--key": key,
    }
    words = [
        word for flag, value in flags.items() if value is not None for word in (flag, str(value))
    ]
    words += [word for origin in cors_origin or () for word in ("--cors-origin", origin)]
    # The process becomes the server: signals reach it, and the command line imports no Flask.
    os.execv(sys.executable, python(MODULE, *words))  # noqa: S606 - our own module
