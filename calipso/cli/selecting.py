"""Selection for lists: filters, pages, and one object by its id or name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from bson import ObjectId
from bson.errors import InvalidId

from calipso.cli.paging import cut
from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import ASCENDING
from calipso.stores.mongo.stretches import prefix_range

EnvOption = Annotated[str | None, typer.Option("-e", "--env", help="Only in this environment.")]
InventoryOption = Annotated[
    str | None, typer.Option("-y", "--inventory", help="Inventory collection to read.")
]
HostOption = Annotated[str | None, typer.Option("--host", help="Only on this host.")]

SEVERAL_SHOWN = 5


def query(**fields: Any) -> Document:
    """Return a MongoDB query of the given filters."""
    return {name: value for name, value in fields.items() if value is not None}


def beginning(prefix: str | None) -> Document | None:
    """Return a query for texts that begin with `prefix`: a range, for which every store uses its
    index.
    """
    return None if prefix is None else prefix_range(prefix)


def page(
    inv: InventoryMgr,
    collection: str,
    wanted: Document,
    order: tuple[str, ...],
    *,
    limit: int,
    marker: Document | None,
    key: str,
) -> list[Document]:
    """Return one page of a collection in the order of a unique index, after `marker`.

    Raises NotFound for an unknown environment.
    """
    if marker is not None:
        wanted = {"$and": [wanted, after(marker, order)]}
    found = inv.find_all(
        collection,
        wanted,
        sort=[(name, ASCENDING) for name in order],
        limit=limit + 1 if limit else 0,
    )
    if not found and marker is None and "environment" in wanted:
        EnvironmentStore().get(wanted["environment"])  # raises NotFound for an unknown environment
    return cut(found, limit, key)


def after(marker: Mapping[str, Any], order: tuple[str, ...]) -> Document:
    """Return a query for the documents that sort after a document."""
    alternatives = []
    for position, name in enumerate(order):
        same = {earlier: marker[earlier] for earlier in order[:position]}
        alternatives.append(same | {name: {"$gt": marker[name]}})
    return {"$or": alternatives}


def object_types(inv: InventoryMgr, environment: str | None) -> list[str]:
    """Return the types of stored objects, without the folders of the tree."""
    types = inv.collection("inventory").distinct("type", query(environment=environment))
    return sorted(name for name in types if not name.endswith("_folder"))


def one_object(
    inv: InventoryMgr, word: str, environment: str | None = None, object_type: str | None = None
) -> Document:
    """Return the object with this id, otherwise the object with this name.

    Raises NotFound, or ConfigError when several objects match.
    """
    common = query(environment=environment, type=object_type)
    found = inv.find_items(common | {"id": word})
    if not found:
        found = inv.find_items(common | {"name": word})
    if not found:
        where = f"{environment}: " if environment else ""
        raise NotFound(
            f"{where}no object with id or name {word}",
            hint="calipso inventory list --name BEGINNING",
        )
    if len(found) > 1:
        shown = [f"{item['environment']} {item['type']} {item['id']}" for item in found]
        more = f", and {len(shown) - SEVERAL_SHOWN} more" if len(shown) > SEVERAL_SHOWN else ""
        raise ConfigError(
            f"{word} matches {len(found)} objects: {', '.join(shown[:SEVERAL_SHOWN])}{more}",
            hint="Choose one with --env and --type, or give the id.",
        )
    return found[0]


def marked(inv: InventoryMgr, name: str, noun: str, marker: str) -> dict[str, Any]:
    """Return the document of a --marker, by its `_id`. Raises NotFound."""
    try:
        found = inv.collection(name).find_one({"_id": ObjectId(marker)})
    except InvalidId:
        found = None
    if found is None:
        hint = f"A marker is the `_id` of a {noun}: -c _id"
        raise NotFound(f"no {noun} {marker}", hint=hint)
    return found


def resolve_scan(scan_id: str) -> str:
    """Return the id of the newest scan for `last`, otherwise the given id."""
    from calipso.stores.scans.scan_store import ScanStore

    if scan_id != "last":
        return scan_id
    newest = ScanStore().find_scans({}, limit=1)
    if not newest:
        raise NotFound("there is no scan", hint="calipso scan run ENV --watch")
    return str(newest[0]["_id"])
