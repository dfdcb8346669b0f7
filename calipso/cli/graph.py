"""`calipso graph`: what is near an object, as text, JSON, DOT, GraphML, Mermaid or SVG."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from calipso.analysis.graphs import near_graph
from calipso.cli.output import clean, plain, say, tell
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    ObjectWord,
    one_object,
    opened,
)
from calipso.topology.formats import dot, graphml, mermaid
from calipso.topology.svg import svg
from calipso.topology.text import as_text


class GraphFormat(StrEnum):
    """Forms of a graph."""

    TEXT = "text"
    DOT = "dot"
    JSON = "json"
    GRAPHML = "graphml"
    MERMAID = "mermaid"
    SVG = "svg"


WRITERS = {
    GraphFormat.DOT: dot,
    GraphFormat.GRAPHML: graphml,
    GraphFormat.MERMAID: mermaid,
    GraphFormat.SVG: svg,
}


def graph(
    word: Annotated[str, ObjectWord],
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    depth: Annotated[
        int,
        typer.Option(
            "--depth",
            min=1,
            max=10,
            help="Maximum number of links between the object and another one.",
        ),
    ] = 2,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=1, max=5000, help="Maximum number of objects."),
    ] = 1000,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: Annotated[
        GraphFormat, typer.Option("-f", "--format", help="How to show the graph.")
    ] = GraphFormat.TEXT,
) -> None:
    """Show the objects near an object, along links. For a host: those near any object on it.

    Example: calipso graph web-1 --depth 3 -f dot | dot -Tsvg > web-1.svg
    """
    inv = opened(inventory, at)
    start = one_object(inv, word, environment, object_type, host)
    found, truncated = near_graph(inv, start, depth, limit)
    if output_format is GraphFormat.JSON:
        text = json.dumps(plain(found | {"truncated": truncated}), indent=2)
        typer.echo(text)
    elif output_format in WRITERS:
        typer.echo(clean(WRITERS[output_format](found), keep="\n").rstrip("\n"))
    else:
        for line in as_text(found):
            tell(clean(line))
    if truncated:
        say(f"there is more than {limit} objects: --limit 5000, or a smaller --depth")
