"""`calipso diff`: what differs between two scans, two times, or around an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from calipso.analysis.change_log import around
from calipso.analysis.diffing import (
    Between,
    Difference,
    between,
    diff_answer,
    difference,
    object_gone,
    of_scans,
)
from calipso.cli import completing
from calipso.cli.moments import moment
from calipso.cli.output import (
    Format,
    FormatOption,
    clean,
    iso,
    plain,
    say,
    show_list,
    show_one,
    tell,
)
from calipso.cli.search import environments
from calipso.cli.selecting import (
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    known_environment,
    object_option,
    one_object,
    resolve_scan,
)
from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now

COLUMNS = ["change", "kind", "type", "name", "host", "project", "cause"]
SHOWN = 12  # rows of each part of the text


def diff(
    scans: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCAN",
            help="Ids of two scans of one environment, or `last`.",
            autocompletion=completing.scans,
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="The first time: `2h`, or a time.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The second time. Default: now.")
    ] = None,
    around_object: Annotated[
        str | None,
        object_option("--around", "Only what is near this object; with --since."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="The same as --from.")
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", min=0, max=5, help="With --around: so many links away.")
    ] = 2,
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show what differs, by kind, project, host and cause, and which findings are new or cleared.

    For a change window: exit code 0 without a new finding, 1 with one that is critical or major, 2
    with minor ones, 3 when drift was not judged since.

    Example: calipso diff --from 2h --env prod
    """
    inv = InventoryMgr(inventory)
    conditions: list[Document] | None = None
    start = start or since
    if around_object is not None:
        item = _object(inv, around_object, environment, object_type, host)
        environment = str(item["environment"])
        conditions = around(inv, item, depth)
    where = _between(inv, scans or [], environment, start, end)
    found = difference(inv, where, conditions)
    _show(found, output_format)
    raise typer.Exit(diff_answer(found).verdict.exit_code)


def _object(
    inv: InventoryMgr, word: str, environment: str | None, kind: str | None, host: str | None
) -> Document:
    try:
        return one_object(inv, word, environment, kind, host)
    except NotFound:
        gone = object_gone(inv, environment, word)
        return gone | {"_id": None}


def _between(
    inv: InventoryMgr, scans: list[str], environment: str | None, start: str | None, end: str | None
) -> Between:
    if scans and start:
        raise ConfigError("give two scans, or --from TIME", hint="calipso diff --help")
    if scans:
        if len(scans) != 2:
            raise ConfigError(f"{len(scans)} scans are given, not 2", hint="calipso scan list")
        first = resolve_scan(scans[0], environment)
        return of_scans(inv, first, resolve_scan(scans[1], environment))
    if start is None:
        raise ConfigError("nothing to compare", hint="Give two scans, or --from TIME.")
    names = [known_environment(inv, environment)] if environment else environments(inv)
    if len(names) != 1:
        raise ConfigError(
            f"there are {len(names)} environments, and times of one are compared",
            hint="Give it: --env NAME",
        )
    last = moment(end, "--to") if end else now()
    return between(names[0], moment(start, "--from or --since"), last)


def _show(found: Difference, output_format: Format) -> None:
    if output_format in (Format.JSON, Format.YAML):
        show_one(plain(document(found)), output_format)
    elif output_format is Format.TABLE:
        for line in _lines(found):
            tell(clean(line))
    else:
        rows = [item | {"cause": item["cause"]["text"]} for item in found.changes]
        show_list(rows, COLUMNS, output_format)
    answer = diff_answer(found)
    say(f"{answer.verdict.value}: {clean(answer.sentence)}")


def document(found: Difference) -> dict[str, Any]:
    """A difference as one document."""
    answer = diff_answer(found)
    return {
        "environment": found.between.environment,
        "from": found.between.start,
        "to": found.between.end,
        "scans": list(found.between.scans),
        "verdict": answer.verdict.value,
        "sentence": answer.sentence,
        "code": answer.code,
        "counts": found.counts(),
        "changes": found.changes,
        "findings": {
            "new": found.new,
            "cleared": found.cleared,
            "unchanged": found.unchanged,
        },
    }


def _lines(found: Difference) -> Iterator[str]:
    where = found.between
    yield f"{where.environment}: {iso(where.start)} to {iso(where.end)}"
    for name, numbers in found.counts().items():
        if numbers:
            shown = list(numbers.items())[:SHOWN]
            more = f", and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
            told = ", ".join(f"{number} {word or '(none)'}" for word, number in shown)
            yield f"  by {name}: {told}{more}"
    for title, items in (("new", found.new), ("cleared", found.cleared)):
        for item in items:
            yield f"  {title}: {item['severity']} {item['rule']}: {item['sentence']}"
    if found.unchanged:
        yield f"  unchanged: {len(found.unchanged)} findings"
