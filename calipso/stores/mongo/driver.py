"""The names of the MongoDB driver for layers above the stores, which do not import pymongo."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, ReplaceOne, UpdateOne
from pymongo import timeout as time_limit
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError as DuplicateKey
from pymongo.errors import PyMongoError as StoreFailure

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "Collection",
    "DuplicateKey",
    "ReplaceOne",
    "StoreFailure",
    "UpdateOne",
    "time_limit",
]
