"""Following the pages of a list: Nova, Neutron and Keystone each link the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from calipso.errors import ApiAccessError, ErrorKind
from calipso.sources.api.api_problems import problem

Item = dict[str, Any]
Ask = Callable[[Mapping[str, Any]], Any]

RESTARTS = 2

#: No list of a cloud is longer: beyond these it does not end.
MOST_PAGES = 5_000
MOST_ITEMS = 2_000_000
LIST_SECONDS = 900.0


def items_of_pages(ask: Ask, what: str, key: str, params: Mapping[str, Any]) -> Iterator[Item]:
    """Each item once, however the pages overlap.

    `what` names the list in errors. When the item that marked the end of a page is deleted
    meanwhile, the next page cannot be read (400 or 404): the list starts over.
    """
    seen: set[str] = set()
    began = time.monotonic()
    for restart in range(RESTARTS + 1):
        try:
            yield from _one_pass(ask, what, key, params, seen, began)
        except ApiAccessError as error:
            if error.status not in (400, 404) or not seen or restart == RESTARTS:
                raise
        else:
            return


def _one_pass(
    ask: Ask, what: str, key: str, params: Mapping[str, Any], seen: set[str], began: float
) -> Iterator[Item]:
    here = dict(params)
    asked = {_question(here)}
    count = 0
    while True:
        body = ask(here)
        items = page_items(body, what, key)
        count += len(items)
        _check_length(what, len(asked), count, time.monotonic() - began)
        link = next_page(body, key)
        if link:
            here = {**params, **link}
            if not items or _question(here) in asked:
                raise problem(ErrorKind.TRUNCATED, f"{what}: the pages of the list do not advance")
            asked.add(_question(here))
        yield from _new(items, seen)
        if not link:
            return


def _check_length(what: str, pages: int, items: int, seconds: float) -> None:
    """Raises ApiAccessError for a list that does not end."""
    if pages > MOST_PAGES or items > MOST_ITEMS or seconds > LIST_SECONDS:
        raise problem(
            ErrorKind.TRUNCATED,
            f"{what}: the list does not end ({items} items on {pages} pages in {seconds:.0f} s)",
        )


def _question(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in params.items()))


def _new(items: list[Item], seen: set[str]) -> Iterator[Item]:
    for item in items:
        name = item.get("id")
        if name is None:
            yield item
        elif str(name) not in seen:
            seen.add(str(name))
            yield item


def page_items(body: Any, what: str, key: str) -> list[Item]:
    """The items of one page. Raises ApiAccessError when the answer has no list."""
    items = body.get(key) if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise problem(ErrorKind.UNEXPECTED_OUTPUT, f"{what}: the answer has no list {key}")
    if body.get("truncated"):
        raise problem(
            ErrorKind.TRUNCATED, f"{what}: Keystone cuts the list off (its option list_limit)"
        )
    return items


def next_page(body: Item, key: str) -> dict[str, str]:
    """Parameters of the next page, from the link to it; only those: its host may be internal."""
    link: Any = None
    links = body.get(f"{key}_links")
    if isinstance(links, list):
        found = [one for one in links if isinstance(one, dict) and one.get("rel") == "next"]
        link = found[0].get("href") if found else None
    elif isinstance(body.get("links"), dict):
        link = body["links"].get("next")
    return dict(parse_qsl(urlsplit(str(link)).query)) if link else {}
