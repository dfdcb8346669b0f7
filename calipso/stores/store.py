"""Store: the common base of the stores, with a database and one collection in it."""

from __future__ import annotations

from typing import ClassVar

from pymongo.collection import Collection
from pymongo.database import Database

from calipso.model.documents import Document
from calipso.stores.mongo.indexes import ensure_indexes
from calipso.stores.mongo.mongo_access import MongoAccess


class Store:
    """Base of the stores of one collection that all inventories share."""

    #: Name of the collection in the table of collections.
    NAME: ClassVar[str]

    def __init__(self, database: Database[Document] | None = None) -> None:
        """Without `database`, the first use opens the database of the settings."""
        self._database = database

    @property
    def db(self) -> Database[Document]:
        """The database."""
        return MongoAccess().db if self._database is None else self._database

    @property
    def collection(self) -> Collection[Document]:
        """The collection."""
        return self.db[self.NAME]

    def ensure_indexes(self) -> None:
        """Make the indexes of the collection; harmless when they exist."""
        ensure_indexes(self.collection, self.NAME)
