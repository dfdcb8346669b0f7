"""What of a cloud a scan reads: the options `scan run` and `schedule add` share."""

from __future__ import annotations

from typing import Annotated

import typer

from calipso.model.scan import LogLevel

WriteTo = Annotated[
    str | None, typer.Option("-y", "--inventory", help="Inventory collection to write to.")
]
InventoryOnly = Annotated[
    bool, typer.Option("--inventory-only", help="Objects only, no links, no cliques.")
]
LinksOnly = Annotated[
    bool, typer.Option("--links-only", help="Links only, of the objects already there.")
]
CliquesOnly = Annotated[
    bool, typer.Option("--cliques-only", help="Cliques only, of the links already there.")
]
Clear = Annotated[
    bool,
    typer.Option(
        "--clear",
        help="At the end, remove what was not found; what could not be read stays.",
    ),
]
ScannedId = Annotated[
    str | None, typer.Option("-i", "--id", help="Scan this object and what is below it.")
]
ScannedType = Annotated[
    str | None, typer.Option("-t", "--type", help="Type of the object of --id.")
]
ScannerName = Annotated[
    str | None, typer.Option("--scanner", help="Run this scanner; needs --parent-id.")
]
ParentId = Annotated[
    str | None, typer.Option("-p", "--parent-id", help="Parent to run --scanner for.")
]
KeptLog = Annotated[
    LogLevel | None,
    typer.Option(
        "--log-level", help="Log lines to keep of the scan: of this level and above; info."
    ),
]
ParentType = Annotated[str | None, typer.Option("-a", "--parent-type", help="Type of that parent.")]
