"""SilenceStore: objects, alone or with all below them, of which nobody wants to hear for a while;
and acknowledgements of single statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from bson import ObjectId

from calipso.errors import NotFound
from calipso.model.documents import Document
from calipso.model.monitoring import Value
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.monitoring.status_store import TROUBLES
from calipso.stores.store import Store
from calipso.utils.clock import now


class SilenceStore(Store):
    """One document a silence."""

    NAME: ClassVar[str] = "monitoring_silences"

    def __init__(self, inv: InventoryMgr) -> None:
        super().__init__(inv.db)
        self.inv = inv

    def add(
        self, item: Mapping[str, Any], *, below: bool, until: datetime, who: str, why: str
    ) -> Document:
        """Silence an object or link; `below`: also all objects below it. Returns the silence."""
        silence: Document = {
            "_id": ObjectId(),
            "environment": item["environment"],
            "target": item["_id"],
            "type": item.get("type") or item.get("link_type"),
            "id": item.get("id") or f"{item.get('source_id')} -> {item.get('target_id')}",
            "below": below,
            "id_path": item.get("id_path", ""),
            "until": until,
            "who": who,
            "why": why,
            "created": now(),
        }
        self.collection.insert_one(silence)
        self._mark(silence, until)
        return silence

    def remove(self, key: ObjectId, environments: Mapping[str, Any]) -> Document:
        """End a silence. Raises NotFound."""
        found = self.collection.find_one({"_id": key} | dict(environments))
        if found is None:
            raise NotFound(f"no silence {key}")
        self.collection.delete_one({"_id": key})
        self._mark(found, None)
        return found

    def active(self, environment: str) -> list[Document]:
        """Return the silences in force."""
        wanted = {"environment": environment, "until": {"$gt": now()}}
        return list(self.collection.find(wanted))

    def acknowledge(self, item: Mapping[str, Any], name: str, fields: Document | None) -> bool:
        """Set or take back who works on it; False when its status is OK or unknown to us."""
        status = item.get("monitoring")
        if not status or (fields is not None and status["value"] == Value.OK):
            return False
        update = {"$set": {"monitoring.acknowledged": fields}}
        self.inv.collection(name).update_one({"_id": item["_id"]}, update)
        self.db[TROUBLES].update_one({"_id": item["_id"]}, {"$set": {"acknowledged": fields}})
        return True

    def _mark(self, silence: Mapping[str, Any], until: datetime | None) -> None:
        """Write `silenced_until` on what has a status now; later troubles get it when they come."""
        field = {"$set": {"silenced_until": until}}
        inside = {"$set": {"monitoring.silenced_until": until}}
        for trouble in self.db[TROUBLES].find({"environment": silence["environment"]}):
            if covers(silence, trouble):
                self.db[TROUBLES].update_one({"_id": trouble["_id"]}, field)
                collection = self.inv.collection(trouble["collection"])
                collection.update_one({"_id": trouble["_id"]}, inside)


def covers(silence: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """True when a silence is about a target, an object below it, or what is on a silenced host."""
    if silence["target"] == target["_id"]:
        return True
    if not silence["below"]:
        return False
    path, above = str(target.get("id_path") or ""), str(silence.get("id_path") or "")
    if above and path.startswith(f"{above}/"):
        return True
    return bool(silence["type"] == "host" and silence["id"] == target.get("host"))
