"""Sweep: what a scan did not find again is removed, or marked stale when it could not be read.

An object goes only if its own fetch (same node of the tree, same parent) succeeded in this
scan and did not list it, or if its parent went. Everything else stays, `stale_since` the
first scan that could not read it.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId

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
        """Remove and mark; `clear` removes all that was not found again.

        `below` limits it to an id_path and what is under it; with a slash at its end, to what is
        under it. Returns how many objects were removed and how many are stale.
        """
        candidates = self._candidates(below)
        self._judge(candidates, evidence, clear)
        writer = ObjectWriter(self.inv, self.environment, self.scan_id, record_changes=record)
        for item in self.removed:
            writer.note("removed", item, {})
        keys = [item["_id"] for item in self.removed]
        graph = GraphWriter(self.inv, self.environment, self.scan_id, record_changes=record)
        graph.drop_links_of(keys)
        self.inv.delete_by_keys("inventory", keys)
        self._mark_stale()
        return {"removed": len(self.removed), "stale": len(self.stale)}

    def _candidates(self, below: str) -> list[Document]:
        query: Document = {"environment": self.environment, "scan_id": {"$ne": self.scan_id}}
        if below.endswith("/"):
            query["id_path"] = prefix_range(below)
        elif below:
            query["$or"] = [{"id_path": below}, {"id_path": prefix_range(f"{below}/")}]
        fields = [*FIELDS, "stale_since"]
        return sorted(self.inv.find_items(query, fields), key=lambda item: len(item["id_path"]))

    def _judge(self, candidates: list[Document], evidence: Evidence, clear: bool) -> None:
        """Parents come before their children: paths are sorted by length."""
        removed_keys: set[ObjectId] = set()
        removed_paths: set[str] = set()
        for item in candidates:
            parent = (item.get("fetched_by") or {}).get("parent")
            above = item["id_path"].rpartition("/")[0]
            gone = (
                clear or evidence.covers(item) or parent in removed_keys or above in removed_paths
            )
            if gone:
                removed_keys.add(item["_id"])
                removed_paths.add(item["id_path"])
                self.removed.append(item)
            else:
                self.stale.append(item)

    def _mark_stale(self) -> None:
        fresh = [item["_id"] for item in self.stale if "stale_since" not in item]
        self.inv.update_by_keys("inventory", fresh, {"$set": {"stale_since": now()}})
