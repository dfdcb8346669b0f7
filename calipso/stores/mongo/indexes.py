"""Makes the indexes that the table of collections declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from calipso.model.collection_spec import Index
from calipso.model.collections import COLLECTIONS
from calipso.model.documents import Document
from calipso.settings import settings

#: Options that make two indexes of one name different.
OPTIONS = ("unique", "sparse", "expireAfterSeconds", "partialFilterExpression")

#: MongoDB's error codes: an index of that name, or on these fields, is there with other options.
CONFLICTS = (85, 86)


def index_models(name: str) -> list[IndexModel]:
    """Return the indexes of a collection, by its name in the table."""
    return [_model(index) for index in COLLECTIONS[name].indexes]


def ensure_indexes(collection: Collection[Document], name: str) -> None:
    """Make the indexes that are missing; `name` is that of the table.

    An index that expires by a setting is made again when the setting has changed.
    """
    models = index_models(name)
    if not models:
        return
    try:
        collection.create_indexes(models)
    except OperationFailure as error:
        by_setting = any(index.expire_after for index in COLLECTIONS[name].indexes)
        if error.code not in CONFLICTS or not by_setting:
            raise
        for model in models:
            make_index(collection, model)


def make_index(collection: Collection[Document], model: IndexModel) -> None:
    """Make an index. It replaces another index of its name or on its fields."""
    index = model.document
    there = collection.index_information()
    if index["name"] in there:
        if same_index(index, there[index["name"]]):
            return
        collection.drop_index(index["name"])
    try:
        collection.create_indexes([model])
    except OperationFailure as error:
        if error.code not in CONFLICTS:
            raise
        _drop_same_fields(collection, list(index["key"].items()))
        collection.create_indexes([model])


def same_index(index: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """True when an index of the database equals its declaration."""
    if list(index["key"].items()) != list(there["key"]):
        return False
    return all((index.get(name) or None) == (there.get(name) or None) for name in OPTIONS)


def _model(index: Index) -> IndexModel:
    options: Document = {"name": index.name}
    if index.unique:
        options["unique"] = True
    if index.sparse:
        options["sparse"] = True
    if index.expire_at:
        options["expireAfterSeconds"] = 0
    if index.expire_after:
        options["expireAfterSeconds"] = int(getattr(settings(), index.expire_after))
    return IndexModel([(field, ASCENDING) for field in index.fields], **options)


def _drop_same_fields(collection: Collection[Document], keys: list[tuple[str, Any]]) -> None:
    for name, there in collection.index_information().items():
        if name != "_id_" and list(there["key"]) == keys:
            collection.drop_index(name)
