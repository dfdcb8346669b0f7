"""The part of a cloud that a scan reads: options that `scan run` and `schedule add` share."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from calipso.cli import completing
from calipso.model.scan import LogLevel

WriteTo = Annotated[
    str | None,
    typer.Option(
        "-y",
        "--inventory",
        help="Inventory collection to write to.",
        autocompletion=completing.inventories,
    ),
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
    str | None,
    typer.Option(
        "-i",
        "--id",
        help="Scan only this object and the objects below it.",
        autocompletion=completing.object_ids,
    ),
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
    str | None,
    typer.Option(
        "-p",
        "--parent-id",
        help="Parent to run --scanner for.",
        autocompletion=completing.object_ids,
    ),
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

#: Names of fields at the begin of a message or with an underscore, as models say them.
_FIELDS = re.compile(
    r"^(?:scanner|clear)\b|\b(?:inventory_only|links_only|cliques_only|parent_id|parent_type)\b"
)


def in_options(message: str) -> str:
    """Return a message of the model with the options of the command line for names of fields."""
    return _FIELDS.sub(lambda found: "--" + found.group().replace("_", "-"), message)
