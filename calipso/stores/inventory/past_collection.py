"""A collection as it was: the stored documents, with those that changed since put over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Collection as Collection_
from datetime import datetime
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection

from calipso.model.documents import Document

Order = Sequence[tuple[str, int]]

_RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, limit: value > limit,
    "$gte": lambda value, limit: value >= limit,
    "$lt": lambda value, limit: value < limit,
    "$lte": lambda value, limit: value <= limit,
}
#: Types of values in the order in which MongoDB sorts them.
_RANKS: tuple[type, ...] = (type(None), int, str, dict, list, ObjectId, bool, datetime)


#: Fields that are read of each document, to judge it.
NEEDED = ("_id", "type", "environment", "last_scanned", "stale_since")


class PastCollection:
    """The reading methods of a collection; there is no method that writes.

    `over` has documents as they were, by `_id`; None: there was none. `clean` makes a stored
    document that did not change since ready to be shown. `left_out` has environments that are not
    known; it may refuse a query.
    """

    def __init__(
        self,
        stored: Collection[Document],
        over: Mapping[ObjectId, Document | None],
        clean: Callable[[Document], Document],
        left_out: Callable[[Mapping[str, Any]], Collection_[str]] = lambda _: (),
    ) -> None:
        self.stored = stored
        self.left_out = left_out
        self.over = over
        self.clean = clean

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self.stored.name

    @property
    def database(self) -> Any:
        """Its database."""
        return self.stored.database

    def find(
        self,
        query: Mapping[str, Any] | None = None,
        projection: Mapping[str, Any] | Sequence[str] | None = None,
        **options: Any,
    ) -> PastCursor:
        """Return the documents that match, as pymongo's method does."""
        if projection is not None and not isinstance(projection, Mapping):
            projection = dict.fromkeys(projection, 1)
        return PastCursor(self, query or {}, projection or {}, **options)

    def find_one(
        self, query: Mapping[str, Any] | None = None, *more: Any, **options: Any
    ) -> Document | None:
        """Return the first document that matches, or None."""
        return next(iter(self.find(query, *more, **options, limit=1)), None)

    def distinct(self, name: str, query: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the values of a field."""
        found: list[Any] = []
        for item in self.find(query, {name: 1}):
            value = value_at(item, name)
            for one in value if isinstance(value, list) else [value]:
                if one is not None and one not in found:
                    found.append(one)
        return found

    def count_documents(self, query: Mapping[str, Any]) -> int:
        """Return the number of documents that match."""
        return sum(1 for _ in self.find(query, {"_id": 1}))

    def estimated_document_count(self) -> int:
        """Return about how many documents there are."""
        return int(self.stored.estimated_document_count())

    def read(
        self, query: Mapping[str, Any], wanted: Iterable[str], limit: int, order: Order
    ) -> Any:
        """Stored documents that did not change since, then those put over them that match."""
        fields = dict.fromkeys(wanted, 1) or None
        unknown = self.left_out(query)
        most = limit + len(self.over) if limit and not unknown else 0
        options: Document = {"sort": list(order)} if order else {}
        cursor = self.stored.find(query, fields, limit=most, batch_size=2000, **options)
        for item in cursor:
            if item["_id"] not in self.over and item.get("environment") not in unknown:
                yield self.clean(item)
        for document in self.over.values():
            if document is None or document.get("environment") in unknown:
                continue
            if meets(document, query):
                yield document


class PastCursor:
    """What `find` returns."""

    def __init__(
        self,
        collection: PastCollection,
        query: Mapping[str, Any],
        projection: Mapping[str, Any],
        *,
        sort: Any = None,
        limit: int = 0,
        skip: int = 0,
        **_: Any,
    ) -> None:
        self._collection = collection
        self._query, self._projection = query, projection
        self._sort: list[tuple[str, int]] = list(sort or [])
        self._limit, self._skip = limit, skip
        self._found: Iterator[Document] | None = None

    def sort(self, name: Any, direction: int = 1) -> PastCursor:
        """Set the order."""
        self._sort = [(name, direction)] if isinstance(name, str) else list(name)
        return self

    def limit(self, number: int) -> PastCursor:
        """Set the maximum number."""
        self._limit = number
        return self

    def skip(self, number: int) -> PastCursor:
        """Leave the first ones out."""
        self._skip = number
        return self

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> PastCursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Document]:
        return self

    def __next__(self) -> Document:
        if self._found is None:
            self._found = self._read()
        return next(self._found)

    def _read(self) -> Iterator[Document]:
        shown = [name for name, wanted in self._projection.items() if wanted and name != "_id"]
        hidden = {name for name, wanted in self._projection.items() if not wanted}
        only = bool(shown) or bool(self._projection.get("_id"))
        wanted = (
            {"_id", "type", "environment", *shown, *(name for name, _ in self._sort)}
            if only
            else set()
        )
        most = self._limit + self._skip if self._limit else 0
        found = self._collection.read(self._query, sorted(wanted), most, self._sort)
        if self._sort:
            found = iter(in_order(found, self._sort))
        end = self._skip + self._limit if self._limit else None
        tops = {name.partition(".")[0] for name in shown} | {"_id"}
        for item in islice(found, self._skip, end):
            kept = {name: v for name, v in item.items() if name in tops} if only else item
            yield {name: v for name, v in kept.items() if name not in hidden}


def in_order(items: Iterable[Document], order: Order) -> list[Document]:
    """Return documents in this order."""
    found = list(items)
    for name, direction in reversed(order):
        found.sort(key=lambda item: _rank(value_at(item, name)), reverse=direction < 0)
    return found


def _rank(value: Any) -> tuple[int, Any]:
    number = next((n for n, kind in enumerate(_RANKS) if isinstance(value, kind)), len(_RANKS))
    return number, (str(value) if isinstance(value, dict | list) or value is None else value)


def value_at(item: Mapping[str, Any], name: str) -> Any:
    """Return the value at a dotted path; None when it is missing."""
    value: Any = item
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def meets(item: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """True when a document matches a query. It knows the operators that our readers use."""
    for name, wanted in query.items():
        if name in ("$or", "$and"):
            parts = (meets(item, part) for part in wanted)
            if not (any(parts) if name == "$or" else all(parts)):
                return False
        elif not _fits(value_at(item, name), wanted):
            return False
    return True


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping) or not all(str(key)[:1] == "$" for key in wanted):
        return _equals(value, wanted)
    return all(_operator(value, sign, limit) for sign, limit in wanted.items())


def _operator(value: Any, sign: str, limit: Any) -> bool:
    if sign == "$exists":
        return bool(limit) == (value is not None)
    if sign in ("$in", "$nin"):
        return (sign == "$in") == any(_equals(value, one) for one in limit)
    if sign in ("$eq", "$ne"):
        return (sign == "$eq") == _equals(value, limit)
    own = value if isinstance(value, list) else [value]
    return any(isinstance(one, type(limit)) and _RANGES[sign](one, limit) for one in own)


def _equals(value: Any, wanted: Any) -> bool:
    return bool(value == wanted) or (isinstance(value, list) and wanted in value)
