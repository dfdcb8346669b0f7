"""Sweep: what a scan did not find again is removed, or marked stale when it could not be read.

An object goes when its own fetch (same scanner, fetcher and parent) succeeded in this scan and
did not list it. It also goes with the parent of its fetch, or with its parent in the tree,
unless its own fetch failed. An object that hangs elsewhere than below the parent of its fetch may
be listed for another parent now: it stays when the same fetcher failed for another parent.
Everything else stays, with `stale_since`, the first scan that could not read it. What stays while
its parent in the tree goes is hung on the nearest ancestor that stays; the next scan that can
read it puts it where it belongs. `clear` also removes what no fetch of the scan looks after any
more (a driver that was switched off, another tree), but nothing that could not be read.

The sweep works in stretches. It may be broken off and begun again: parents are judged before
their children and removed after them, so that a rerun comes to the same judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice

from bson import ObjectId

from calipso.discover.engine.hanging import Hanger
from calipso.discover.engine.judgement import Judgement, Verdict
from calipso.model.documents import Document
from calipso.stores.inventory.generations import not_newer, older
from calipso.stores.inventory.graph_writer import GraphWriter
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.object_writer import ObjectWriter
from calipso.stores.inventory.scan_inventory import Evidence, Places, is_at_or_below
from calipso.stores.inventory.scan_writer import WriterOptions
from calipso.stores.inventory.touched import Touched
from calipso.stores.mongo.stretches import STRETCH_HOSTS, prefix_range
from calipso.utils.clock import now

FIELDS = (
    "id",
    "type",
    "name",
    "host",
    "id_path",
    "name_path",
    "parent_id",
    "parent_type",
    "fetched_by",
    "stale_since",
    "generation",
    # what links depend on
    "binding:host_id",
    "binding:profile",
    "device_id",
    "device_owner",
    "region",
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
        options: WriterOptions = {"generation": generation, "record_changes": record_changes}
        self._objects = ObjectWriter(inv, environment, scan_id, **options)
        self._graph = GraphWriter(inv, environment, scan_id, **options)
        self._guard = inv.guard(not_newer(generation))
        self._begin(Judgement(environment, Evidence(frozenset(), frozenset())))

    @property
    def touched(self) -> Touched:
        """What was removed or marked stale, and which links went."""
        objects = self._objects.touched
        objects.add(self._graph.touched.as_document())
        return objects

    def judge(
        self, evidence: Evidence, *, below: Places = "", clear: bool = False
    ) -> dict[str, int]:
        """Mark what stays unread; returns how many objects are to be removed, how many are stale.

        `below` limits it to an id_path (or several) and what is under it; with a slash at its end,
        to what is under it: a scan of a part says nothing of objects there that it did not even
        try to read.
        `clear` removes all that was not found again and no failure explains.
        """
        judgement = Judgement(self.environment, evidence, clear=clear, whole=not below)
        self._begin(judgement)
        waiting = self._in_order(below)
        judgement.expect(waiting)
        while waiting:
            postponed: list[bytes] = []
            for keys in _stretches(waiting):
                self.alive()
                postponed += self._judge_stretch(keys)
            if len(postponed) * KEY_BYTES == len(waiting):  # parents that wait for each other
                judgement.expect(b"")
            waiting = b"".join(postponed)
        return {"removed": len(self._gone), "stale": len(judgement.kept)}

    def remove(self) -> None:
        """Remove what was judged to be gone, children before their parents.

        An object that this scan found below one of them is hung elsewhere first.
        """
        for keys in _stretches(b"".join(reversed(self._gone))):
            self.alive()
            items = self._read(keys)
            self._hanger.rescue_children(items)
            self._objects.note_removed(items)
            self._graph.drop_links_of(items)
            self.inv.delete_by_keys(
                "inventory", [item["_id"] for item in items], self.inv.guard(older(self.generation))
            )

    # -- parts -------------------------------------------------------------------------

    def _begin(self, judgement: Judgement) -> None:
        self._judgement = judgement
        self._hanger = Hanger(self.inv, self.environment, judgement.removed, self._guard)
        self._gone: list[bytes] = []

    def _judge_stretch(self, keys: list[ObjectId]) -> list[bytes]:
        """Judge these objects; returns those that wait for the judgement on a parent of theirs."""
        judgement, stale, postponed = self._judgement, list[Document](), list[bytes]()
        found = self._read(keys)
        judgement.know_parents(self.inv, found)
        for item in found:
            if judgement.must_wait(item):
                postponed.append(item["_id"].binary)
                continue
            verdict = judgement.on(item)
            if verdict is Verdict.REMOVE:
                self._gone.append(item["_id"].binary)
            elif verdict is Verdict.STALE:
                stale.append(item)
        read = {item["_id"] for item in found}
        judgement.give_up(key for key in keys if key not in read)
        self._mark_stale(stale)
        self._hanger.hang(stale)
        return postponed

    def _in_order(self, below: Places) -> bytes:
        """Keys of what was not found again, shorter paths first: parents mostly come first."""
        lengths: dict[int, bytearray] = defaultdict(bytearray)
        for item in self._candidates(below):
            lengths[len(item["id_path"])] += item["_id"].binary
        return b"".join(lengths[length] for length in sorted(lengths))

    def _candidates(self, below: Places) -> Iterator[Document]:
        found = self._under(below) if below and not self._is_large(below) else self._older()
        return (item for item in found if is_at_or_below(item["id_path"], below))

    def _is_large(self, below: Places) -> bool:
        """True for a part with many hosts: better taken out of the whole, read in stretches."""
        places = (host["id_path"] for host in self.inv.find(self.environment, "host", ["id_path"]))
        return sum(is_at_or_below(place, below) for place in places) > STRETCH_HOSTS

    def _under(self, below: Places) -> Iterator[Document]:
        seen: set[ObjectId] = set()
        for place in (below,) if isinstance(below, str) else below:
            for item in self.inv.find_items(self._query(place), ["id_path", "generation"]):
                if item.get("generation", 0) < self.generation and item["_id"] not in seen:
                    seen.add(item["_id"])
                    yield item

    def _older(self) -> Iterator[Document]:
        keys = self.inv.older_than(self.environment, self.generation)
        while stretch := list(islice(keys, STRETCH)):
            yield from self.inv.find_by_keys(stretch, ["id_path"]).values()

    def _query(self, below: str) -> Document:
        """A place of the tree and what is under it, and maybe its neighbours."""
        return {"environment": self.environment, "id_path": prefix_range(below)}

    def _read(self, keys: list[ObjectId]) -> list[Document]:
        """The objects of these keys that no other scan has stamped since, in their order."""
        found = self.inv.find_by_keys(keys, FIELDS)
        items = [found[key] for key in keys if key in found]
        return [item for item in items if item.get("generation", 0) < self.generation]

    def _mark_stale(self, stale: list[Document]) -> None:
        fresh = [item["_id"] for item in stale if "stale_since" not in item]
        for item in stale:
            if "stale_since" not in item:
                self._objects.touched.note(item, None)
        marked = {"$set": {"stale_since": now()}}
        self.inv.update_by_keys("inventory", fresh, marked, self._guard)


def _stretches(keys: bytes) -> Iterator[list[ObjectId]]:
    """Keys that stand one after the other (12 bytes each: there may be many), in stretches."""
    size = STRETCH * KEY_BYTES
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        yield [ObjectId(part[at : at + KEY_BYTES]) for at in range(0, len(part), KEY_BYTES)]
