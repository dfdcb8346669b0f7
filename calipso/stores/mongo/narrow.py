"""Filters of which the store answers a part by an index, and this module the rest.

The embedded store uses an index only when the condition names its fields and no others. With one
more field it reads the whole collection. So a condition is split: the store answers the part that
an index knows, and `matches` compares the rest here.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection

from calipso.model.documents import Document
from calipso.stores.mongo.encoding import decode

_SIGNS = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def by_keys(
    collection: Collection[Document], keys: Sequence[ObjectId], hidden: Sequence[str] = ()
) -> list[Document]:
    """Return documents by `_id`, in this order. A document that is gone is left out."""
    projection = dict.fromkeys(hidden, 0) or None
    found = {item["_id"]: item for item in collection.find({"_id": {"$in": keys}}, projection)}
    return [decode(found[key]) for key in keys if key in found]


def named_fields(rest: Mapping[str, Any]) -> list[str]:
    """Return the fields that a condition reads."""
    names: list[str] = []
    for name, value in rest.items():
        names += [own for part in value for own in named_fields(part)] if name == "$or" else [name]
    return names


def matches(item: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    """True when a document meets a condition: values, lists that have them, ranges, `$or`.

    It knows the part of MongoDB's query language that our filters use.
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
    """A comparison; a value of another type than the limit does not match."""
    return isinstance(value, type(limit)) and bool(_SIGNS[sign](value, limit))
