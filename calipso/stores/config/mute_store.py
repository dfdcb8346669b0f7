"""MuteStore: the collection `finding_mutes`, findings that people want to hear nothing of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from calipso.errors import ConfigError, NotFound
from calipso.model.documents import Document
from calipso.stores.store import Store
from calipso.utils.clock import now

#: What a mute may name; at least one. Empty: any.
NAMED = ("rule", "type", "id", "host")


class MuteStore(Store):
    """Mutes of all environments."""

    NAME = "finding_mutes"

    def add(
        self, environment: str, named: Mapping[str, str], reason: str, until: datetime, by: str
    ) -> Document:
        """Store a mute and return it. `named` has `rule`, `type`, `id` or `host`.

        Raises ConfigError for one that names nothing, has no reason, or has ended already.
        """
        about = {name: str(named.get(name) or "") for name in NAMED}
        if not any(about.values()):
            raise ConfigError("a mute names a rule, an object or a host", hint="Say which.")
        if not reason.strip():
            raise ConfigError("a mute has a reason", hint="Say why nobody should hear of it.")
        if until <= now():
            raise ConfigError(f"the mute has ended: {until.isoformat()}", hint="Give a later end.")
        document = {
            "_id": ObjectId(),
            "environment": environment,
            **about,
            "reason": reason.strip(),
            "until": until,
            "by": by,
            "created": now(),
        }
        self.collection.insert_one(document)
        return document

    def of(self, environments: Iterable[str], at: datetime | None = None) -> list[Document]:
        """Return the mutes of these environments that are in force, or were at a time."""
        moment = at or now()
        query = {"environment": {"$in": sorted(set(environments))}, "until": {"$gt": moment}}
        found = [item for item in self.collection.find(query) if item["created"] <= moment]
        return sorted(found, key=lambda item: (item["environment"], item["until"]))

    def get(self, key: str) -> Document:
        """Return one mute. Raises NotFound."""
        wanted = ObjectId(key) if ObjectId.is_valid(key) else None
        found = self.collection.find_one({"_id": wanted})
        if found is None:
            raise NotFound(f"no mute {key}", hint="calipso drift --mutes lists them.")
        return dict(found)

    def remove(self, key: str) -> None:
        """Remove a mute. Raises NotFound."""
        self.collection.delete_one({"_id": self.get(key)["_id"]})


def muted_by(finding: Mapping[str, Any], mutes: Iterable[Document]) -> Document | None:
    """Return the first mute that fits a finding, or None."""
    for mute in mutes:
        if mute["environment"] == finding["environment"] and all(
            not mute[name] or mute[name] == str(finding.get(name) or "") for name in NAMED
        ):
            return mute
    return None
