"""Hanging: objects that stay are hung below a parent that stays, with paths that agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from bson import ObjectId

from calipso.discover.engine.judgement import tree_parent
from calipso.discover.engine.placement import environment_root
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.driver import UpdateOne

FIELDS = ("id", "type", "name", "id_path", "name_path", "parent_id", "parent_type")

#: Parents whose children are asked for together.
PORTION = 500


class Hanger:
    """Gives objects the parent and the paths they have after the objects `removed` are gone."""

    def __init__(
        self, inv: InventoryMgr, environment: str, removed: AbstractSet[bytes], guard: Document
    ) -> None:
        self.inv = inv
        self.environment = environment
        self._removed = removed
        self._guard = guard
        self._root = environment_root(environment)

    def hang(self, items: Sequence[Document]) -> None:
        """Move these objects with their parents, or to the nearest ancestor that stays.

        What is below an object moves before it does: when this is broken off, a rerun sees that
        the object has not moved yet, and does all of it again.
        """
        known: dict[ObjectId, Document | None]
        known = self._read(tree_parent(self.environment, item) for item in items)
        moves: dict[ObjectId, Document] = {}
        for item in items:
            if tree_parent(self.environment, item) is None:
                continue
            above = self._above(item, known)
            moved = _at(item, above)
            known[item["_id"]] = {**item, **moved}
            if any(item.get(field) != value for field, value in moved.items()):
                moves[item["_id"]] = {**item, **moved}
        self._move_below(list(moves.values()))
        self._write(list(moves.values()))

    def rescue_children(self, parents: Sequence[Document]) -> None:
        """Hang children that stay elsewhere, before these parents are removed."""
        children = self._children(parents)
        self.hang([child for child in children if child["_id"].binary not in self._removed])

    # -- parts -------------------------------------------------------------------------

    def _above(self, item: Document, known: dict[ObjectId, Document | None]) -> Document:
        """The nearest ancestor that stays; the root where the inventory knows none."""
        key, seen = tree_parent(self.environment, item), set[ObjectId]()
        while key is not None and key != self._root["_id"] and key not in seen:
            seen.add(key)
            if key not in known:
                known |= self._read([key])
            above = known.get(key)
            if above is None:
                break
            if key.binary not in self._removed:
                return above
            key = tree_parent(self.environment, above)
        return self._root

    def _move_below(self, moved: list[Document]) -> None:
        """Give all objects below these the paths that follow from them, the lowest first."""
        levels: list[list[Document]] = []
        edge, seen = moved, {item["_id"] for item in moved}
        while edge:
            children: list[Document] = []
            for start in range(0, len(edge), PORTION):
                children += self._placed_below(edge[start : start + PORTION], seen)
            levels.append(children)
            edge = children
        for level in reversed(levels):
            self._write(level)

    def _placed_below(self, parents: Sequence[Document], seen: set[ObjectId]) -> list[Document]:
        by_key = {item["_id"]: item for item in parents}
        found = []
        for child in self._children(parents):
            above = tree_parent(self.environment, child)
            if above not in by_key or child["_id"] in seen or child["_id"].binary in self._removed:
                continue
            seen.add(child["_id"])
            found.append(child | _at(child, by_key[above]))
        return found

    def _children(self, parents: Sequence[Document]) -> list[Document]:
        """Objects right below these."""
        keys = {item["_id"] for item in parents}
        query = {
            "environment": self.environment,
            "parent_id": {"$in": sorted({item["id"] for item in parents})},
        }
        found = self.inv.find_items(query, FIELDS)
        return [item for item in found if tree_parent(self.environment, item) in keys]

    def _read(self, keys: Iterable[ObjectId | None]) -> dict[ObjectId, Document | None]:
        """Return the objects of these keys; None for one that is not in the inventory."""
        wanted = {key for key in keys if key is not None}
        absent = dict[ObjectId, Document | None].fromkeys(wanted)
        return absent | self.inv.find_by_keys(wanted, FIELDS) | {self._root["_id"]: self._root}

    def _write(self, items: Sequence[Document]) -> None:
        fields = ("id_path", "name_path", "parent_id", "parent_type")
        self.inv.bulk(
            "inventory",
            [
                UpdateOne(
                    {"_id": item["_id"]} | self._guard,
                    {"$set": {field: item[field] for field in fields}},
                )
                for item in items
            ],
        )


def _at(item: Document, above: Document) -> Document:
    """Parent and paths of an object below another one."""
    return {
        "parent_id": above["id"],
        "parent_type": above["type"],
        "id_path": f"{above['id_path']}/{item['id']}",
        "name_path": f"{above['name_path']}/{item['name']}",
    }
