"""`calipso impact` and `calipso spof`: what a failure costs, and which parts are single."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from calipso.analysis.impact import impact as impact_of
from calipso.analysis.impact import impact_answer
from calipso.analysis.spof import single_points
from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    clean,
    plain,
    say,
    show_list,
    show_one,
)
from calipso.cli.search import environments
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    known_environment,
    known_types,
    one_object,
    opened,
)
from calipso.errors import ConfigError

COLUMNS = ["effect", "type", "name", "project", "host", "lost", "degraded", "reason"]
SPOF_COLUMNS = ["type", "name", "host", "instances", "services", "networks", "projects"]


class WhatIf(StrEnum):
    """What happens to the objects."""

    DOWN = "down"


def impact(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="OBJECT",
            help="Ids or names of what fails, all at once: a host, a NIC, a switch, a router.",
            autocompletion=completing.objects,
        ),
    ],
    what_if: Annotated[WhatIf, typer.Option("--what-if", help="What happens to them.")] = (
        WhatIf.DOWN
    ),
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show which instances, routers and networks are lost or degraded when these objects fail.

    Degraded: a way is left over a second NIC, another member of a bond, or another host. For a
    change ticket: -f csv. Exit code 0 nothing, 1 something lost, 2 only degraded, 3 not known.

    Example: calipso impact compute-7 --env prod
    """
    inv = opened(inventory, at)
    items = [one_object(inv, word, environment, object_type, host) for word in words]
    names = {str(item["environment"]) for item in items}
    if len(names) > 1:
        raise ConfigError(
            f"objects of {', '.join(sorted(names))} do not fail together", hint="Give --env NAME."
        )
    found = impact_of(inv, items)
    answer = impact_answer(found)
    if output_format in (Format.JSON, Format.YAML) and not column:
        document = answer.model_dump() | {"what_if": what_if.value, "counts": found.counts()}
        show_one(plain(document), output_format)
    else:
        show_list(found.rows, COLUMNS, output_format, chosen=column, optional=["id", "status"])
        for line in answer.not_checked:
            say(f"not checked: {clean(line)}")
        say(f"{answer.verdict.value}: {clean(answer.sentence)}")
    raise typer.Exit(answer.verdict.exit_code)


def spof(
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    least: Annotated[
        int,
        typer.Option("--least", min=1, help="Only parts that cost at least so many users."),
    ] = 2,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """List every single point of failure: parts whose failure alone cuts users off from a network.

    Example: calipso spof --env prod --type switch -f csv
    """
    inv = opened(inventory, at)
    known_types(inv, object_type)
    names = [known_environment(inv, environment)] if environment else environments(inv)
    rows = [
        row | {"environment": name} for name in names for row in single_points(inv, name, least)
    ]
    rows = [row for row in rows if object_type in (None, row["type"])]
    columns = SPOF_COLUMNS if environment else ["environment", *SPOF_COLUMNS]
    show_list(rows, columns, output_format, chosen=column, optional=["id"], documents=rows)
    say(f"{len(rows)} single points of failure")
