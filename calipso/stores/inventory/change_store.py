"""ChangeStore: reads the changes that scans recorded (added, changed, removed), newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.stretches import prefix_range


class ChangeStore:
    """Makes conditions on the changes of one inventory. Each condition fits an index."""

    def __init__(self, inv: InventoryMgr) -> None:
        self.inv = inv
        self.changes = inv.collection("changes")

    def scans_between(self, environment: str, first: str, last: str | None) -> list[str]:
        """Return the ids of the scans after scan `first` up to scan `last`, or up to the newest.

        The changes of these scans are the difference between the results of `first` and `last`.
        Raises NotFound for a scan of another environment or inventory, ConfigError if `last` is
        older than `first`.
        """
        since = self._scan(environment, first)["submit_timestamp"]
        wanted: Document = {"$gt": since}
        if last is not None:
            wanted["$lte"] = self._scan(environment, last)["submit_timestamp"]
            if wanted["$lte"] < since:
                raise ConfigError(
                    f"scan {last} was before scan {first}",
                    hint="Give the older scan as from_scan.",
                )
        query = {
            "environment": environment,
            "inventory": self.inv.inventory,
            "submit_timestamp": wanted,
        }
        return [str(scan["_id"]) for scan in self.inv.db["scans"].find(query, {"_id": 1})]

    def _scan(self, environment: str, scan_id: str) -> Document:
        wanted = {"environment": environment, "inventory": self.inv.inventory}
        found = self.inv.db["scans"].find_one({"_id": scan_id} | wanted, {"submit_timestamp": 1})
        if found is None:
            raise NotFound(
                f"no scan {scan_id} of {environment}",
                hint="Scans are kept for a while; GET /api/v1/scans lists them.",
            )
        return dict(found)

    def of_objects(
        self, environment: str, objects: Iterable[Mapping[str, Any]]
    ) -> Iterator[Document]:
        """Yield conditions for the changes of these objects; each object needs `type` and `id`."""
        by_type: dict[str, set[str]] = {}
        for item in objects:
            by_type.setdefault(str(item["type"]), set()).add(str(item["id"]))
        for kind, ids in sorted(by_type.items()):
            wanted = sorted(ids)
            for start in range(0, len(wanted), 500):
                some = {"$in": wanted[start : start + 500]}
                yield {"environment": environment, "type": kind, "id": some}

    def of_links(
        self, environment: str, item: Mapping[str, Any], link_types: Iterable[str]
    ) -> Iterator[Document]:
        """Yield conditions for the changes of the links of an object, including removed links.

        The id of such a change contains the ids of both ends: `<source id> -> <target id>
        [<name>]`.
        """
        kind, item_id = str(item["type"]), str(item["id"])
        for link_type in sorted(set(link_types)):
            source, _, target = link_type.partition("-")
            own = {"environment": environment, "type": link_type}
            if source == kind:
                yield own | {"id": prefix_range(f"{item_id} -> ")}
            if target == kind:
                yield own | {"target_id": item_id}


def link_subject(link: Mapping[str, Any]) -> Document:
    """Return the type and the id of the changes of a link."""
    name = f"{link['source_id']} -> {link['target_id']} [{link['link_name']}]"
    return {"type": link["link_type"], "id": name}


def within(since: datetime | None, until: datetime | None) -> Document:
    """Return a condition on `time`: at or after one time, and at or before another."""
    limits: Document = {}
    if since is not None:
        limits["$gte"] = since
    if until is not None:
        limits["$lte"] = until
    return {"time": limits} if limits else {}
