"""Lists that an index narrows to some: keys first, the rest of the filter here, then one page.

See `calipso.stores.mongo.narrow` for why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bson import ObjectId

from calipso.api.paging import PageQuery, chosen, page_of, sorting_of
from calipso.api.replies import Page
from calipso.model.documents import Document
from calipso.stores.mongo.driver import Collection
from calipso.stores.mongo.narrow import by_keys, matches, named_fields


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
    must be fields each document has, or count as empty. Raises BadRequest as `page` does.
    """
    wanted = [name for name, _ in sorting_of(query.sort, order, sortable)]
    fields = dict.fromkeys((*wanted, *named_fields(rest)), 1)
    found: dict[ObjectId, Document] = {}
    for condition in conditions:
        for item in collection.find(condition, fields, batch_size=5000):
            if matches(item, rest):
                found[item["_id"]] = dict.fromkeys(wanted, "") | item
    only_keys = query.model_copy(update={"fields": []})
    keys = page_of(found.values(), only_keys, order=order, sortable=sortable)
    documents = by_keys(collection, [ObjectId(item["_id"]) for item in keys.items], hidden)
    return Page(chosen(documents, query.fields), keys.next, keys.total)
