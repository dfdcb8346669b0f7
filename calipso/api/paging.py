"""Pages of a list: `limit` and `marker` in a stable order, `sort`, `fields`, `total`."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from bson import ObjectId
from pydantic import Field

from calipso.api.errors import BadRequest, Detail
from calipso.api.replies import Page, all_shown
from calipso.api.schemas import Query
from calipso.api.words import check_storable
from calipso.model.documents import Document
from calipso.stores.mongo.driver import ASCENDING, DESCENDING, Collection
from calipso.stores.mongo.encoding import decode
from calipso.stores.mongo.walk import Stretch, walk

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
        default=[], description="Fields of each item to return; default: all."
    )
    total: bool = Field(default=False, description="Also count all that match.")
    page: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="Number of the page, from 0; `marker` is faster.",
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
    lead: tuple[str, str] | None = None,
) -> Page:
    """One page of the documents that match.

    `order` is the usual order: keys that each document has; the last is made unique by `_id`.
    `sortable` are further fields each document has. `hidden` are fields that are never sent.
    `lead` are the fields after `environment` of the index whose order is the usual one: such a
    list costs the same on every page, however long it is; `environment` must then be named, or
    be `{"$in": [...]}`.
    Raises BadRequest for a marker of another list and for fields that cannot be sorted by.
    """
    sorting = sorting_of(query.sort, order, sortable)
    limit = query.page_size or query.limit
    last = _read(query.marker, sorting) if query.marker else None
    options: Document = {
        "projection": _projection(query.fields, [name for name, _ in sorting], hidden),
        "sort": sorting,
    }
    skip = 0 if last else limit * (query.page or 0)
    found: list[Document] = []
    for part in _parts(collection, wanted, query, lead, last, sorting):
        missing = limit + 1 - len(found)
        if isinstance(part, Stretch):
            found += part.read(collection, last, sorting, missing, options)
        else:
            condition = _and_after(part, last, sorting)
            found += collection.find(condition, limit=missing, skip=skip, **options)
        if len(found) > limit:
            break
    items = [decode(item) for item in found[:limit]]
    return Page(
        chosen(items, query.fields),
        _marker(items[-1], sorting) if len(found) > limit else None,
        collection.count_documents(wanted) if query.total else None,
    )


def _parts(
    collection: Collection[Document],
    wanted: Document,
    query: PageQuery,
    lead: tuple[str, str] | None,
    last: Mapping[str, Any] | None,
    sorting: Order,
) -> Iterator[Document | Stretch]:
    """Conditions that select the list piece by piece, in order: environment by environment.

    Not when pages are numbered: what is skipped must be counted over all of it.
    """
    given = wanted.get("environment")
    if given is None or query.page or sorting[0] != ("environment", ASCENDING):
        yield wanted
        return
    names = [given] if isinstance(given, str) else sorted(given["$in"])
    whole = _is_whole(wanted, query, lead)
    at = str(last["environment"]) if last else ""
    for name in names:
        if name < at:
            continue
        if lead and whole:
            begin = last if name == at else None
            yield from walk(collection, name, lead, begin, wanted.get(lead[0]))
        else:
            yield {**wanted, "environment": name}


def _is_whole(wanted: Document, query: PageQuery, lead: tuple[str, str] | None) -> bool:
    """True for all documents of an environment, or all that have one first key."""
    if lead is None or query.sort or not wanted.keys() <= {"environment", lead[0]}:
        return False
    return isinstance(wanted.get(lead[0], ""), str)


def _and_after(wanted: Document, last: Mapping[str, Any] | None, sorting: Order) -> Document:
    if last is None:
        return wanted
    later = after(last, sorting)
    return {"$and": [wanted, later]} if "$or" in wanted else wanted | later


def page_of(
    documents: Iterable[Document],
    query: PageQuery,
    *,
    order: Sequence[str],
    sortable: Sequence[str] = (),
) -> Page:
    """The same for a few documents that are in memory already.

    Each has `_id` and the fields of `order`, as text. Raises BadRequest as `page` does.
    """
    sorting = sorting_of(query.sort, order, sortable)
    limit = query.page_size or query.limit
    found = list(documents)
    total = len(found)
    for name, direction in reversed(sorting):
        found.sort(key=_text_of(name), reverse=direction == DESCENDING)
    if query.marker:
        last = _read(query.marker, sorting)
        found = [item for item in found if _follows(item, last, sorting)]
    elif query.page:
        found = found[limit * query.page :]
    items = found[:limit]
    return Page(
        chosen(items, query.fields),
        _marker(items[-1], sorting) if len(found) > limit else None,
        total if query.total else None,
    )


def _text_of(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda item: str(item[name])


def _follows(item: Mapping[str, Any], last: Mapping[str, Any], sorting: Order) -> bool:
    for name, direction in sorting:
        own, other = str(item[name]), str(last[name])
        if own != other:
            return (own > other) == (direction == ASCENDING)
    return False


def sorting_of(given: Sequence[str], order: Sequence[str], sortable: Sequence[str]) -> Order:
    """Fields of a list and their direction, `_id` last; `given` are those asked for.

    Raises BadRequest for one that is neither in `order` nor in `sortable`.
    """
    known = [*order, *sortable]
    wrong = [word for word in given if word.removeprefix("-") not in known]
    if wrong:
        raise BadRequest(
            f"wrong in the query: sort: {', '.join(wrong)}",
            details=[Detail("sort", f"the list cannot be sorted by {word}") for word in wrong],
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


def chosen(items: Iterable[Document], fields: Sequence[str]) -> list[Document]:
    """Documents as they are sent, with these fields; all fields when none is named."""
    shown = all_shown(items)
    if not fields:
        return shown
    return [{name: item[name] for name in fields if name in item} for item in shown]


def _marker(item: Mapping[str, Any], sorting: Order) -> str:
    values = [[name, direction, _packed(item.get(name))] for name, direction in sorting]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(marker: str, sorting: Order) -> Document:
    """The values of a marker. Raises BadRequest for anything but a marker of this order."""
    try:
        text = base64.urlsafe_b64decode(marker + "=" * (-len(marker) % 4))
        values = json.loads(text)
        if [(name, direction) for name, direction, _ in values] == sorting:
            return {name: _unpacked(value) for name, _, value in values}
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise BadRequest(
        "wrong in the query: marker",
        details=[Detail("marker", "is not a marker of this list in this order")],
        hint="Give `next` of the page before, with the same `sort`.",
    )


def _packed(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return {"key": str(value)}
    return {"time": value.isoformat()} if isinstance(value, datetime) else value


def _unpacked(value: Any) -> Any:
    """The inverse; only plain values, so that a marker cannot carry an operator."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, text),) = value.items()
        if kind == "key":
            return ObjectId(str(text)) if ObjectId.is_valid(str(text)) else _refuse()
        return _moment(str(text)) if kind == "time" else _refuse()
    if isinstance(value, str):
        value.encode()  # half a character outside the basic plane is a ValueError
    elif isinstance(value, int):
        check_storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        _refuse()
    return value if isinstance(value, str | int | float | None) else _refuse()


def _moment(text: str) -> datetime:
    """A time as stored ones are: aware, UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _refuse() -> Any:
    raise ValueError("not a marker")
