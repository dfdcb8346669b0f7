"""Landmarks of an index: they let readers read a long list in short stretches.

The embedded store collects all index entries of a condition before it sorts and limits them. So one
page of 50,000 documents costs as much as all pages. A stretch with limits on both sides costs only
its own documents. A landmark is every 150th key of an index, kept for a while. Landmarks only say
where to cut, so a list is complete and sorted even if they are old.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from calipso.model.documents import Document
from calipso.stores.mongo.stretches import host_ids, id_ranges, key_ranges

Mark = tuple[Any, Any]
Order = list[tuple[str, int]]

#: Documents between two landmarks; a page of the usual length is one stretch.
STRETCH = 150
#: Number of links that are read together for their landmarks.
PIECE = 10_000
#: Ids that are not in any range of texts.
NUMBERS = {"$lt": float("inf")}
#: Lists shorter than this are read at once.
SHORT = 4000
#: Seconds for which landmarks are kept, and the number of lists with landmarks.
KEPT = 300.0
KNOWN = 64

_lock = threading.Lock()
_landmarks: dict[tuple[str, str, str, tuple[str, str]], tuple[float, list[Mark]]] = {}


def is_long(collection: Collection[Document]) -> bool:
    """True when reading all of a collection costs more than some dozens of short reads."""
    return collection.estimated_document_count() >= SHORT


def landmarks(
    collection: Collection[Document], environment: str, lead: tuple[str, str]
) -> list[Mark]:
    """Return every `STRETCH`th (first, second) key of an environment's documents; [] for a short
    list.

    `lead` names the two fields that the index has after `environment`.
    """
    key = (collection.database.name, collection.name, environment, lead)
    found = _landmarks.get(key)
    if found is None or found[0] < time.monotonic():
        found = (time.monotonic() + KEPT, _find(collection, environment, lead))
        with _lock:
            _landmarks.pop(key, None)
            while len(_landmarks) >= KNOWN:
                _landmarks.pop(next(iter(_landmarks)))
            _landmarks[key] = found
    return found[1]


def _find(collection: Collection[Document], environment: str, lead: tuple[str, str]) -> list[Mark]:
    if not is_long(collection):
        return []
    first, second = lead
    fields = {"_id": 0, "environment": 1, first: 1, second: 1}
    marks: list[Mark] = []
    for piece in _pieces(collection, environment, lead):
        marks += [
            (item[first], item[second])
            for item in collection.find(piece, fields, batch_size=5000)
            if item["environment"] == environment and first in item and second in item
        ]
    if len({(type(one), type(other)) for one, other in marks}) > 1:
        return []  # values of several types, which we do not write, have no order here
    return sorted(marks)[STRETCH::STRETCH]


def _pieces(
    collection: Collection[Document], environment: str, lead: tuple[str, str]
) -> list[Document]:
    """Return conditions on other indexes that cut a list while its landmarks are read.

    Without them the embedded store would build the whole list in memory. Links are cut by the
    hashes of their sources, in all environments.
    """
    own: Document = {"environment": environment}
    if lead == ("link_type", "source"):
        number = collection.estimated_document_count() // PIECE + 1
        return [{"source": part} if part else own for part in key_ranges(number)]
    if lead == ("type", "id"):
        parts = id_ranges(host_ids(collection, environment))
        if len(parts) > 1:
            parts.append({"id": NUMBERS})
        return [own | part for part in parts]
    return [own]


@dataclass(frozen=True)
class Stretch:
    """A condition for one index, and whether its first documents belong to the page before."""

    condition: Document
    overlaps: bool

    def read(
        self,
        collection: Collection[Document],
        last: Mapping[str, Any] | None,
        sorting: Order,
        number: int,
        options: Mapping[str, Any],
    ) -> list[Document]:
        """Return the first `number` documents of the stretch that come after `last`.

        Earlier documents are left out here, because the store uses an index only for a condition on
        its fields.
        """
        if last is None or not self.overlaps:
            return list(collection.find(self.condition, limit=number, **options))
        names = [name for name, _ in sorting]
        at = _place(last, names)
        asked = number + 1
        while True:
            found = list(collection.find(self.condition, limit=asked, **options))
            later = [item for item in found if _place(item, names) > at]
            if len(later) >= number or len(found) < asked:
                return later[:number]
            asked *= 4


def _place(item: Mapping[str, Any], names: list[str]) -> list[tuple[str, Any]]:
    """Return the place of a document in the order; comparable also with markers of other types."""
    values = (item.get(name) for name in names)
    return [(type(value).__name__, value) for value in values]


def stretches(
    marks: list[Mark], lead: tuple[str, str], last: Mark | None, only: Any = None
) -> Iterator[Stretch]:
    """Yield conditions that together select everything from `last` on, in order, each a short
    range.

    The conditions of the first stretch include `last` itself. With `only`, they select documents
    whose first field has this value.
    """
    if only is not None:
        marks = [mark for mark in marks if mark[0] == only]
    if last and marks and [type(word) for word in last] != [type(word) for word in marks[0]]:
        marks = []  # a marker that we did not make
    low = last
    start = 0 if last is None else bisect_right(marks, last)
    for high in [*marks[start:], None]:
        first = low is last and last is not None
        for condition in _between(lead, low, high, only):
            yield Stretch(condition, first)
        low = high


def _between(
    lead: tuple[str, str], low: Mark | None, high: Mark | None, only: Any
) -> Iterator[Document]:
    """Yield the conditions that together select `low` <= value < `high`.

    It never uses `$lte`: with an ObjectId in a compound index the embedded store omits equal
    values.
    """
    first, second = lead
    if only is not None or (low and high and low[0] == high[0]):
        bounds = ({"$gte": low[1]} if low else {}) | ({"$lt": high[1]} if high else {})
        same = only if only is not None else low and low[0]
        yield {first: same} | ({second: bounds} if bounds else {})
        return
    if low:
        yield {first: low[0], second: {"$gte": low[1]}}
    # the next text after it: `$gt` would skip all documents with the first key
    after = {"$gte": f"{low[0]}\0"} if low else {}
    between: Document = after | ({"$lt": high[0]} if high else {})
    yield {first: between} if between else {}
    if high:
        yield {first: high[0], second: {"$lt": high[1]}}


def walk(
    collection: Collection[Document],
    environment: str,
    lead: tuple[str, str],
    last: Mapping[str, Any] | None,
    only: Any = None,
) -> Iterator[Stretch]:
    """Yield the stretches of an environment; a short list is one stretch."""
    first, second = lead
    mark = None if last is None else (last[first], last[second])
    for stretch in stretches(landmarks(collection, environment, lead), lead, mark, only):
        yield Stretch({"environment": environment} | stretch.condition, stretch.overlaps)
