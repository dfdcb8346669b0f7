"""Lists that an index narrows to some: keys first, the rest of the filter here, then one page.

The embedded store uses an index only when the condition names its fields and no others; one more
field, and it reads the whole collection. So the condition is split: what the index knows is asked
of the store, for the fields the filter and the order need; the page's documents are read by `_id`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.api.paging import PageQuery, chosen, page_of
from calipso.api.replies import Page
from calipso.stores.mongo.driver import Collection
from calipso.stores.mongo.encoding import decode

Document = dict[str, Any]

_SIGNS = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def gathered(
    collection: Collection[Document],
    conditions: Iterable[Document],
    rest: Document,
    query: PageQuery,
    *,
    order: Sequence[str],
    sortable: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> Page:
    """One page of the documents that meet one of `conditions`, and `rest`.

    Each condition is made for an index. Order and the fields to sort by are as for `page`; they
    must be fields each document has, or count as empty.
    """
    wanted = (*order, *(name.removeprefix("-") for name in query.sort))
    fields = dict.fromkeys((*wanted, *_named(rest)), 1)
    found: dict[ObjectId, Document] = {}
    for condition in conditions:
        for item in collection.find(condition, fields, batch_size=5000):
            if matches(item, rest):
                found[item["_id"]] = dict.fromkeys(wanted, "") | item
    only_keys = query.model_copy(update={"fields": []})
    keys = page_of(found.values(), only_keys, order=order, sortable=sortable)
    documents = by_keys(collection, [ObjectId(item["_id"]) for item in keys.items], hidden)
    return Page(chosen(documents, query.fields), keys.next, keys.total)


def by_keys(
    collection: Collection[Document], keys: Sequence[ObjectId], hidden: Sequence[str] = ()
) -> list[Document]:
    """Documents by `_id`, in this order; ids that no longer exist are left out."""
    projection = dict.fromkeys(hidden, 0) or None
    found = {item["_id"]: item for item in collection.find({"_id": {"$in": keys}}, projection)}
    return [decode(found[key]) for key in keys if key in found]


def _named(rest: Mapping[str, Any]) -> list[str]:
    """Fields a condition reads."""
    names: list[str] = []
    for name, value in rest.items():
        names += [own for part in value for own in _named(part)] if name == "$or" else [name]
    return names


def matches(item: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    """True when a document meets a condition: values, lists that have them, ranges, `$or`.

    The subset of MongoDB's language that our filters are written in.
    """
    return all(
        any(matches(item, part) for part in value) if name == "$or" else _meets(item, name, value)
        for name, value in condition.items()
    )


def _meets(item: Mapping[str, Any], name: str, wanted: Any) -> bool:
    if isinstance(wanted, dict) and "$exists" in wanted:
        return bool(wanted["$exists"]) == (name in item)
    value: Any = item
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(wanted, dict) and "$in" not in wanted:
        return all(_holds(value, sign, limit) for sign, limit in wanted.items())
    own = value if isinstance(value, list) else [value]
    return any(one in own for one in (wanted["$in"] if isinstance(wanted, dict) else [wanted]))


def _holds(value: Any, sign: str, limit: Any) -> bool:
    """A comparison; a value of another type than the limit never matches."""
    return isinstance(value, type(limit)) and bool(_SIGNS[sign](value, limit))
