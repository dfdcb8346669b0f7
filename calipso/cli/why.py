"""`calipso why`: why an instance has no address, no metadata, no way out, or is not reached."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from calipso.analysis.path.environment_of import environment_of
from calipso.analysis.path.find_why import find_why
from calipso.cli import completing
from calipso.cli.output import Format, clean, plain, show_list, tell
from calipso.cli.selecting import AtOption, EnvOption, InventoryOption, opened


class WhyFormat(StrEnum):
    """Forms of the answer."""

    TABLE = "table"
    JSON = "json"


def why(
    instance: Annotated[
        str,
        typer.Argument(
            metavar="INSTANCE",
            help="Instance by name, id or address.",
            autocompletion=completing.objects,
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="A", help="It is not reached from here; as A of `path`."),
    ] = None,
    environment: EnvOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: Annotated[
        WhyFormat, typer.Option("-f", "--format", help="How to show the answer.")
    ] = WhyFormat.TABLE,
) -> None:
    """Tell why an instance has no address, no metadata, no way out, or is not reached.

    It makes the checks of an expert in their order and names the first cause.
    Exit code: 0 nothing is wrong, 1 a cause was found, 2 it works in part, 3 it is not known.

    Example: calipso why web-1 --from internet
    """
    inv = opened(inventory, at)
    where = environment_of(inv, environment, instance)
    answer = find_why(inv, where, instance, start)
    if output_format is WhyFormat.JSON:
        typer.echo(json.dumps(plain(answer.model_dump(mode="python")), indent=2))
        raise typer.Exit(answer.verdict.exit_code)
    tell(clean(f"{answer.verdict.value.upper()} ({answer.code}): {answer.sentence}\n", keep="\n"))
    show_list(answer.findings, ["check", "verdict", "code", "message"], Format.TABLE)
    hint = next((f["hint"] for f in answer.findings if f["code"] == answer.code), "")
    if hint and answer.code:
        tell(clean(f"\nhint: {hint}", keep="\n"))
    tell("\nnot checked:")
    for line in answer.not_checked:
        tell(clean(f"  - {line}"))
    raise typer.Exit(answer.verdict.exit_code)
