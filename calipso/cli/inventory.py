"""`calipso inventory`: the objects that scans found."""

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
    clean,
    iso,
    show_list,
    show_one,
)
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    ObjectTypeOption,
    ObjectWord,
    beginning,
    known_host,
    known_inventory,
    known_types,
    one_object,
    opened,
    page,
    query,
)
from calipso.cli.tree import Branch, as_documents, branches, draw
from calipso.errors import NotFound
from calipso.model.owners import FIELDS as OWNED
from calipso.model.types import is_folder, lives_on_host
from calipso.model.types import object_type as object_type_of
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr, types_without_folders
from calipso.stores.mongo.stretches import prefix_range

app = typer.Typer(help="Objects that scans found: list, show, tree.")

LIST_COLUMNS = ["type", "id", "name", "host", "state", "last_scanned"]  # of objects of any type
ORDER = ("environment", "type", "id")
TREE_FIELDS = ("id", "type", "name", "parent_id", "parent_type", "show_in_tree", "stale_since")

TypeOption = Annotated[
    str | None,
    typer.Option(
        "-t", "--type", help="Only objects of this type.", autocompletion=completing.types
    ),
]


@app.command(name="list")
def list_objects(
    environment: EnvOption = None,
    object_type: TypeOption = None,
    host: HostOption = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Only names that begin with this text.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option("--parent", help="Only children of this parent (id).")
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only objects that the last scan could not read.")
    ] = False,
    with_problems: Annotated[
        bool, typer.Option("--with-problems", help="Only objects that have problems.")
    ] = False,
    at: AtOption = None,
    inventory: InventoryOption = None,
    limit: LimitOption = 100,
    marker: MarkerOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List objects by environment, type and id. Any field can be a column (-c).

    Example: calipso inventory list --type vnic --host compute-1 -c name -c mac_address
    """
    inv = opened(inventory, at)
    own = query(environment=environment)
    wanted = own | query(
        type=object_type or {"$in": types_without_folders(inv.collection("inventory"), own)},
        host=host,
        name=beginning(name),
        parent_id=parent,
    )
    if stale:
        wanted["stale_since"] = {"$exists": True}
    if with_problems:
        wanted["problems"] = {"$exists": True}
    last = one_object(inv, marker, environment, object_type) if marker else None
    found = page(inv, "inventory", wanted, ORDER, limit=limit, marker=last, key="id")
    if not found:
        known_types(inv, object_type)
        known_host(inv, host, environment)
    columns = [*([] if environment else ["environment"]), *_columns(object_type)]
    columns += ["stale_since"] if stale else []
    if with_problems:
        columns = [*([] if environment else ["environment"]), "type", "name", "host", "problems"]
    show_list(
        [_row(item, with_problems=with_problems) for item in found],
        columns,
        output_format,
        chosen=column,
        sort_column=sort_column,
        documents=found,
        optional=OWNED.keys(),
    )


def _row(item: dict[str, Any], *, with_problems: bool) -> dict[str, Any]:
    """An object as a row: addresses as text, codes of problems."""
    row = item | {"problems": _codes(item)} if with_problems else dict(item)
    for name in ("fixed_ips", "addresses"):
        if isinstance(row.get(name), list):
            row[name] = [_address(one) for one in row[name]]
    return row


def _address(one: Any) -> Any:
    """`10.0.0.5`, where it is kept with its subnet or device."""
    return (one.get("ip_address") or one.get("address")) if isinstance(one, dict) else one


def _codes(item: dict[str, Any]) -> str:
    """Codes of an object's problems; `inventory show` has the messages."""
    return ", ".join(str(problem["code"]) for problem in item.get("problems") or ())


def _columns(name: str | None) -> list[str]:
    """The columns of a list without `-c`: for one type, the columns that its declaration names."""
    declared = object_type_of(name or "")
    if not declared.declared or declared.is_folder:
        return LIST_COLUMNS
    host = ["host"] if lives_on_host(declared.name) else []
    return ["id", "name", *host, *declared.columns, "last_scanned"]


@app.command()
def show(
    word: Annotated[str, ObjectWord],
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
) -> None:
    """Show one object with all its fields, its source and the time of its last scan."""
    found = one_object(opened(inventory, at), word, environment, object_type, host)
    first = {name: found[name] for name in ("environment", "type", "id", "name") if name in found}
    show_one(first | found, output_format, chosen=column)


@app.command()
def tree(
    word: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT",
            help="Object at the top of the tree.",
            autocompletion=completing.objects,
        ),
    ] = None,
    environment: EnvOption = None,
    object_type: ObjectTypeOption = None,
    host: HostOption = None,
    depth: Annotated[int, typer.Option("--depth", min=0, help="Levels to show; 0: all.")] = 0,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the inventory as a tree; without an object, from the top of each environment.

    Example: calipso inventory tree compute-1 --env prod
    """
    inv = opened(inventory, at)
    if word is not None:
        start = one_object(inv, word, environment, object_type, host)
        below = query(
            environment=start["environment"], id_path=prefix_range(f"{start['id_path']}/")
        )
        roots = branches([start, *inv.find_items(below, TREE_FIELDS)], [start], depth)
    else:
        roots = _environments(inv, environment, depth)
    if output_format in (Format.JSON, Format.YAML):
        show_one({"tree": as_documents(roots)}, output_format)
        return
    for line in draw(roots, _label):
        typer.echo(line)


def _environments(inv: InventoryMgr, environment: str | None, depth: int) -> list[Branch]:
    names = inv.collection("inventory").distinct("environment", query(environment=environment))
    if not names:
        known_inventory(inv)
        if environment:
            EnvironmentStore().get(environment)
        raise NotFound(
            f"no scan has found objects in {environment or 'any environment'} yet",
            hint="calipso scan run ENV --watch",
        )
    roots: list[Branch] = []
    for name in sorted(names):
        top: dict[str, Any] = {"id": name, "type": "environment", "name": name}
        roots += branches([top, *inv.find_items({"environment": name}, TREE_FIELDS)], [top], depth)
    return roots


def _label(item: dict[str, Any]) -> str:
    """`web-1 (instance)`; folders by name alone."""
    name = clean(str(item.get("name", item["id"])))
    text = name if is_folder(item["type"]) else f"{name} ({item['type']})"
    if "stale_since" in item:
        text += f"  stale since {iso(item['stale_since'])}"
    return text
