"""Pages of a list: `limit` and `marker` in a stable order, `sort`, `fields`, `total`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from bson import ObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from calipso.api.errors import BadRequest, Detail
from calipso.api.replies import Page, all_shown
from calipso.api.schemas import Query
from calipso.utils.encoding import decode

Document = dict[str, Any]
Order = list[tuple[str, int]]

MOST = 1000

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_:-]{0,63}$")]


class PageQuery(Query):
    """What every list takes."""

    limit: int = Field(default=100, ge=1, le=MOST, description="Items on a page.")
    marker: str | None = Field(
        default=None, max_length=4000, description="`next` of the page before this one."
    )
    sort: list[str] = Field(
        default=[], description="Fields to sort by, `-` before one for descending."
    )
    fields: list[FieldName] = Field(
        default=[], description="Fields of each item to answer; none: all."
    )
    total: bool = Field(default=False, description="Also count all that match.")
    page: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="Number of the page, from 0; `marker` is better.",
    )
    page_size: int | None = Field(
        default=None, ge=1, le=MOST, description="The original's name of `limit`."
    )


def page(
    collection: Collection[Document],
    wanted: Document,
    query: PageQuery,
    *,
    order: Sequence[str],
    sortable: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> Page:
    """One page of the documents that match.

    `order` is the usual order: keys that each document has; the last is made unique by `_id`.
    `sortable` are further fields each document has. `hidden` are fields that are never sent.
    Raises BadRequest for a marker of another list and for fields that cannot be sorted by.
    """
    sorting = _sorting(query.sort, order, sortable)
    limit = query.page_size or query.limit
    conditions = [wanted]
    if query.marker:
        conditions.append(after(_read(query.marker, sorting), sorting))
    cursor = collection.find(
        {"$and": conditions} if len(conditions) > 1 else wanted,
        _projection(query.fields, [name for name, _ in sorting], hidden),
        sort=sorting,
        limit=limit + 1,
        skip=0 if query.marker else limit * (query.page or 0),
    )
    found = [decode(item) for item in cursor]
    items = found[:limit]
    return Page(
        _chosen(items, query.fields),
        _marker(items[-1], sorting) if len(found) > limit else None,
        collection.count_documents(wanted) if query.total else None,
    )


def _sorting(given: Sequence[str], order: Sequence[str], sortable: Sequence[str]) -> Order:
    known = [*order, *sortable]
    wrong = [word for word in given if word.removeprefix("-") not in known]
    if wrong:
        raise BadRequest(
            f"wrong in the query: sort: {', '.join(wrong)}",
            details=[Detail("sort", f"{word} is no field to sort by") for word in wrong],
            hint=f"Fields to sort by: {', '.join(sorted(set(known)))}.",
        )
    asked = {
        word.removeprefix("-"): DESCENDING if word.startswith("-") else ASCENDING for word in given
    }
    rest = {name: ASCENDING for name in (*order, "_id") if name not in asked}
    return [*asked.items(), *rest.items()]


def after(last: Mapping[str, Any], sorting: Order) -> Document:
    """Query for what comes after a document in this order."""
    alternatives: list[Document] = []
    for position, (name, direction) in enumerate(sorting):
        same: Document = {earlier: last[earlier] for earlier, _ in sorting[:position]}
        sign = "$gt" if direction == ASCENDING else "$lt"
        alternatives.append(same | {name: {sign: last[name]}})
    return {"$or": alternatives}


def _projection(
    fields: Sequence[str], sorting: Sequence[str], hidden: Sequence[str]
) -> dict[str, int] | None:
    if fields:
        return {name: 1 for name in {*fields, *sorting, "_id"} if name not in hidden}
    return dict.fromkeys(hidden, 0) or None


def _chosen(items: list[Document], fields: Sequence[str]) -> list[Document]:
    shown = all_shown(items)
    if not fields:
        return shown
    return [{name: item[name] for name in fields if name in item} for item in shown]


def _marker(item: Mapping[str, Any], sorting: Order) -> str:
    values = [[name, direction, _packed(item.get(name))] for name, direction in sorting]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(marker: str, sorting: Order) -> Document:
    """The values a marker stands for; anything but a marker of this order is refused."""
    try:
        text = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4))
        values = json.loads(text)
        if [(name, direction) for name, direction, _ in values] == sorting:
            return {name: _unpacked(value) for name, _, value in values}
    except (ValueError, TypeError, RecursionError):
        pass
    raise BadRequest(
        "wrong in the query: marker",
        details=[Detail("marker", "is no marker of this list in this order")],
        hint="Give `next` of the page before, with the same `sort`.",
    )


def _packed(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return {"key": str(value)}
    return {"time": value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: Any) -> Any:
    """The inverse; only plain values, so that a marker cannot carry an operator."""
    if isinstance(value, dict):
        kind, text = next(iter(value.items()))
        if kind == "key":
            return ObjectId(str(text)) if ObjectId.is_valid(str(text)) else _refuse()
        return datetime.fromisoformat(str(text)) if kind == "time" else _refuse()
    return value if isinstance(value, str | int | float | bool | None) else _refuse()


def _refuse() -> Any:
    raise ValueError("no marker")
