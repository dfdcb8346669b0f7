"""InventoryMgr: reads and writes inventory, links and cliques.

Collections are named after the inventory collection: with `inventory_dev`, links are in
`links_dev`; with `RDO`, in `RDO_links`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from calipso.errors import ConfigError
from calipso.model.collections import of_inventories, stored_name
from calipso.model.documents import Document
from calipso.model.inventory import check_inventory_name, object_key
from calipso.model.owners import of_scan
from calipso.model.types import is_folder, linked_types
from calipso.settings import settings
from calipso.stores.inventory.generations import not_newer
from calipso.stores.mongo.embedded import guard
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.mongo.indexes import ensure_indexes
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.mongo.stretches import host_ids, id_ranges, source_ranges

Write = InsertOne[Document] | UpdateOne

#: MongoDB's error code for a duplicate key.
DUPLICATE = 11000

#: Collections of scans. A scan makes their indexes, besides those of its inventory.
OF_SCANS = ("scans", "scan_tasks", "coverage")


def known_inventories(database: Database[Document]) -> list[str]:
    """Return the inventory of the settings, and each inventory that was ever scanned."""
    names = {settings().inventory}
    for name in database["scans"].distinct("inventory"):
        try:
            names.add(check_inventory_name(str(name)))
        except ConfigError:  # a name that an earlier version allowed
            continue
    return sorted(names)


def types_without_folders(collection: Collection[Document], wanted: Document) -> list[str]:
    """Return the types of the stored objects that match, without the folders of the tree."""
    return sorted(name for name in collection.distinct("type", wanted) if not is_folder(name))


class InventoryMgr:
    """Reads and writes the collections that belong to one inventory name."""

    def __init__(
        self, inventory: str | None = None, database: Database[Document] | None = None
    ) -> None:
        self.inventory = check_inventory_name(inventory or settings().inventory)
        self._database = database

    @property
    def db(self) -> Database[Document]:
        """The database, opened at first use."""
        if self._database is None:
            return MongoAccess().db
        return self._database

    def collection_name(self, name: str) -> str:
        """Return the stored name of a logical collection: `links` -> `links_dev` for
        `inventory_dev`.
        """
        return stored_name(self.inventory, name)

    def collection(self, name: str) -> Collection[Document]:
        """Return the pymongo collection of a logical name."""
        return self.db[self.collection_name(name)]

    def ensure_indexes(self) -> None:
        """Create the indexes of the inventory and of scans; harmless when they exist."""
        for name in (*of_inventories(), *OF_SCANS):
            ensure_indexes(self.collection(name), name)

    def drop(self) -> None:
        """Drop the collections of this inventory. Collections that inventories share stay."""
        for name in of_inventories():
            self.collection(name).drop()

    # -- reading -----------------------------------------------------------------------

    def get_by_id(
        self, environment: str, item_id: str, object_type: str | None = None
    ) -> Document | None:
        """Return one object by its id, or None.

        Give the type if ids of several types may be equal.
        """
        query: Document = {"environment": environment, "id": str(item_id)}
        if object_type:
            query["type"] = object_type
        found = self.collection("inventory").find_one(query)
        return None if found is None else dict(decode(found))

    def find_items(self, query: Mapping[str, Any], fields: Iterable[str] = ()) -> list[Document]:
        """Return objects that match a MongoDB query; with `fields`, only these fields and `_id`."""
        projection = dict.fromkeys(fields, 1) or None
        cursor = self.collection("inventory").find(query, projection, batch_size=2000)
        return [decode(item) for item in cursor]

    def find(
        self, environment: str, object_type: str, fields: Iterable[str] = (), **more: Any
    ) -> list[Document]:
        """Return objects of one type in an environment; a list as value means any value in it.

        `more` may name the fields that an index has besides the type: `id` or `host`. For another
        field use `each` and compare yourself, see `stores.mongo.narrow`.
        """
        query: Document = {"environment": environment, "type": object_type}
        for key, value in more.items():
            query[key] = {"$in": list(value)} if isinstance(value, list | set | tuple) else value
        if more:
            return self.find_items(query, fields)
        return list(self.each(environment, object_type, fields))

    def each(
        self, environment: str, object_type: str, fields: Iterable[str] = ()
    ) -> Iterator[Document]:
        """Yield objects of one type; many objects are read in stretches."""
        query: Document = {"environment": environment, "type": object_type}
        wanted = list(fields)
        for stretch in id_ranges(host_ids(self.collection("inventory"), environment)):
            yield from self.find_items(query | stretch, wanted)

    def older_than(self, environment: str, generation: int) -> Iterator[ObjectId]:
        """Yield the `_id`s of objects that the scan of a generation did not find again.

        It reads stretches of ids and compares them here, see `stores.mongo.narrow`.
        """
        collection = self.collection("inventory")
        for stretch in id_ranges(host_ids(collection, environment)):
            query = {"environment": environment} | stretch
            for item in collection.find(query, {"generation": 1}, batch_size=5000):
                if item.get("generation", 0) < generation:
                    yield item["_id"]

    def keys_on_hosts(self, environment: str, hosts: Iterable[str]) -> Iterator[ObjectId]:
        """Yield the `_id`s of the objects that are parts of these hosts, and may have links."""
        wanted = {"$in": sorted(hosts)}
        for kind in linked_types():
            query = {"environment": environment, "type": kind, "host": wanted}
            yield from (
                item["_id"] for item in self.collection("inventory").find(query, {"_id": 1})
            )

    def get_by_ids(self, environment: str, object_type: str, ids: Iterable[str]) -> list[Document]:
        """Return objects of one type by their ids."""
        return self.find(environment, object_type, id=list(ids))

    def find_by_keys(
        self, keys: Iterable[ObjectId], fields: Iterable[str] = ()
    ) -> dict[ObjectId, Document]:
        """Return objects by `_id`, read in portions."""
        wanted = list(dict.fromkeys(keys))
        found: dict[ObjectId, Document] = {}
        for start in range(0, len(wanted), 1000):
            portion = {"_id": {"$in": wanted[start : start + 1000]}}
            found |= {item["_id"]: item for item in self.find_items(portion, fields)}
        return found

    def each_link(
        self, environment: str, link_types: Iterable[str], fields: Iterable[str]
    ) -> Iterator[Document]:
        """Yield stored links of these types, read in stretches."""
        collection = self.collection("links")
        hosts = host_ids(self.collection("inventory"), environment)
        parts = source_ranges(hosts)
        projection = dict.fromkeys(fields, 1)
        for link_type in sorted(set(link_types)):
            for part in parts:
                query: Document = {"environment": environment, "link_type": link_type}
                if part:
                    query["source"] = part
                yield from collection.find(query, projection, batch_size=5000)

    def links_at(self, keys: Iterable[ObjectId], fields: Iterable[str] = ()) -> list[Document]:
        """Return the links that have one of these objects as an end, each once.

        It makes two queries, because not every server uses indexes for `$or`.
        """
        links, projection = self.collection("links"), dict.fromkeys(fields, 1) or None
        wanted = list(dict.fromkeys(keys))
        found: dict[ObjectId, Document] = {}
        for start in range(0, len(wanted), 500):
            some = {"$in": wanted[start : start + 500]}
            for side in ("source", "target"):
                for link in links.find({side: some}, projection, batch_size=5000):
                    found[link["_id"]] = link
        return list(found.values())

    def find_all(self, name: str, query: Mapping[str, Any], **options: Any) -> list[Document]:
        """Return documents of a collection of this inventory, with decoded keys."""
        return [decode(item) for item in self.collection(name).find(query, **options)]

    # -- writing -----------------------------------------------------------------------

    def guard(self, condition: Document) -> Document:
        """Return a condition to add to writes by `_id`, see `stores.mongo.embedded.guard`."""
        return guard(condition)

    def set(self, item: Document) -> None:
        """Insert or update one object; the given fields replace the stored ones.

        Fields of other owners are not written: a caller that reads an object and writes it back
        must not undo what the owners wrote in between.
        """
        environment, object_type, object_id = item["environment"], item["type"], str(item["id"])
        fields = of_scan(item) | {"id": object_id}
        fields.pop("_id", None)
        fields.setdefault("name", object_id)
        self.collection("inventory").update_one(
            {"_id": object_key(environment, object_type, object_id)},
            {"$set": encode(fields)},
            upsert=True,
        )
        # no scan knows of this change: the next one finds all links and cliques again
        mine = {"_id": f"{self.inventory}/{environment}"}
        self.db["scan_generations"].update_one(mine, {"$unset": {"derived": ""}})

    def update_by_keys(
        self,
        name: str,
        keys: Sequence[ObjectId],
        update: Document,
        only: Mapping[str, Any] | None = None,
    ) -> None:
        """Apply one update to documents by `_id`, in portions; with `only`, to those that
        match it.
        """
        for start in range(0, len(keys), 1000):
            portion = {"_id": {"$in": list(keys[start : start + 1000])}}
            self.collection(name).update_many(portion | dict(only or {}), update)

    def delete_by_keys(
        self, name: str, keys: Sequence[ObjectId], only: Mapping[str, Any] | None = None
    ) -> None:
        """Delete documents by `_id`, in portions; with `only`, those that match it."""
        for start in range(0, len(keys), 1000):
            portion = {"_id": {"$in": list(keys[start : start + 1000])}}
            self.collection(name).delete_many(portion | dict(only or {}))

    def bulk(self, name: str, operations: Sequence[Write], size: int = 1000) -> None:
        """Run write operations, unordered, in portions.

        If another worker has just inserted the same document, the insert becomes an update.
        """
        collection = self.collection(name)
        for start in range(0, len(operations), size):
            portion = operations[start : start + size]
            try:
                collection.bulk_write(portion, ordered=False)
            except BulkWriteError as error:
                collection.bulk_write(self._as_updates(portion, error), ordered=False)

    def _as_updates(self, portion: Sequence[Write], error: BulkWriteError) -> list[Write]:
        """Return the inserts that failed on a stored document, as updates.

        Raises any other error.
        """
        problems = error.details["writeErrors"]
        late = [problem["index"] for problem in problems if problem["code"] == DUPLICATE]
        inserts = [portion[index] for index in late]
        if len(late) < len(problems) or not all(isinstance(item, InsertOne) for item in inserts):
            raise error
        return [self._late(item._doc) for item in inserts if isinstance(item, InsertOne)]

    def _late(self, document: Mapping[str, Any]) -> UpdateOne:
        """Return the update that replaces such an insert.

        A document that a later scan stamped stays.
        """
        fields = {key: value for key, value in document.items() if key != "_id"}
        key = {"_id": document["_id"]}
        if "generation" not in document:
            return UpdateOne(key, {"$set": fields}, upsert=True)
        mine = self.guard(not_newer(document["generation"]))
        return UpdateOne(key | mine, {"$set": fields})
