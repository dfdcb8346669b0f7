"""The part of a cloud that a scan reads: options that `scan run` and `schedule add` share."""

from __future__ import annotations

from typing import Annotated

import typer

from calipso.cli import completing
from calipso.model.scan import LogLevel

WriteTo = Annotated[
    str | None, typer.Option("-y", "--inventory", help="Inventory collection to write to.")
]
InventoryOnly = Annotated[
    bool, typer.Option("--inventory-only", help="Find objects only, no links and no cliques.")
]
LinksOnly = Annotated[
    bool, typer.Option("--links-only", help="Find links only, between the stored objects.")
]
CliquesOnly = Annotated[
    bool, typer.Option("--cliques-only", help="Find cliques only, from the stored links.")
]
Clear = Annotated[
    bool,
    typer.Option(
        "--clear",
        help="At the end, remove objects that were not found. Objects that could not be read stay.",
    ),
]
ScannedId = Annotated[
    str | None, typer.Option("-i", "--id", help="Scan only this object and the objects below it.")
]
ScannedType = Annotated[
    str | None,
    typer.Option(
        "-t", "--type", help="Type of the object of --id.", autocompletion=completing.types
    ),
]
ScannerName = Annotated[
    str | None, typer.Option("--scanner", help="Run this scanner; needs --parent-id.")
]
ParentId = Annotated[
    str | None, typer.Option("-p", "--parent-id", help="Parent to run --scanner for.")
]
KeptLog = Annotated[
    LogLevel | None,
    typer.Option("--log-level", help="Keep log lines of this level and above. Default: info."),
]
ParentType = Annotated[
    str | None,
    typer.Option(
        "-a",
        "--parent-type",
        help="Type of the parent of --parent-id.",
        autocompletion=completing.types,
    ),
]
