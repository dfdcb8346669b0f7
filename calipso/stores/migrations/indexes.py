"""Finds and makes the indexes of the table of collections that a database lacks."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import OperationFailure

from calipso.errors import StoreError
from calipso.model.collection_spec import Scope
from calipso.model.collections import COLLECTIONS, stored_name
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import known_inventories
from calipso.stores.mongo.indexes import index_models, make_index, same_index


def wanted(inventories: Iterable[str]) -> dict[str, list[IndexModel]]:
    """Return collection -> its indexes, for the collections of these inventories and the shared
    ones.
    """
    names = list(inventories)
    found: dict[str, list[IndexModel]] = {}
    for name, spec in COLLECTIONS.items():
        models = index_models(name)
        if models and spec.scope is Scope.INVENTORY:
            found |= {stored_name(inventory, name): models for inventory in names}
        elif models:
            found[name] = models
    return found


def missing(database: Database[Document]) -> list[tuple[str, IndexModel]]:
    """Return (collection, index) of each index that is missing or has other options."""
    found = []
    for collection, models in sorted(wanted(known_inventories(database)).items()):
        there = database[collection].index_information()
        for model in models:
            name = model.document["name"]
            if name not in there or not same_index(model.document, there[name]):
                found.append((collection, model))
    return found


def make(database: Database[Document]) -> list[str]:
    """Make the missing indexes; returns `collection.index` of each. Raises StoreError."""
    made = []
    for collection, model in missing(database):
        name = f"{collection}.{model.document['name']}"
        try:
            make_index(database[collection], model)
        except OperationFailure as error:
            raise StoreError(
                f"index {name}: {error.details.get('errmsg') if error.details else error}",
                hint="Two documents have the same value in a unique index: remove one, then "
                "`calipso db upgrade` again.",
            ) from error
        made.append(name)
    return made
