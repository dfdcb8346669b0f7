"""`calipso path`: do packets get from one end to the other and back, and where do they stop."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from calipso.analysis.path.environment_of import environment_of
from calipso.analysis.path.find_path import find_path, packet_of
from calipso.cli import completing
from calipso.cli.answers import show_answer
from calipso.cli.output import clean, plain
from calipso.cli.selecting import AtOption, EnvOption, InventoryOption, opened
from calipso.topology.formats import dot
from calipso.topology.path.drawing import as_graph
from calipso.topology.svg import svg


class PathFormat(StrEnum):
    """Forms of a path."""

    TABLE = "table"
    JSON = "json"
    SVG = "svg"
    DOT = "dot"


_END = (
    "An instance, port, vNIC, router, floating IP or network by id or name; an address; `internet`;"
    " `dhcp:INSTANCE`; `metadata:INSTANCE`; `TYPE:NAME`."
)

#: Columns of the table: heading -> field of a hop.
COLUMNS = {
    "type": "type",
    "name": "name",
    "host": "host",
    "in": "way_in",
    "out": "way_out",
    "tag": "tag",
    "segment": "segment",
    "mtu": "mtu",
    "state": "state",
    "verdict": "verdict",
    "code": "code",
    "note": "note",
}


def path(
    start: Annotated[
        str, typer.Argument(metavar="A", help=_END, autocompletion=completing.objects)
    ],
    goal: Annotated[
        str, typer.Argument(metavar="B", help="As A.", autocompletion=completing.objects)
    ],
    environment: EnvOption = None,
    proto: Annotated[
        str | None, typer.Option("--proto", help="Protocol: tcp, udp, icmp, sctp or a number.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port of the goal.")
    ] = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: Annotated[
        PathFormat, typer.Option("-f", "--format", help="How to show the path.")
    ] = PathFormat.TABLE,
) -> None:
    """Tell whether packets get from A to B and back, hop by hop, and where they stop.

    Exit code: 0 they do, 1 they do not, 2 not fully, 3 it is not known.

    Example: calipso path web-1 db-1 -f svg > web-to-db.svg
    """
    inv = opened(inventory, at)
    where = environment_of(inv, environment, start, goal)
    answer = find_path(inv, where, start, goal, packet_of(proto, port))
    if output_format is PathFormat.JSON:
        typer.echo(json.dumps(plain(answer.model_dump(mode="python")), indent=2))
    elif output_format is PathFormat.TABLE:
        show_answer(answer, COLUMNS)
    else:
        graph = as_graph(answer.hops)
        text = dot(graph) if output_format is PathFormat.DOT else svg(graph, answer.sentence)
        typer.echo(clean(text, keep="\n").rstrip("\n"))
    raise typer.Exit(answer.verdict.exit_code)
