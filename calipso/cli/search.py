"""`calipso search`: one box for an operator, over all environments."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from calipso.cli import completing
from calipso.cli.output import ColumnOption, Format, FormatOption, clean, say_later, show_list
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    InventoryOption,
    known_environment,
    known_types,
    opened,
)
from calipso.errors import ConfigError, NotFound
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.clock import now

COLUMNS = ["match", "type", "name", "project", "host", "state", "age"]
MOST = 200
LONGEST = 200


def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="ANYTHING",
            help="Part of a name, id, MAC address in any notation, IP address, range of addresses, "
            "VLAN or VNI, port of a switch.",
        ),
    ],
    environment: EnvOption = None,
    object_type: Annotated[
        list[str] | None,
        typer.Option(
            "-t",
            "--type",
            help="Only objects of this type. It may be given several times.",
            autocompletion=completing.types,
        ),
    ] = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=1, max=MOST, help="Maximum number of objects."),
    ] = 20,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Find objects by any part of their names, ids and addresses. The best hit comes first.

    Example: calipso search fa-16-3e-0a-5b-01
    """
    from calipso.analysis.found import find

    asked = " ".join(words).strip()
    if not asked or len(asked) > LONGEST:
        raise ConfigError(
            f"search needs 1 to {LONGEST} characters, not {len(asked)}",
            hint="Give part of a name, an id or an address: calipso search 10.0.0.5",
        )
    inv = opened(inventory, at)
    names = [known_environment(inv, environment)] if environment else environments(inv)
    hits, more = find(inv, names, asked, limit, object_type or [])
    if not hits:
        known_types(inv, *(object_type or ()))
        where = f" in {environment}" if environment else ""
        raise NotFound(
            f"nothing is known by {clean(asked)!r}{where}",
            hint="Try a shorter part of it. A scan may not have found it yet: calipso scan list",
        )
    if more:
        say_later(f"there is more: --limit {MOST}, or give more of the name")
    columns = COLUMNS if environment or len(names) == 1 else ["environment", *COLUMNS]
    rows = [_row(item) | {"match": rank.name.lower()} for rank, item in hits]
    show_list(rows, columns, output_format, chosen=column, optional=["id", "environment"])


def environments(inv: InventoryMgr) -> list[str]:
    """Names of the environments of which something is stored."""
    return sorted(str(name) for name in inv.collection("inventory").distinct("environment"))


def _row(item: dict[str, Any]) -> dict[str, Any]:
    state = item.get("state") or item.get("status") or ""
    age = ""
    if item.get("last_scanned"):
        age = spoken(now() - item["last_scanned"])
    if item.get("stale_since"):
        age += " (stale)"
    return item | {"state": state, "age": age}


def spoken(span: timedelta) -> str:
    """Return an age in words: `40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
