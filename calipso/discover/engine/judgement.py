"""Judgement: whether an object that a scan did not find again is removed, stale, or untouched.

Each object has two parents: one in the tree, and the one its fetch was made for. A host hangs
below its availability zone, and the fetch of a project lists it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from bson import ObjectId

from calipso.model.documents import Document
from calipso.model.inventory import object_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.scan_inventory import Evidence

KEY_BYTES = 12


class Verdict(Enum):
    """What happens to an object."""

    REMOVE = "remove"
    STALE = "stale"
    LEAVE = "leave"


class Judgement:
    """Judges objects by the evidence of a scan; parents have to come before their children."""

    def __init__(
        self, environment: str, evidence: Evidence, *, clear: bool = False, whole: bool = True
    ) -> None:
        """`whole`: the scan was of the whole environment. `clear`: remove what nothing explains."""
        self.environment = environment
        self.removed: set[bytes] = set()
        self.kept: set[bytes] = set()
        self._evidence = evidence
        self._clear = clear
        self._whole = whole
        self._open: set[bytes] = set()
        self._missing: set[bytes] = set()
        self._root = object_key(environment, "environment", environment)

    def expect(self, keys: bytes) -> None:
        """These objects (keys one after the other) are still to be judged, and no others."""
        places = range(0, len(keys), KEY_BYTES)
        self._open = {keys[place : place + KEY_BYTES] for place in places}

    def give_up(self, keys: Iterable[ObjectId]) -> None:
        """These objects are not judged: another scan has found them since, or they are gone."""
        self._open.difference_update(key.binary for key in keys)

    def know_parents(self, inv: InventoryMgr, items: Sequence[Document]) -> None:
        """Look up which parents of these objects are not in the inventory any more."""
        wanted = {
            key
            for item in items
            for key in (fetch_parent(item), tree_parent(self.environment, item))
            if key not in (None, self._root)
            and key.binary not in self.kept
            and key.binary not in self.removed
        }
        there = inv.find_by_keys(sorted(wanted), ["id"])
        self._missing = {key.binary for key in wanted if key not in there}

    def must_wait(self, item: Document) -> bool:
        """True while one of its parents is still to be judged."""
        parents = (fetch_parent(item), tree_parent(self.environment, item))
        return any(key is not None and key.binary in self._open for key in parents)

    def on(self, item: Document) -> Verdict:
        """The verdict on one object; it counts for its children from now on."""
        verdict = self._verdict(item)
        key = item["_id"].binary
        self._open.discard(key)
        if verdict is Verdict.REMOVE:
            self.removed.add(key)
        elif verdict is Verdict.STALE:
            self.kept.add(key)
        return verdict

    def _verdict(self, item: Document) -> Verdict:
        asked_below = fetch_parent(item)
        if self._evidence.covers(item):
            return Verdict.REMOVE
        if self._evidence.lacks(item) or _among(asked_below, self.kept):
            return Verdict.STALE
        lost_in_tree = self._is_gone(tree_parent(self.environment, item))
        if self._is_gone(asked_below):
            # The same list may be made for another parent now: for a new admin project. What
            # hangs below the parent of its fetch went with it.
            elsewhere = not (lost_in_tree and _is_below_its_fetch(item))
            lacks = elsewhere and self._evidence.lacks_elsewhere(item)
            return Verdict.STALE if lacks else Verdict.REMOVE
        if lost_in_tree:
            return Verdict.REMOVE
        unread = _among(tree_parent(self.environment, item), self.kept)
        if self._clear and not unread:
            return Verdict.REMOVE
        return Verdict.STALE if unread or self._whole else Verdict.LEAVE

    def _is_gone(self, key: ObjectId | None) -> bool:
        return _among(key, self.removed) or _among(key, self._missing)


def _among(key: ObjectId | None, keys: set[bytes]) -> bool:
    return key is not None and key.binary in keys


def _is_below_its_fetch(item: Document) -> bool:
    """True for an object that hangs below the parent of its fetch, at any depth."""
    return f"/{item['fetched_by']['parent_id']}/" in item["id_path"]


def fetch_parent(item: Document) -> ObjectId | None:
    """The object whose fetch found this one; None for an object that no fetch found."""
    found: ObjectId | None = (item.get("fetched_by") or {}).get("parent")
    return found


def tree_parent(environment: str, item: Document) -> ObjectId | None:
    """The object above this one in the tree; None for one that names none."""
    if not item.get("parent_id"):
        return None
    return object_key(environment, item["parent_type"], item["parent_id"])
