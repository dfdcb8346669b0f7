"""What the resources of an inventory share: the inventory, its environments, one object."""

from __future__ import annotations

from datetime import datetime

from bson import ObjectId
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.paging import PageQuery
from calipso.api.schemas import Query, Time
from calipso.api.words import EnvironmentName, InventoryName
from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.past import PastInventory

EXAMPLE_KEY = "65a1f0c2d4e8b1a2c3d4e5f6"

INVENTORY = "Inventory collection to read; default: that of the server."


class PresentQuery(Query):
    """Which inventory to read, as it is."""

    inventory: InventoryName | None = Field(default=None, description=INVENTORY)


class OneQuery(PresentQuery):
    """Which inventory to read, and as of when."""

    at: Time | None = Field(
        default=None, description="As it was at this time; default: as it is now."
    )


class InventoryPage(PageQuery):
    """A list out of an inventory."""

    inventory: InventoryName | None = Field(default=None, description=INVENTORY)
    at: Time | None = Field(
        default=None, description="As it was at this time; default: as it is now."
    )


class EnvironmentPage(InventoryPage):
    """A list out of an inventory, of one environment or all that may be viewed."""

    env_name: EnvironmentName | None = Field(
        default=None, description="Of this environment; default: of all you may view."
    )


def opened(query: PresentQuery | InventoryPage) -> InventoryMgr:
    """The inventory a query names, as it is or was.

    Raises BadRequest for the name of another collection, ConfigError for a time that changes do
    not reach back to.
    """
    try:
        inv = InventoryMgr(query.inventory)
    except ConfigError as error:
        problem = Detail("inventory", error.message)
        message = "wrong in the query: inventory"
        raise BadRequest(message, hint=error.hint, details=[problem]) from error
    at: datetime | None = getattr(query, "at", None)
    return inv if at is None else PastInventory(query.inventory, at, whole=False)


def seen(caller: Caller, environment: str | None) -> Document:
    """Condition on `environment`, always by name: the given one, or all that may be viewed.

    Raises NotFound. Lists leave out what removed environments left behind.
    """
    if environment is not None:
        return {"environment": caller.may_view(environment)}
    names = seen_names(caller)
    return {"environment": names[0] if len(names) == 1 else {"$in": names}}


def seen_names(caller: Caller) -> list[str]:
    """Names of the environments the caller may view, sorted."""
    return sorted(name for name in EnvironmentStore().names() if caller.sees(name))


def by_key(key: str) -> Document:
    """Condition for the document with this `_id`; text that is not an `_id` matches nothing."""
    return {"_id": ObjectId(key) if ObjectId.is_valid(key) else None}


def one_of(inv: InventoryMgr, name: str, key: str, caller: Caller, what: str) -> Document:
    """One document of a collection of an inventory. Raises NotFound, `no <what> <key>`."""
    found = inv.find_all(name, by_key(key), limit=1)
    return caller.check_seen(found[0] if found else None, f"{what} {key}")


def one_object(inv: InventoryMgr, key: str, caller: Caller) -> Document:
    """One object of the inventory by its `_id`. Raises NotFound."""
    return one_of(inv, "inventory", key, caller, "object")
