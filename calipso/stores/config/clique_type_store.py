"""Clique types and constraints that people define, besides those of the file.

All inventories share the two collections, so each definition applies to every scan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.inventory import derived_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.mongo.indexes import ensure_indexes

#: Fields that say for which clouds a clique type is meant.
CONFIGURATION = ("distribution", "distribution_version", "mechanism_drivers", "type_drivers")

#: Field of a stored definition that says what it is meant for; unique, and never shown.
PURPOSE = "meant_for"

#: Reserved for a clique type of every environment, as in the file.
ANY = "ANY"


class Definitions:
    """One of the two collections.

    Two documents in it cannot be meant for the same focal points and clouds.
    """

    def __init__(self, inv: InventoryMgr, name: str, noun: str) -> None:
        self.name = name
        self.collection: Collection[Document] = inv.db[name]
        self.noun = noun

    def stored(self) -> list[Document]:
        """Return all definitions, in the order of their creation."""
        found = self.collection.find({}, {PURPOSE: 0}, sort=[("_id", 1)])
        return [decode(item) for item in found]

    def ensure_indexes(self) -> None:
        """Make the unique index: if two people define the same at once, one of them succeeds."""
        ensure_indexes(self.collection, self.name)

    def get(self, key: str) -> Document:
        """Return one definition by its `_id`. Raises NotFound."""
        wanted = {"_id": ObjectId(key) if ObjectId.is_valid(key) else None}
        found = self.collection.find_one(wanted, {PURPOSE: 0})
        if found is None:
            raise NotFound(f"no {self.noun} {key}")
        return dict(decode(found))

    def add(self, document: Mapping[str, Any]) -> ObjectId:
        """Store a new definition and return its `_id`.

        Raises Conflict if another has the same purpose.
        """
        self._check_alone(document)
        self.ensure_indexes()
        key = ObjectId()
        with self._alone(document):
            self.collection.insert_one(_marked(document) | {"_id": key})
        return key

    def replace(self, key: ObjectId, document: Mapping[str, Any]) -> None:
        """Replace a definition. Raises NotFound, and Conflict if another has the same purpose."""
        self._check_alone(document, key)
        self.ensure_indexes()
        body = {name: value for name, value in document.items() if name != "_id"}
        with self._alone(document):
            self.collection.replace_one({"_id": key}, _marked(body))

    def delete(self, key: ObjectId) -> None:
        """Remove one."""
        self.collection.delete_one({"_id": key})

    @contextmanager
    def _alone(self, document: Mapping[str, Any]) -> Iterator[None]:
        """Raise Conflict if another person stores the same definition at this moment."""
        try:
            yield
        except DuplicateKeyError:
            raise Conflict(
                f"another {self.noun} is for the same {_words(document)}",
                hint=f"Change that {self.noun}, or delete it first.",
            ) from None

    def _check_alone(self, document: Mapping[str, Any], key: ObjectId | None = None) -> None:
        for other in self.stored():
            if other["_id"] != key and meant_for(other) == meant_for(document):
                raise Conflict(
                    f"{self.noun} {other['_id']} is for the same {_words(document)}",
                    hint=f"Change that {self.noun}, or delete it first.",
                )


def clique_types(inv: InventoryMgr) -> Definitions:
    """Return the store of the clique types that people defined."""
    return Definitions(inv, "clique_types", "clique type")


def clique_constraints(inv: InventoryMgr) -> Definitions:
    """Return the store of the constraints that people defined."""
    return Definitions(inv, "clique_constraints", "clique constraint")


def meant_for(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a definition is meant for: focal point type, environment and configuration.

    Two definitions of the same purpose conflict.
    """
    fields = ("focal_point_type", "environment", *CONFIGURATION, "environment_type")
    return tuple(str(document.get(field) or "") for field in fields)


def _marked(document: Mapping[str, Any]) -> Document:
    """Return the document in the form that is stored."""
    return {**encode(dict(document)), PURPOSE: json.dumps(meant_for(document))}


def in_force(stored: list[Document], of_file: list[Document]) -> list[Document]:
    """Return the stored definitions, then those of the file that no stored definition replaces."""
    taken = {meant_for(item) for item in stored}
    return [*stored, *(item for item in of_file if meant_for(item) not in taken)]


def file_key(document: Mapping[str, Any]) -> ObjectId:
    """Return a key for a definition of the file. It is derived, because no collection stores it."""
    return derived_key("file", *meant_for(document), str(document.get("name", "")))


def _words(document: Mapping[str, Any]) -> str:
    parts = [f"focal point type {document['focal_point_type']}"]
    parts += [
        f"{field.replace('_', ' ')} {document[field]}"
        for field in ("environment", *CONFIGURATION)
        if document.get(field)
    ]
    return ", ".join(parts)
