"""`calipso link`: which objects are connected, and the states of the connections."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from calipso.cli import completing
from calipso.cli.output import (
    ColumnOption,
    Format,
    FormatOption,
    LimitOption,
    MarkerOption,
    SortOption,
    show_list,
)
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    known_host,
    known_link_type,
    marked,
    one_object,
    opened,
    page,
    query,
    unknown,
)
from calipso.stores.inventory.ages import aged_links
from calipso.stores.inventory.inventory_mgr import InventoryMgr

app = typer.Typer(help="Links between objects: list.")

COLUMNS = ["link_type", "source", "target", "state", "host", "link_name", "last_scanned"]
STATES = ("up", "down", "unknown")
ORDER = ("environment", "link_type", "source", "target", "link_name")


@app.callback()
def link() -> None:
    """Links between objects."""


@app.command(name="list")
def list_links(
    environment: EnvOption = None,
    link_type: Annotated[
        str | None,
        typer.Option(
            "-t",
            "--type",
            help="Only links of this type, such as vnic-vedge.",
            autocompletion=completing.link_types,
        ),
    ] = None,
    host: HostOption = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only links in this state: up, down or unknown.")
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            "--object",
            help="Only links with this object (id or name) at one end.",
            autocompletion=completing.objects,
        ),
    ] = None,
    implicit: Annotated[
        bool | None,
        typer.Option(
            "--implicit/--direct", help="Only derived links, or only direct ones. Default: both."
        ),
    ] = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    limit: LimitOption = 100,
    marker: MarkerOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List links by environment and type. Source and target are names; -c source_id gives the id.

    Example: calipso link list --env prod --state down
    """
    inv = opened(inventory, at)
    if state is not None and state not in STATES:
        raise unknown("link state", state, STATES)
    wanted = query(
        environment=environment, link_type=link_type, host=host, state=state, implicit=implicit
    )
    if of is not None:
        end = one_object(inv, of, environment)["_id"]
        wanted["$or"] = [{"source": end}, {"target": end}]
    last = marked(inv, "links", "link", marker) if marker else None
    found = page(inv, "links", wanted, ORDER, limit=limit, marker=last, key="_id")
    if not found:
        known_link_type(inv, link_type)
        known_host(inv, host, environment)
    found = aged_links(inv, found)
    rows = with_names(inv, found)
    columns = COLUMNS if environment else ["environment", *COLUMNS]
    show_list(rows, columns, output_format, chosen=column, sort_column=sort_column, documents=found)


def with_names(inv: InventoryMgr, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Links with the names of their ends in `source` and `target`."""
    ends = [link[side] for link in links for side in ("source", "target")]
    objects = inv.find_by_keys(ends, ("name", "id"))
    rows = []
    for link in links:
        names = {
            side: objects.get(link[side], {}).get("name", link[f"{side}_id"])
            for side in ("source", "target")
        }
        rows.append(link | names)
    return rows
