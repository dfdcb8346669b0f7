"""Sweep: what a scan did not find again is removed, or marked stale when it could not be read.

An object goes only if its own fetch (same node of the tree, same parent) succeeded in this
scan and did not list it, or if its parent went. Everything else stays, `stale_since` the
first scan that could not read it. `clear` also removes what no fetch of the scan looks after
any more (a driver that was switched off, another tree), but nothing that could not be read.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from calipso.model.inventory import object_key
from calipso.utils.graph_writer import GraphWriter
from calipso.utils.inventory_mgr import InventoryMgr, prefix_range
from calipso.utils.object_writer import ObjectWriter
from calipso.utils.scan_inventory import Evidence
from calipso.utils.scan_store import now

Document = dict[str, Any]

FIELDS = ("id", "type", "name", "host", "id_path", "parent_id", "parent_type", "fetched_by")


class Sweeper:
    """Compares the inventory of one environment with what a scan read."""

    def __init__(self, inv: InventoryMgr, environment: str, scan_id: str) -> None:
        self.inv = inv
        self.environment = environment
        self.scan_id = scan_id
        self.removed: list[Document] = []
        self.stale: list[Document] = []

    def run(
        self, evidence: Evidence, *, below: str = "", clear: bool = False, record: bool = True
    ) -> dict[str, int]:
        """Remove and mark; `clear` removes all that was not found again and no failure explains.

        `below` limits it to an id_path and what is under it; with a slash at its end, to what is
        under it. Returns how many objects were removed and how many are stale.
        """
        candidates = self._candidates(below)
        self._judge(candidates, evidence, clear=clear, whole=not below)
        writer = ObjectWriter(self.inv, self.environment, self.scan_id, record_changes=record)
        for item in self.removed:
            writer.note("removed", item, {})
        keys = [item["_id"] for item in self.removed]
        graph = GraphWriter(self.inv, self.environment, self.scan_id, record_changes=record)
        graph.drop_links_of(keys)
        self.inv.delete_by_keys("inventory", keys)
        self._mark_stale()
        self._follow_parents()
        return {"removed": len(self.removed), "stale": len(self.stale)}

    def _candidates(self, below: str) -> list[Document]:
        fields = [*FIELDS, "stale_since"]
        if below:
            found = self.inv.find_items(self._query(below), fields)
        else:
            keys = self.inv.not_of_scan(self.environment, self.scan_id)
            found = [*self.inv.find_by_keys(keys, fields).values()]
        return sorted(found, key=lambda item: len(item["id_path"]))

    def _query(self, below: str) -> Document:
        query: Document = {"environment": self.environment, "scan_id": {"$ne": self.scan_id}}
        if below.endswith("/"):
            return query | {"id_path": prefix_range(below)}
        return query | {"$or": [{"id_path": below}, {"id_path": prefix_range(f"{below}/")}]}

    def _judge(
        self, candidates: list[Document], evidence: Evidence, *, clear: bool, whole: bool
    ) -> None:
        """Parents come before their children: paths are sorted by length.

        A scan of a part says nothing of objects there that it did not even try to read.
        """
        removed, kept = _Places(), _Places()
        for item in candidates:
            unread = evidence.lacks(item) or kept.have_above(item)
            gone = evidence.covers(item) or removed.have_above(item) or (clear and not unread)
            if gone:
                removed.add(item)
                self.removed.append(item)
            elif whole or unread:
                kept.add(item)
                self.stale.append(item)

    def _mark_stale(self) -> None:
        fresh = [item["_id"] for item in self.stale if "stale_since" not in item]
        self.inv.update_by_keys("inventory", fresh, {"$set": {"stale_since": now()}})

    def _follow_parents(self) -> None:
        """What stayed unread moves with its parent: a host may be in another zone by now."""
        above = {
            item["_id"]: object_key(self.environment, item["parent_type"], item["parent_id"])
            for item in self.stale
            if item.get("parent_id")
        }
        fields = ["id_path", "name_path"]
        places = self.inv.find_by_keys(above.values(), fields)
        moves: list[UpdateOne] = []
        for item in self.stale:
            place = places.get(above[item["_id"]]) if item["_id"] in above else None
            if place is None or item["id_path"] == f"{place['id_path']}/{item['id']}":
                continue
            now_at = {
                "id_path": f"{place['id_path']}/{item['id']}",
                "name_path": f"{place['name_path']}/{item['name']}",
            }
            places[item["_id"]] = now_at
            moves.append(UpdateOne({"_id": item["_id"]}, {"$set": now_at}))
        self.inv.bulk("inventory", moves)


class _Places:
    """Objects that share a fate, to be asked whether another one lies below them."""

    def __init__(self) -> None:
        self._keys: set[ObjectId] = set()
        self._paths: set[str] = set()

    def add(self, item: Document) -> None:
        self._keys.add(item["_id"])
        self._paths.add(item["id_path"])

    def have_above(self, item: Document) -> bool:
        """True when one of them is the parent, in the tree or of the fetch that found it."""
        found_below = (item.get("fetched_by") or {}).get("parent")
        return found_below in self._keys or item["id_path"].rpartition("/")[0] in self._paths
