"""PastInventory: an inventory as it was at a time, made of what is stored and of `changes`.

It reads the changes since that time, newest first, and undoes them. Readers use it like any
inventory; it writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection

from calipso.errors import ConfigError
from calipso.model.documents import Document
from calipso.model.inventory import link_key, object_key
from calipso.model.owners import STAMPS
from calipso.model.types import is_folder
from calipso.settings import settings
from calipso.stores.inventory.changes import stable
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.past_collection import PastCollection
from calipso.stores.inventory.undo import before
from calipso.stores.mongo.encoding import decode, encode
from calipso.utils.clock import now

#: Changes that are undone at once.
MOST = 300_000

#: Fields of which only the present value is known.
PRESENT = ("monitoring", "notes", "clique")

Over = dict[ObjectId, Document | None]


class PastInventory(InventoryMgr):
    """Reads an inventory as it was after the changes up to a time."""

    def __init__(self, inventory: str | None, at: datetime, *, whole: bool = True) -> None:
        """Raises ConfigError for a time that is to come, or that changes do not reach back to.

        With `whole` false, the second is raised when a reader asks for environments by name: who
        may not see an environment must not learn when it was scanned.
        """
        super().__init__(inventory)
        self.at = at
        if at > now() + timedelta(minutes=5):
            raise ConfigError(f"{at.isoformat()} is to come", hint="Give a time of the past.")
        begins = reaches_back(self)
        #: Environments whose changes do not reach back so far.
        self.unknown = {name: begin for name, begin in begins.items() if begin > at}
        if whole and not begins.keys() - self.unknown.keys():
            raise self.not_known(min(begins.values(), default=None))

    def not_known(self, begin: datetime | None) -> ConfigError:
        """Return the error for a time before this one."""
        since = "nothing was scanned yet" if begin is None else f"{begin:%Y-%m-%dT%H:%M:%SZ}"
        return ConfigError(
            f"the inventory of {self.at:%Y-%m-%dT%H:%M:%SZ} is not known; changes reach back to "
            f"{since}",
            hint="retention_days_changes says how long changes are kept.",
        )

    def collection(self, name: str) -> Collection[Document]:
        """Return a collection; objects, links and cliques are as they were."""
        stored = super().collection(name)
        if name not in ("inventory", "links", "cliques"):
            return stored
        over = {"inventory": self._objects, "links": self._links, "cliques": self._cliques}[name]
        found: Any = PastCollection(stored, over, self._clean, self._refuse)
        return found  # type: ignore[no-any-return]  # it has the methods that readers use

    @property
    def present(self) -> InventoryMgr:
        """The inventory as it is."""
        return InventoryMgr(self.inventory)

    @property
    def changed_objects(self) -> Over:
        """Objects that changed since: as they were (encoded); None: there was none."""
        return self._objects

    def _refuse(self, query: Mapping[str, Any]) -> Mapping[str, datetime]:
        """Environments to leave out. Raises ConfigError for a query about such ones only."""
        given = query.get("environment")
        names = given.get("$in", ()) if isinstance(given, Mapping) else [given] if given else ()
        if names and all(name in self.unknown for name in names):
            raise self.not_known(min(self.unknown[name] for name in names))
        return self.unknown

    # -- parts -------------------------------------------------------------------------

    @cached_property
    def _changes(self) -> dict[str, dict[ObjectId, list[Document]]]:
        """Changes since the time, by kind and `_id` of their subject, oldest first."""
        query = {"time": {"$gt": self.at}}
        cursor = super().collection("changes").find(query, limit=MOST + 1, batch_size=5000)
        changes = [decode(change) for change in cursor]
        if len(changes) > MOST:
            raise ConfigError(
                f"more than {MOST} changes since {self.at:%Y-%m-%d %H:%M}", hint="Ask for later."
            )
        # an object that a scan adds and completes has both changes at one time
        changes.sort(key=lambda item: (item["time"], item["change"] != "added"))
        found: dict[str, dict[ObjectId, list[Document]]] = {"object": {}, "link": {}}
        for change in changes:
            found[change["kind"]].setdefault(subject_key(change), []).append(change)
        return found

    @cached_property
    def _objects(self) -> Over:
        over = self._undone("inventory", self._changes["object"])
        return over | self._folders(over)

    @cached_property
    def _links(self) -> Over:
        return self._undone("links", self._changes["link"])

    @cached_property
    def _cliques(self) -> Over:
        """Cliques that were written since: the first version that ended after the time."""
        versions = super().collection("clique_versions").find({"until": {"$gt": self.at}})
        found: dict[ObjectId, Document] = {}
        for version in sorted(versions, key=lambda item: item["until"], reverse=True):
            found[version["clique"]] = version
        return {key: version["document"] for key, version in found.items()}

    def _undone(self, name: str, changes: Mapping[ObjectId, list[Document]]) -> Over:
        stored: dict[ObjectId, Document] = {}
        keys, collection = list(changes), super().collection(name)
        for start in range(0, len(keys), 1000):
            some = {"_id": {"$in": keys[start : start + 1000]}}
            stored |= {item["_id"]: decode(item) for item in collection.find(some)}
        over: Over = {}
        for key, several in changes.items():
            state = before(stored.get(key), several)
            over[key] = None if state is None else self._clean(encode(state | {"_id": key}))
        return over

    def _folders(self, over: Over) -> Over:
        """Folders of objects that are gone: they went with them, and have no changes."""
        wanted: dict[ObjectId, Document] = {}
        for item in over.values():
            if item is not None and is_folder(str(item.get("parent_type", ""))):
                folder = _folder_of(item)
                if folder is not None:
                    wanted[folder["_id"]] = folder
        keys, collection = list(wanted), super().collection("inventory")
        for start in range(0, len(keys), 1000):
            some = {"_id": {"$in": keys[start : start + 1000]}}
            for item in collection.find(some, {"_id": 1}):
                wanted.pop(item["_id"])
        return dict(wanted)

    def _clean(self, item: Document) -> Document:
        """A document without what is known of the present only."""
        if "type" in item:
            item = stable(item)
        later = item.get("last_scanned")
        drop = set(PRESENT)
        if later is not None and later > self.at:
            drop |= STAMPS
        stale = item.get("stale_since")
        if stale is not None and stale > self.at:
            drop.add("stale_since")
        return {name: value for name, value in item.items() if name not in drop}


def subject_key(change: Mapping[str, Any]) -> ObjectId:
    """Return the `_id` of the object or link that a change is about."""
    environment, kind = str(change["environment"]), str(change["type"])
    if change["kind"] == "object":
        return object_key(environment, kind, str(change["id"]))
    ends = kind.split("-")
    keys = [
        object_key(environment, end, str(change[f"{side}_id"]))
        for end, side in zip(ends, ("source", "target"), strict=False)
    ]
    return link_key(environment, kind, keys[0], keys[-1], str(change["name"]))


def _folder_of(item: Mapping[str, Any]) -> Document | None:
    """The folder that an object was in, from its path; None when the paths do not tell."""
    ids, names = str(item.get("id_path", "")).split("/"), str(item.get("name_path", "")).split("/")
    if len(ids) < 3 or len(ids) != len(names) or ids[-2] != item.get("parent_id"):
        return None
    environment, kind = str(item["environment"]), str(item["parent_type"])
    return {
        "_id": object_key(environment, kind, ids[-2]),
        "environment": environment,
        "type": kind,
        "id": ids[-2],
        "name": names[-2],
        "object_name": names[-2],
        **({"host": item["host"]} if item.get("host") else {}),
        "parent_id": ids[-3],
        "id_path": "/".join(ids[:-1]),
        "name_path": "/".join(names[:-1]),
        "show_in_tree": True,
    }


def reaches_back(inv: InventoryMgr) -> dict[str, datetime]:
    """Return how far back `changes` reach, by environment.

    Changes of an environment are recorded from the end of its first whole scan on, and kept for
    `retention_days_changes`.
    """
    done = {"inventory": inv.inventory, "status": {"$in": ["completed", "completed_with_errors"]}}
    found: dict[str, datetime] = {}
    for scan in inv.db["scans"].find(done, {"environment": 1, "end_timestamp": 1}):
        end, name = scan.get("end_timestamp"), str(scan["environment"])
        if end is not None:
            found[name] = min(end, found.get(name, end))
    days = settings().retention_days_changes
    kept = now() - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)
    changes = InventoryMgr(inv.inventory).collection("changes")
    for name, end in found.items():
        first = changes.find_one({"environment": name}, {"time": 1}, sort=[("time", 1)])
        found[name] = max(kept, min(end, first["time"]) if first else end)
    return found


def at_time(inventory: str | None, at: datetime | None) -> InventoryMgr:
    """Return an inventory as it is, or as it was at a time. Raises ConfigError."""
    return InventoryMgr(inventory) if at is None else PastInventory(inventory, at)


def only_objects(items: Iterable[Document | None], environment: str) -> Iterator[Document]:
    """Yield the documents of an environment among these, without folders."""
    for item in items:
        if item is not None and item["environment"] == environment and not is_folder(item["type"]):
            yield item
