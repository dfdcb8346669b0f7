"""Selection for lists: filters, pages, and one object by its id or name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from bson import ObjectId
from bson.errors import InvalidId

from calipso.cli import completing
from calipso.cli.moments import moment
from calipso.cli.paging import cut
from calipso.errors import CalipsoError, ConfigError, NotFound
from calipso.model.documents import Document
from calipso.model.types import LINK_TYPES, OBJECT_TYPES, is_folder
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr, known_inventories
from calipso.stores.inventory.past import at_time
from calipso.stores.mongo.driver import ASCENDING
from calipso.stores.mongo.stretches import prefix_range
from calipso.utils.constants import constant_values

EnvOption = Annotated[
    str | None,
    typer.Option(
        "-e",
        "--env",
        help="Only in this environment.",
        autocompletion=completing.environments,
    ),
]
InventoryOption = Annotated[
    str | None,
    typer.Option(
        "-y",
        "--inventory",
        help="Inventory collection to read.",
        autocompletion=completing.inventories,
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="As it was then: `2h` (ago), or a time (UTC). Default: now."
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Only on this host.", autocompletion=completing.hosts),
]

ObjectWord = typer.Argument(metavar="OBJECT", help="Id or name.", autocompletion=completing.objects)


def object_option(name: str, text: str) -> Any:
    """Return an option that names an object by id or name."""
    return typer.Option(name, metavar="OBJECT", help=text, autocompletion=completing.objects)


ObjectTypeOption = Annotated[
    str | None,
    typer.Option(
        "-t",
        "--type",
        help="Type of the object, where names are not enough.",
        autocompletion=completing.types,
    ),
]

ScanId = Annotated[
    str,
    typer.Argument(
        help="Id of the scan, or `last`.", metavar="SCAN", autocompletion=completing.scans
    ),
]
EnvironmentName = Annotated[
    str,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="Name of the environment.",
        autocompletion=completing.environments,
    ),
]
ScannedEnvironment = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="Environment to scan.", autocompletion=completing.environments
    ),
]

SEVERAL_SHOWN = 5
SEVERAL_NAMED = 30


def opened(inventory: str | None, at: str | None) -> InventoryMgr:
    """Return the inventory, as it is or as it was at a time.

    Raises ConfigError for a time that changes do not reach back to.
    """
    return at_time(inventory, moment(at, "--at") if at else None)


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

    Raises NotFound for an unknown inventory or environment.
    """
    if marker is not None:
        wanted = {"$and": [wanted, after(marker, order)]}
    found = inv.find_all(
        collection,
        wanted,
        sort=[(name, ASCENDING) for name in order],
        limit=limit + 1 if limit else 0,
    )
    if not found and marker is None:
        known_inventory(inv)
        if "environment" in wanted:
            EnvironmentStore().get(wanted["environment"])  # raises NotFound for an unknown one
    return cut(found, limit, key)


def after(marker: Mapping[str, Any], order: tuple[str, ...]) -> Document:
    """Return a query for the documents that sort after a document."""
    alternatives = []
    for position, name in enumerate(order):
        same = {earlier: marker[earlier] for earlier in order[:position]}
        alternatives.append(same | {name: {"$gt": marker[name]}})
    return {"$or": alternatives}


def one_object(
    inv: InventoryMgr,
    word: str,
    environment: str | None = None,
    object_type: str | None = None,
    host: str | None = None,
) -> Document:
    """Return the object with this id, otherwise the object with this name.

    Raises NotFound, or ConfigError when several objects match.
    """
    common = query(environment=environment, type=object_type, host=host)
    found = inv.find_items(common | {"id": word}) or inv.find_items(common | {"name": word})
    if not found and object_type is None and host is None:
        found = inv.find_items(common | {"object_name": word})
    things = [item for item in found if not is_folder(item["type"])]
    found = things or found
    if not found:
        known_inventory(inv)
        known_environment(inv, environment)
        known_types(inv, object_type)
        known_host(inv, host, environment)
        where = "".join(f"{place}: " for place in (environment, host) if place)
        what = object_type or "object"
        raise NotFound(
            f"{where}no {what} with id or name {word}", hint=f"calipso search {_quoted(word)}"
        )
    if len(found) > 1:
        raise _several(word, found)
    return found[0]


def _several(word: str, found: list[Document]) -> ConfigError:
    """Return the error that names the candidates, and the options that distinguish them."""
    shown = [
        " ".join(dict.fromkeys(str(i[k]) for k in ("environment", "type", "host", "id") if k in i))
        for i in found
    ]
    more = f", and {len(shown) - SEVERAL_SHOWN} more" if len(shown) > SEVERAL_SHOWN else ""
    options = {"environment": "--env", "type": "--type", "host": "--host"}
    useful = [
        option for key, option in options.items() if len({str(i.get(key)) for i in found}) > 1
    ]
    return ConfigError(
        f"{word} means {len(found)} objects: {'; '.join(shown[:SEVERAL_SHOWN])}{more}",
        hint=f"Choose one with {' or '.join(useful) or 'the id'}, or give the id.",
    )


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)


def known_environment(inv: InventoryMgr, name: str | None) -> str:
    """Return the name if something is stored under it. Raises NotFound with the nearest name."""
    if name is None or inv.collection("inventory").find_one({"environment": name}, {"_id": 1}):
        return name or ""
    EnvironmentStore().get(name)  # raises NotFound for an unknown environment
    return name


def known_types(inv: InventoryMgr, *names: str | None) -> None:
    """Raises ConfigError for a type that is neither declared nor stored."""
    for name in names:
        if name is None or name in OBJECT_TYPES or name in constant_values("object_types"):
            continue
        if inv.collection("inventory").find_one({"type": name}, {"_id": 1}) is None:
            raise unknown("object type", name, _types())


def known_link_type(inv: InventoryMgr, name: str | None) -> None:
    """Raises ConfigError for a link type that is neither declared nor stored."""
    known = {*LINK_TYPES, *constant_values("link_types")}
    if name is None or name in known or inv.collection("links").find_one({"link_type": name}):
        return
    raise unknown("link type", name, known)


def known_host(inv: InventoryMgr, name: str | None, environment: str | None) -> None:
    """Raises NotFound for a host that no object is on."""
    if name is None:
        return
    own = query(environment=environment)
    inventory = inv.collection("inventory")
    if inventory.find_one(own | {"type": "host", "id": name}, {"_id": 1}):
        return
    if inventory.find_one(own | {"host": name}, {"_id": 1}):
        return
    hosts = sorted({str(h["id"]) for h in inventory.find(own | {"type": "host"}, {"id": 1})})
    raise unknown("host", name, hosts, NotFound)


def known_inventory(inv: InventoryMgr) -> None:
    """Raises NotFound for an inventory with nothing in it; it names those there are."""
    if inv.collection("inventory").find_one({}, {"_id": 1}) is None:
        names = known_inventories(inv.db)
        if inv.inventory not in names:
            raise unknown("inventory", inv.inventory, names, NotFound)


def unknown(
    what: str, name: str, known: Iterable[str], kind: type[CalipsoError] = ConfigError
) -> CalipsoError:
    """Return the error for a missing name: it gives the nearest name, or the existing ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    listed = ", ".join(names[:SEVERAL_NAMED])
    more = f", and {len(names) - SEVERAL_NAMED} more" if len(names) > SEVERAL_NAMED else ""
    hint = f"Did you mean {near[0]}?" if near else f"There are: {listed or 'none'}{more}."
    return kind(f"no {what} {name}", hint=hint)


def _types() -> list[str]:
    return [name for name, declared in OBJECT_TYPES.items() if not declared.is_folder]


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


def resolve_scan(scan_id: str, environment: str | None = None) -> str:
    """Return the id of the newest scan, of this environment, for `last`; otherwise the given id."""
    from calipso.stores.scans.scan_store import ScanStore

    if scan_id != "last":
        return scan_id
    newest = ScanStore().find_scans(query(environment=environment), limit=1)
    if not newest:
        of = f" of {environment}" if environment else ""
        raise NotFound(f"there is no scan{of}", hint="calipso scan run ENV --watch")
    return str(newest[0]["_id"])
