"""Which indexes the stores want, which of them are missing, and making those.

What a store wants is what its `ensure_indexes` asks for: it is called on a database that only
listens. So no index is named twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import OperationFailure

from calipso.errors import ConfigError, StoreError
from calipso.settings import settings
from calipso.stores.config.clique_type_store import clique_constraints, clique_types
from calipso.stores.config.environment_store import EnvironmentStore
from calipso.stores.config.schedule_store import ScheduleStore
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.people.audit_store import AuditStore
from calipso.stores.people.token_store import TokenStore
from calipso.stores.people.user_store import UserStore
from calipso.stores.scans.message_store import MessageStore

Document = dict[str, Any]

#: What makes two indexes of one name different.
OPTIONS = ("unique", "sparse", "expireAfterSeconds", "partialFilterExpression")

#: MongoDB's error codes: an index of that name, or on these fields, is there with other options.
OPTIONS_CONFLICT, NAME_CONFLICT = 85, 86


class _Listener:
    """Takes the place of a database and its collections; remembers the indexes asked for."""

    def __init__(self) -> None:
        self.wanted: dict[str, dict[str, Document]] = {}

    def __getitem__(self, name: str) -> _Collection:
        return _Collection(self.wanted.setdefault(name, {}))


class _Collection:
    def __init__(self, wanted: dict[str, Document]) -> None:
        self._wanted = wanted

    def create_indexes(self, models: Iterable[IndexModel]) -> None:
        """Remember them."""
        self._wanted.update({model.document["name"]: model.document for model in models})


def wanted(inventories: Iterable[str]) -> dict[str, dict[str, Document]]:
    """Collection -> name of index -> the index, for all stores and these inventories."""
    listener = _Listener()
    database = cast(Database[Document], listener)
    for name in inventories:
        InventoryMgr(name, database).ensure_indexes()
    plain = InventoryMgr(database=database)
    EnvironmentStore(database).ensure_indexes()
    ScheduleStore(plain).ensure_indexes()
    MessageStore(plain).ensure_indexes()
    clique_types(plain).ensure_indexes()
    clique_constraints(plain).ensure_indexes()
    UserStore(database).ensure_indexes()
    TokenStore(database).ensure_indexes()
    AuditStore(database).ensure_indexes()
    return listener.wanted


def missing(database: Database[Document]) -> list[tuple[str, Document]]:
    """(collection, index) of each index that is not there, or there with other options."""
    found = []
    for collection, indexes in sorted(wanted(inventories(database)).items()):
        there = database[collection].index_information()
        for name, index in indexes.items():
            if name not in there or not _same(index, there[name]):
                found.append((collection, index))
    return found


def make(database: Database[Document]) -> list[str]:
    """Make what is missing; returns `collection.index` of each. Raises StoreError."""
    made = []
    for collection, index in missing(database):
        name = f"{collection}.{index['name']}"
        try:
            _make(database, collection, index)
        except OperationFailure as error:
            raise StoreError(
                f"index {name}: {error.details.get('errmsg') if error.details else error}",
                hint="Two documents are equal where one must be unique: remove one of them, then "
                "`calipso db upgrade` again.",
            ) from error
        made.append(name)
    return made


def _make(database: Database[Document], collection: str, index: Document) -> None:
    model = IndexModel(
        list(index["key"].items()),
        name=index["name"],
        **{k: index[k] for k in OPTIONS if k in index},
    )
    if index["name"] in database[collection].index_information():
        database[collection].drop_index(index["name"])
    try:
        database[collection].create_indexes([model])
    except OperationFailure as error:
        if error.code not in (OPTIONS_CONFLICT, NAME_CONFLICT):
            raise
        _drop_same_keys(database, collection, list(index["key"].items()))
        database[collection].create_indexes([model])


def _drop_same_keys(
    database: Database[Document], collection: str, keys: list[tuple[str, Any]]
) -> None:
    """An index on the same fields with another name stands in the way."""
    for name, there in database[collection].index_information().items():
        if name != "_id_" and list(there["key"]) == keys:
            database[collection].drop_index(name)


def _same(index: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    if list(index["key"].items()) != list(there["key"]):
        return False
    return all((index.get(name) or None) == (there.get(name) or None) for name in OPTIONS)


def inventories(database: Database[Document]) -> list[str]:
    """The inventory of the settings, and each that was ever scanned."""
    names = {settings().inventory}
    for name in database["scans"].distinct("inventory"):
        try:
            names.add(InventoryMgr(str(name), database).inventory)
        except ConfigError:  # a name that was allowed once
            continue
    return sorted(names)
