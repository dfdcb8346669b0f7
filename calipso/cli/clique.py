"""`calipso clique`: what each focal point depends on, down to the wire."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from bson import ObjectId

from calipso.cli import completing
from calipso.cli.clique_details import DETAIL_FIELDS
from calipso.cli.clique_view import lines, wrapped
from calipso.cli.no_clique import why
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
from calipso.cli.picture import write_picture
from calipso.cli.selecting import (
    AtOption,
    EnvOption,
    HostOption,
    InventoryOption,
    known_inventory,
    known_types,
    marked,
    one_object,
    opened,
    page,
    query,
)
from calipso.errors import ConfigError, NotFound
from calipso.stores.inventory.ages import aged_cliques
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.elements import EDGE_FIELDS, NODE_FIELDS, elements, paths_to_networks
from calipso.topology.plumbing import values

app = typer.Typer(help="What an object depends on: list, show.")

COLUMNS = ["focal_point_type", "focal_point_id", "name", "links", "objects"]
ORDER = ("environment", "clique_type", "focal_point")
PORTION = 200  # number of cliques whose links and objects are read together

TypeOption = Annotated[
    str | None,
    typer.Option(
        "-t",
        "--type",
        help="Only focal points of this type, such as instance.",
        autocompletion=completing.types,
    ),
]


@app.command(name="list")
def list_cliques(
    environment: EnvOption = None,
    focal_type: TypeOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    limit: LimitOption = 100,
    marker: MarkerOption = None,
    output_format: FormatOption = Format.TABLE,
    column: ColumnOption = None,
    sort_column: SortOption = None,
) -> None:
    """List cliques with the number of links and objects in each."""
    inv = opened(inventory, at)
    wanted = query(environment=environment, focal_point_type=focal_type)
    last = marked(inv, "cliques", "clique", marker) if marker else None
    found = page(inv, "cliques", wanted, ORDER, limit=limit, marker=last, key="_id")
    if not found:
        known_types(inv, focal_type)
    objects = inv.find_by_keys([clique["focal_point"] for clique in found], ("name",))
    found = aged_cliques(inv, found)
    rows = [
        clique
        | {"name": objects.get(clique["focal_point"], {}).get("name", "")}
        | {name: len(clique[name]) for name in ("links", "objects")}
        for clique in found
    ]
    columns = COLUMNS if environment else ["environment", *COLUMNS]
    show_list(rows, columns, output_format, chosen=column, sort_column=sort_column, documents=found)


@app.command()
def show(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OBJECT",
            help="Ids or names of focal points. Default: all.",
            autocompletion=completing.objects,
        ),
    ] = None,
    environment: EnvOption = None,
    focal_type: TypeOption = None,
    host: HostOption = None,
    at: AtOption = None,
    inventory: InventoryOption = None,
    output_format: FormatOption = Format.TABLE,
    picture: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Write one clique as a picture; - is stdout."),
    ] = None,
) -> None:
    """Show the paths from a focal point to all objects it depends on, with link types and states.

    Example: calipso clique show web-1 --env prod
    """
    inv = opened(inventory, at)
    wanted = query(environment=environment, focal_point_type=focal_type)
    focal: list[dict[str, Any]] = []
    if words:
        focal = [one_object(inv, word, environment, focal_type, host) for word in words]
        wanted["focal_point"] = {"$in": [item["_id"] for item in focal]}
    cliques = inv.find_all("cliques", wanted, sort=[(name, 1) for name in ORDER])
    having = {clique["focal_point"] for clique in cliques}
    lacking = [item for item in focal if item["_id"] not in having]
    if picture is None:
        _show_all(inv, cliques, output_format)
    elif cliques and not lacking:
        _draw(inv, cliques, picture)
    if not cliques:
        known_inventory(inv)
        known_types(inv, focal_type)
    if lacking or not cliques:
        told = [f"{item['name']}: focal point of no clique: {why(inv, item)}" for item in lacking]
        raise NotFound(
            clean("; ".join(told)) or "there are no cliques",
            hint="`calipso clique list` shows all cliques.",
        )


def _show_all(inv: InventoryMgr, cliques: list[dict[str, Any]], output_format: Format) -> None:
    """Print cliques, a portion at a time; as one document in JSON and YAML."""
    documents: list[dict[str, Any]] = []
    for start in range(0, len(cliques), PORTION):
        documents += _show_some(inv, cliques[start : start + PORTION], output_format)
    if documents:
        show_one({"cliques": documents}, output_format)


def _draw(inv: InventoryMgr, cliques: list[dict[str, Any]], picture: Path) -> None:
    """Write the one clique as a picture. Raises ConfigError when there are several."""
    if len(cliques) > 1:
        raise ConfigError(
            f"{len(cliques)} cliques are asked for, and a picture shows one",
            hint="Name one object, with --type and --env where several have the name.",
        )
    (clique,) = cliques
    objects = inv.find_by_keys(clique["objects"], NODE_FIELDS)
    links = _links(inv, set(clique["links"])).values()
    write_picture(picture, elements(clique, objects.values(), links))


def _show_some(
    inv: InventoryMgr, cliques: list[dict[str, Any]], output_format: Format
) -> list[dict[str, Any]]:
    """Print cliques, or return them as documents."""
    cliques = aged_cliques(inv, cliques)
    wanted = {key for clique in cliques for key in clique["objects"]}
    objects = inv.find_by_keys(wanted, (*NODE_FIELDS, *DETAIL_FIELDS))
    links = _links(inv, {key for clique in cliques for key in clique["links"]})
    documents = []
    for clique in cliques:
        own = [links[key] for key in clique["links"] if key in links]
        if output_format is Format.TABLE:
            for line in [*lines(clique, objects, own), *_paths(inv, clique, objects, own)]:
                typer.echo(line)
            typer.echo(_age(clique))
            typer.echo()
        else:
            names = ("environment", "clique_type", "focal_point_id", "last_scanned", "stale_since")
            head = {name: clique[name] for name in names if name in clique}
            documents.append(head | elements(clique, objects.values(), own))
    return documents


def _paths(
    inv: InventoryMgr,
    clique: dict[str, Any],
    objects: Mapping[ObjectId, dict[str, Any]],
    links: list[dict[str, Any]],
) -> list[str]:
    """Return one line for each network of an instance or vservice, with the path to it."""
    if clique["focal_point_type"] not in ("instance", "vservice"):
        return []
    found = paths_to_networks(clique, objects.values(), links)
    reached = {item["id"] for item in objects.values() if item["type"] == "network"}
    reached &= {item["id"] for item in objects.values() if item["_id"] in clique["objects"]}
    texts = ["path: " + " -> ".join(steps) for steps in found]
    own = values(clique.get("constraints", {}).get("network"))
    lost = [network for network in own if network not in reached]
    names = {
        item["id"]: item["name"]
        for item in inv.get_by_ids(clique["environment"], "network", lost)
        if lost
    }
    texts += [f"no path to network {names.get(network, network)}" for network in lost]
    return [line for text in texts for line in wrapped(clean(text), "", "      ")]


def _age(clique: Mapping[str, Any]) -> str:
    """Return how old the facts are: a path is as old as its oldest object."""
    text = f"as of {iso(clique['last_scanned'])}" if clique.get("last_scanned") else "age unknown"
    if clique.get("stale_since"):
        text += f"; parts could not be read since {iso(clique['stale_since'])}"
    return text


def _links(inv: InventoryMgr, keys: set[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    wanted = sorted(keys)
    fields = dict.fromkeys((*EDGE_FIELDS, "source", "target", "attributes"), 1)
    found: dict[ObjectId, dict[str, Any]] = {}
    for start in range(0, len(wanted), 1000):
        portion = {"_id": {"$in": wanted[start : start + 1000]}}
        found |= {link["_id"]: link for link in inv.find_all("links", portion, projection=fields)}
    return found
