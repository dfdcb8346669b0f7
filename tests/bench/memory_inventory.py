"""An inventory whose collections are lists in memory, for timing link joins without a store."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from pymongo.database import Database

from calipso.stores.inventory.inventory_mgr import InventoryMgr

Document = dict[str, Any]

#: What queries of link finders use; another one raises KeyError.
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$in": lambda value, wanted: value in wanted,
    "$ne": operator.ne,
    "$gte": operator.ge,
    "$gt": operator.gt,
    "$lte": operator.le,
    "$lt": operator.lt,
}


class MemoryCollection:
    """As much of a pymongo collection as link finders read."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_type: dict[str, list[Document]] = {}
        for document in documents:
            self._by_type.setdefault(document["type"], []).append(document)

    def find(
        self, query: Mapping[str, Any], projection: Mapping[str, int] | None = None, **_: Any
    ) -> Iterator[Document]:
        """Documents of the type the query names that match, with the fields of the projection."""
        for item in self._by_type.get(query["type"], ()):
            if all(_agrees(item.get(key), wanted) for key, wanted in query.items()):
                if projection is None:
                    yield dict(item)
                else:
                    yield {key: item[key] for key in ("_id", *projection) if key in item}

    def estimated_document_count(self) -> int:
        """Number of documents."""
        return sum(map(len, self._by_type.values()))


def memory_inventory(objects: Iterable[Document]) -> InventoryMgr:
    """An InventoryMgr over these objects."""
    database = {"inventory": MemoryCollection(objects)}
    return InventoryMgr("inventory", cast("Database[Document]", database))


def _agrees(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    return value is not None and all(
        OPERATORS[name](value, limit) for name, limit in wanted.items()
    )
