"""InventoryMgr: every read and write of inventory, links and cliques.

Collections are named after the inventory collection: with `inventory_dev`, links are in
`links_dev`; with `RDO`, in `RDO_links`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from calipso.model.inventory import check_inventory_name, object_key
from calipso.settings import settings
from calipso.stores.inventory.generations import not_newer
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.mongo.mongo_access import MongoAccess

Document = dict[str, Any]
Write = InsertOne[Document] | UpdateOne

#: MongoDB's error code for a key that exists.
DUPLICATE = 11000

#: Collections that keep their name whatever the inventory is called.
PLAIN = frozenset(
    {
        "answers",
        "constants",
        "coverage",
        "environments_config",
        "messages",
        "queue_order",
        "scan_generations",
        "scan_locks",
        "scan_tasks",
        "scans",
        "scheduled_scans",
        "workers",
    }
)

#: From how many hosts on long lists are read in stretches, of so many hosts each: a server may put
#: a whole answer together in memory before it sends the first of it.
STRETCH_HOSTS = 100

#: Links that are compared together.
STRETCH_LINKS = 10_000

#: The last character of Unicode: end of a range that starts with a prefix.
HIGHEST = "\U0010ffff"


def _index(*keys: str, unique: bool = False) -> IndexModel:
    name = "_".join(keys).replace(".", "_")
    return IndexModel([(key, ASCENDING) for key in keys], unique=unique, name=name)


INDEXES = {
    "inventory": [
        _index("environment", "type", "id", unique=True),
        _index("environment", "id"),
        _index("environment", "parent_id"),
        _index("environment", "id_path"),
        _index("environment", "type", "host"),
    ],
    "links": [
        _index("environment", "link_type", "source", "target", "link_name", unique=True),
        _index("source"),
        _index("target"),
        _index("environment", "finder", "_id"),
    ],
    "cliques": [
        _index("environment", "clique_type", "focal_point", unique=True),
        _index("environment", "focal_point_id"),
    ],
    "changes": [
        _index("environment", "scan_id"),
        _index("environment", "type", "id"),
        _index("environment", "type", "target_id"),
        _index("environment", "time"),
    ],
    "scans": [_index("status"), _index("environment", "status"), _index("submit_timestamp")],
    "scan_tasks": [_index("scan_id", "level", "done")],
    "coverage": [_index("scan_id", "host")],
}


def prefix_range(prefix: str) -> Document:
    """Query value that matches strings with this prefix, by index and without a regex."""
    return {"$gte": prefix, "$lt": prefix + HIGHEST}


def key_ranges(number: int) -> list[Document]:
    """Conditions on an ObjectId that cut derived keys into so many even pieces; one: no limit.

    Ours are hashes, so each piece holds about as many.
    """
    step = 0x10000 / number
    marks = [ObjectId(f"{round(step * part):04x}{'0' * 20}") for part in range(1, number)]
    if not marks:
        return [{}]
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"$lt": marks[0]}, *between, {"$gte": marks[-1]}]


def host_ids(inventory: Collection[Document], environment: str) -> list[str]:
    """Ids of the hosts of an environment, in order."""
    found = inventory.find({"environment": environment, "type": "host"}, {"id": 1})
    return sorted(str(host["id"]) for host in found)


def id_ranges(hosts: Sequence[str]) -> list[Document]:
    """Conditions that cut the ids of an environment with these hosts into pieces; one if small.

    Ids begin with the host of an object, or are UUIDs. Together the pieces hold all there is,
    whatever ids look like; only their sizes depend on it.
    """
    if len(hosts) <= STRETCH_HOSTS:
        return [{}]
    marks = sorted({*"123456789abcdef", *hosts[::STRETCH_HOSTS]})
    between = [{"$gte": low, "$lt": high} for low, high in pairwise(marks)]
    return [{"id": part} for part in ({"$lt": marks[0]}, *between, {"$gte": marks[-1]})]


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
        """Stored name of a logical collection: `links` -> `links_dev` for `inventory_dev`."""
        if name in PLAIN or name == "inventory":
            return self.inventory if name == "inventory" else name
        if self.inventory.startswith("inventory"):
            return name + self.inventory.removeprefix("inventory")
        return f"{self.inventory}_{name}"

    def collection(self, name: str) -> Collection[Document]:
        """The pymongo collection of a logical name."""
        return self.db[self.collection_name(name)]

    def ensure_indexes(self) -> None:
        """Create the indexes; harmless when they exist."""
        for name, indexes in INDEXES.items():
            self.collection(name).create_indexes(indexes)

    # -- reading -----------------------------------------------------------------------

    def get_by_id(
        self, environment: str, item_id: str, object_type: str | None = None
    ) -> Document | None:
        """One object by its id; say the type where ids of several types may be equal."""
        query: Document = {"environment": environment, "id": str(item_id)}
        if object_type:
            query["type"] = object_type
        found = self.collection("inventory").find_one(query)
        return None if found is None else dict(decode(found))

    def find_items(self, query: Mapping[str, Any], fields: Iterable[str] = ()) -> list[Document]:
        """Objects that match a MongoDB query; with `fields`, only these and `_id`."""
        projection = dict.fromkeys(fields, 1) or None
        cursor = self.collection("inventory").find(query, projection, batch_size=2000)
        return [decode(item) for item in cursor]

    def find(
        self, environment: str, object_type: str, fields: Iterable[str] = (), **more: Any
    ) -> list[Document]:
        """Objects of one type in an environment; a list as value means any of it.

        `more` is for what an index has beside the type, `id` or `host`: for another field the
        embedded store puts the whole inventory together. Take `each` and look at it yourself.
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
        """Objects of one type, one after the other; read in stretches when there are many."""
        query: Document = {"environment": environment, "type": object_type}
        wanted = list(fields)
        for stretch in id_ranges(host_ids(self.collection("inventory"), environment)):
            yield from self.find_items(query | stretch, wanted)

    def older_than(self, environment: str, generation: int) -> Iterator[ObjectId]:
        """`_id`s of the objects that the scan of a generation did not find again.

        Read in stretches of ids and compared here: the embedded store would put all objects
        together in memory to look at a field that its index does not have.
        """
        collection = self.collection("inventory")
        for stretch in id_ranges(host_ids(collection, environment)):
            query = {"environment": environment} | stretch
            for item in collection.find(query, {"generation": 1}, batch_size=5000):
                if item.get("generation", 0) < generation:
                    yield item["_id"]

    def get_by_ids(self, environment: str, object_type: str, ids: Iterable[str]) -> list[Document]:
        """Objects of one type by their ids."""
        return self.find(environment, object_type, id=list(ids))

    def find_by_keys(
        self, keys: Iterable[ObjectId], fields: Iterable[str] = ()
    ) -> dict[ObjectId, Document]:
        """Objects by `_id`, read in portions."""
        wanted = list(dict.fromkeys(keys))
        found: dict[ObjectId, Document] = {}
        for start in range(0, len(wanted), 1000):
            portion = {"_id": {"$in": wanted[start : start + 1000]}}
            found |= {item["_id"]: item for item in self.find_items(portion, fields)}
        return found

    def each_link(
        self, environment: str, link_types: Iterable[str], fields: Iterable[str]
    ) -> Iterator[Document]:
        """Links of these types, as stored, read in stretches."""
        collection = self.collection("links")
        hosts = host_ids(self.collection("inventory"), environment)
        parts = key_ranges(len(hosts) // STRETCH_HOSTS + 1)
        projection = dict.fromkeys(fields, 1)
        for link_type in sorted(set(link_types)):
            for part in parts:
                query: Document = {"environment": environment, "link_type": link_type}
                if part:
                    query["source"] = part
                yield from collection.find(query, projection, batch_size=5000)

    def find_all(self, name: str, query: Mapping[str, Any], **options: Any) -> list[Document]:
        """Documents of any collection of this inventory, keys decoded."""
        return [decode(item) for item in self.collection(name).find(query, **options)]

    # -- writing -----------------------------------------------------------------------

    def guard(self, condition: Document) -> Document:
        """The condition, to be added to writes by `_id`; nothing with the embedded store.

        That one looks a key up only when nothing else is asked: an update among 40,000 documents
        took 57 ms with a second field and 2.7 without. Who writes there looks before it writes.
        """
        return {} if MongoAccess().embedded else condition

    def set(self, item: Document) -> None:
        """Insert or update one object; the given fields replace the stored ones."""
        environment, object_type, object_id = item["environment"], item["type"], str(item["id"])
        fields = {key: value for key, value in item.items() if key != "_id"} | {"id": object_id}
        fields.setdefault("name", object_id)
        self.collection("inventory").update_one(
            {"_id": object_key(environment, object_type, object_id)},
            {"$set": encode(fields)},
            upsert=True,
        )

    def delete(self, name: str, query: Mapping[str, Any]) -> int:
        """Delete documents of a collection; returns how many."""
        if not query.get("environment") and name not in PLAIN:
            raise ValueError(f"{name}: name the environment to delete in")
        return self.collection(name).delete_many(query).deleted_count

    def update_by_keys(
        self,
        name: str,
        keys: Sequence[ObjectId],
        update: Document,
        only: Mapping[str, Any] | None = None,
    ) -> None:
        """Apply one update to documents by `_id`, in portions; `only` to those that match."""
        for start in range(0, len(keys), 1000):
            portion = {"_id": {"$in": list(keys[start : start + 1000])}}
            self.collection(name).update_many(portion | dict(only or {}), update)

    def delete_by_keys(
        self, name: str, keys: Sequence[ObjectId], only: Mapping[str, Any] | None = None
    ) -> None:
        """Delete documents by `_id`, in portions; `only` those that match."""
        for start in range(0, len(keys), 1000):
            portion = {"_id": {"$in": list(keys[start : start + 1000])}}
            self.collection(name).delete_many(portion | dict(only or {}))

    def bulk(self, name: str, operations: Sequence[Write], size: int = 1000) -> None:
        """Run write operations, unordered, in portions the embedded store likes.

        An insert that meets a document somebody else just wrote becomes an update of it.
        """
        collection = self.collection(name)
        for start in range(0, len(operations), size):
            portion = operations[start : start + size]
            try:
                collection.bulk_write(portion, ordered=False)
            except BulkWriteError as error:
                collection.bulk_write(self._as_updates(portion, error), ordered=False)

    def _as_updates(self, portion: Sequence[Write], error: BulkWriteError) -> list[Write]:
        """The inserts of a portion that were too late, as updates. Raises other errors again."""
        problems = error.details["writeErrors"]
        late = [problem["index"] for problem in problems if problem["code"] == DUPLICATE]
        inserts = [portion[index] for index in late]
        if len(late) < len(problems) or not all(isinstance(item, InsertOne) for item in inserts):
            raise error
        return [self._late(item._doc) for item in inserts if isinstance(item, InsertOne)]

    def _late(self, document: Mapping[str, Any]) -> UpdateOne:
        """The update for an insert that was too late; what a later scan has stamped stays."""
        fields = {key: value for key, value in document.items() if key != "_id"}
        key = {"_id": document["_id"]}
        if "generation" not in document:
            return UpdateOne(key, {"$set": fields}, upsert=True)
        mine = self.guard(not_newer(document["generation"]))
        return UpdateOne(key | mine, {"$set": fields})
