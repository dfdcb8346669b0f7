"""Pages of links and cliques with the age of what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from calipso.api.paging import PageQuery
from calipso.api.replies import Page
from calipso.model.documents import Document
from calipso.stores.inventory.ages import AGE_FIELDS
from calipso.stores.inventory.inventory_mgr import InventoryMgr

#: What tells the age of a link or clique.
NEEDED = ("_id", "source", "target")


def page_with_ages(
    fetch: Callable[[PageQuery], Page],
    query: PageQuery,
    inv: InventoryMgr,
    aged: Callable[[InventoryMgr, Sequence[Document]], list[Document]],
) -> Page:
    """The page that `fetch` gives, with ages where the query has not left them out."""
    fields = list(query.fields)
    if fields and not {*AGE_FIELDS} & {*fields}:
        return fetch(query)
    more = [*fields, *(name for name in NEEDED if name not in fields)] if fields else []
    found = fetch(query.model_copy(update={"fields": more}))
    items = aged(inv, found.items)
    if fields:
        items = [{name: item[name] for name in fields if name in item} for item in items]
    return Page(items, found.next, found.total)
