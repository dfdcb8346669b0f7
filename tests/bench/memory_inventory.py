"""An inventory in memory, for timing link joins without a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pymongo.collection import Collection

from calipso.utils.inventory_mgr import InventoryMgr

Document = dict[str, Any]


class MemoryInventory(InventoryMgr):
    """Answers what link finders ask: objects whose fields equal values, or are among several."""

    def __init__(self, objects: Iterable[Document]) -> None:
        super().__init__("inventory")
        self._by_type: dict[str, list[Document]] = {}
        for item in objects:
            self._by_type.setdefault(item["type"], []).append(item)

    def find_items(self, query: Mapping[str, Any], fields: Iterable[str] = ()) -> list[Document]:
        wanted = ["_id", *fields]
        found = self._by_type.get(query.get("type", ""), [])
        rest = {key: value for key, value in query.items() if key != "type"}
        chosen = [item for item in found if _matches(item, rest)]
        if len(wanted) == 1:
            return chosen
        return [{name: item[name] for name in wanted if name in item} for item in chosen]

    def each(
        self, environment: str, query: Mapping[str, Any], fields: Iterable[str] = ()
    ) -> Iterator[Document]:
        yield from self.find_items({"environment": environment, **query}, fields)

    def collection(self, name: str) -> Collection[Document]:
        """Nothing here is stored: a finder that asks this way cannot be timed in memory."""
        raise NotImplementedError(f"{name}: MemoryInventory has no collections")


def _matches(item: Document, query: Mapping[str, Any]) -> bool:
    return all(
        item.get(key) in value["$in"] if isinstance(value, dict) else item.get(key) == value
        for key, value in query.items()
    )
