"""Sweep: what a scan did not find again is removed, or marked stale when it could not be read.

An object goes only if its own fetch (same node of the tree, same parent) succeeded in this
scan and did not list it, or if its parent went. Everything else stays, `stale_since` the
first scan that could not read it. `clear` also removes what no fetch of the scan looks after
any more (a driver that was switched off, another tree), but nothing that could not be read.

All of it goes in stretches, and may be broken off and begun again: parents are judged before
their children and removed after them, so that a rerun comes to the same judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from bson import ObjectId

from calipso.model.inventory import object_key
from calipso.stores.inventory.generations import not_newer, older
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.inventory.scan_inventory import Evidence, is_at_or_below
from calipso.stores.mongo.driver import UpdateOne
from calipso.stores.mongo.stretches import STRETCH_HOSTS, prefix_range
from calipso.utils.clock import now

Document = dict[str, Any]

FIELDS = (
    "id",
    "type",
    "name",
    "host",
    "id_path",
    "parent_id",
    "parent_type",
    "fetched_by",
    "stale_since",
    "generation",
)

#: Objects that are looked at together.
STRETCH = 1000
KEY_BYTES = 12


class Sweeper:
    """Compares the inventory of one environment with what a scan read."""

    def __init__(
        self,
        inv: InventoryMgr,
        environment: str,
        scan_id: str,
        *,
        generation: int,
        record_changes: bool = True,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`alive` is called before each stretch; it raises when the scan went on without us."""
        self.inv = inv
        self.environment = environment
        self.generation = generation
        self.alive = alive
        options: Document = {"generation": generation, "record_changes": record_changes}
        self._objects = ObjectWriter(inv, environment, scan_id, **options)
        self._graph = GraphWriter(inv, environment, scan_id, **options)
        self._guard = inv.guard(not_newer(generation))
        self._gone: list[bytes] = []

    def judge(self, evidence: Evidence, *, below: str = "", clear: bool = False) -> dict[str, int]:
        """Mark what stays unread; returns how many objects are to be removed, how many are stale.

        `below` limits it to an id_path and what is under it; with a slash at its end, to what is
        under it: a scan of a part says nothing of objects there that it did not even try to read.
        `clear` removes all that was not found again and no failure explains.
        """
        removed, kept = _Fate(self.environment), _Fate(self.environment)
        self._gone = []
        for keys in _stretches(self._in_order(below)):
            self.alive()
            stale: list[Document] = []
            for item in self._read(keys):
                unread = evidence.lacks(item) or kept.has_parent_of(item)
                gone = evidence.covers(item) or removed.has_parent_of(item)
                if gone or (clear and not unread):
                    removed.add(item)
                    self._gone.append(item["_id"].binary)
                elif unread or not below:
                    kept.add(item)
                    stale.append(item)
            self._mark_stale(stale)
            self._follow_parents(stale)
        return {"removed": len(self._gone), "stale": len(kept)}

    def remove(self) -> None:
        """Remove what was judged to be gone, children before their parents."""
        for keys in _stretches(b"".join(reversed(self._gone))):
            self.alive()
            items = self._read(keys)
            self._objects.note_removed(items)
            self._graph.drop_links_of([item["_id"] for item in items])
            self.inv.delete_by_keys(
                "inventory", [item["_id"] for item in items], self.inv.guard(older(self.generation))
            )

    # -- parts -------------------------------------------------------------------------

    def _in_order(self, below: str) -> bytes:
        """Keys of what was not found again, shorter paths first: parents before their children."""
        lengths: dict[int, bytearray] = defaultdict(bytearray)
        for item in self._candidates(below):
            lengths[len(item["id_path"])] += item["_id"].binary
        return b"".join(lengths[length] for length in sorted(lengths))

    def _candidates(self, below: str) -> Iterator[Document]:
        found = self._under(below) if below and not self._is_large(below) else self._older()
        return (item for item in found if is_at_or_below(item["id_path"], below))

    def _is_large(self, below: str) -> bool:
        """True for a part with many hosts: better taken out of the whole, read in stretches."""
        places = (host["id_path"] for host in self.inv.find(self.environment, "host", ["id_path"]))
        return sum(is_at_or_below(place, below) for place in places) > STRETCH_HOSTS

    def _under(self, below: str) -> Iterator[Document]:
        for item in self.inv.find_items(self._query(below), ["id_path", "generation"]):
            if item.get("generation", 0) < self.generation:
                yield item

    def _older(self) -> Iterator[Document]:
        keys = self.inv.older_than(self.environment, self.generation)
        while stretch := list(islice(keys, STRETCH)):
            yield from self.inv.find_by_keys(stretch, ["id_path"]).values()

    def _query(self, below: str) -> Document:
        """A place of the tree and what is under it, and maybe its neighbours."""
        return {"environment": self.environment, "id_path": prefix_range(below)}

    def _read(self, keys: list[ObjectId]) -> list[Document]:
        """The objects of these keys that no other scan has stamped meanwhile, in their order."""
        found = self.inv.find_by_keys(keys, FIELDS)
        items = [found[key] for key in keys if key in found]
        return [item for item in items if item.get("generation", 0) < self.generation]

    def _mark_stale(self, stale: list[Document]) -> None:
        fresh = [item["_id"] for item in stale if "stale_since" not in item]
        marked = {"$set": {"stale_since": now()}}
        self.inv.update_by_keys("inventory", fresh, marked, self._guard)

    def _follow_parents(self, stale: list[Document]) -> None:
        """What stayed unread moves with its parent: a host may be in another zone by now."""
        found = {item["_id"]: _parent_key(self.environment, item) for item in stale}
        above = {key: parent for key, parent in found.items() if parent is not None}
        places = self.inv.find_by_keys(above.values(), ["id_path", "name_path"])
        moves: list[UpdateOne] = []
        for item in stale:
            place = places.get(above[item["_id"]]) if item["_id"] in above else None
            if place is None or item["id_path"] == f"{place['id_path']}/{item['id']}":
                continue
            now_at = {
                "id_path": f"{place['id_path']}/{item['id']}",
                "name_path": f"{place['name_path']}/{item['name']}",
            }
            places[item["_id"]] = now_at
            moves.append(UpdateOne({"_id": item["_id"]} | self._guard, {"$set": now_at}))
        self.inv.bulk("inventory", moves)


class _Fate:
    """Objects that share a fate, to be asked whether the parent of another one is among them."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._keys: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, item: Document) -> None:
        self._keys.add(item["_id"].binary)

    def has_parent_of(self, item: Document) -> bool:
        """True when one of them is the parent, in the tree or of the fetch that found it."""
        found_below = (item.get("fetched_by") or {}).get("parent")
        if found_below is not None and found_below.binary in self._keys:
            return True
        parent = _parent_key(self._environment, item)
        return parent is not None and parent.binary in self._keys


def _parent_key(environment: str, item: Document) -> ObjectId | None:
    if not item.get("parent_id"):
        return None
    return object_key(environment, item["parent_type"], item["parent_id"])


def _stretches(keys: bytes) -> Iterator[list[ObjectId]]:
    """Keys that stand one after the other (12 bytes each: there may be many), in stretches."""
    size = STRETCH * KEY_BYTES
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        yield [ObjectId(part[at : at + KEY_BYTES]) for at in range(0, len(part), KEY_BYTES)]
