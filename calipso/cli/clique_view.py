"""A clique as text: from the focal point along its links, each object once."""

from __future__ import annotations

import textwrap
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId

from calipso.cli.clique_details import NO_BREAK, facts, notes
from calipso.cli.output import clean, iso
from calipso.model.documents import Record
from calipso.topology.health import watched_word

#: Maximum length of a line, in characters.
WIDTH = 80


def lines(
    clique: Record, objects: Mapping[ObjectId, Record], links: Sequence[Record]
) -> Iterator[str]:
    """Return the shortest path from the focal point to each object, as an indented tree.

    An object with several links appears, with all that follows, at the end of its shortest path;
    its other links say `see elsewhere`. Addresses, similar details and problems of an object follow
    its name. A line names the host only if it differs from the host of the line above.
    """
    found_by = _shortest(clique["focal_point"], links)
    distance = {key: number for number, key in enumerate(found_by)}
    focal = objects.get(clique["focal_point"])
    told: set[str] = set()
    below: defaultdict[ObjectId, list[tuple[Record, ObjectId]]] = defaultdict(list)
    for link in links:
        source, target = link["source"], link["target"]
        if found_by.get(target) == (link["_id"], source):
            below[source].append((link, target))
        elif found_by.get(source) == (link["_id"], target):
            below[target].append((link, source))
        else:
            near, far = sorted((source, target), key=lambda key: distance.get(key, len(distance)))
            below[near].append((link, far))
    tree = _Tree(objects, below, found_by, told)
    yield from tree.entry("", "", focal, clique["focal_point"], None, "")
    yield from tree.below(clique["focal_point"], "")


def _shortest(
    focal: ObjectId, links: Sequence[Record]
) -> dict[ObjectId, tuple[ObjectId | None, ObjectId | None]]:
    """Return for each object, nearest first, the link that leads to it and the object before it."""
    ends: defaultdict[ObjectId, list[tuple[ObjectId, ObjectId]]] = defaultdict(list)
    for link in links:
        ends[link["source"]].append((link["_id"], link["target"]))
        ends[link["target"]].append((link["_id"], link["source"]))
    reached: dict[ObjectId, tuple[ObjectId | None, ObjectId | None]] = {focal: (None, None)}
    waiting = deque([focal])
    while waiting:
        here = waiting.popleft()
        for link_id, there in ends[here]:
            if there not in reached:
                reached[there] = (link_id, here)
                waiting.append(there)
    return reached


class _Tree:
    """The lines of a clique."""

    def __init__(
        self,
        objects: Mapping[ObjectId, Record],
        below: Mapping[ObjectId, list[tuple[Record, ObjectId]]],
        found_by: Mapping[ObjectId, tuple[ObjectId | None, ObjectId | None]],
        told: set[str],
    ) -> None:
        self._objects = objects
        self._below = below
        self._found_by = found_by
        self._told = told

    def below(self, here: ObjectId, indent: str) -> Iterator[str]:
        """Write the objects that follow an object."""
        ways = sorted(self._below.get(here, []), key=lambda way: _order(way, self._objects))
        host = (self._objects.get(here) or {}).get("host")
        for link, there in ways:
            last = (link, there) == ways[-1]
            again = self._found_by.get(there) != (link["_id"], here)
            arrow = (
                f"{indent}{'└─' if last else '├─'}[{clean(link['link_type'])} {link['state']}]─ "
            )
            below = indent + ("   " if last else "│  ")
            item = self._objects.get(there)
            if again:
                text = f"{_name(item, there, host)} (see elsewhere)"
                yield from wrapped(text, arrow, below + "     ")
                continue
            yield from self.entry(arrow, below, item, there, link, host)
            yield from self.below(there, below)

    def entry(
        self,
        arrow: str,
        indent: str,
        item: Record | None,
        key: ObjectId,
        link: Record | None,
        host: Any,
    ) -> Iterator[str]:
        """An object: its name, then a line or two on it."""
        bar = "│    " if self._below.get(key) else "     "
        yield from wrapped(_name(item, key, host), arrow, indent + bar)
        for text in () if item is None else (facts(item, link), *notes(item, link, self._told)):
            if text:
                yield from wrapped(text, indent + bar, indent + bar + "  ")


def wrapped(text: str, first: str, rest: str) -> list[str]:
    """Break a text into lines of a terminal. A name that is longer than a line is not broken."""
    found = textwrap.wrap(
        text,
        max(WIDTH, len(rest) + 30),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(NO_BREAK, " ") for line in found or [first.rstrip()]]


def _order(way: tuple[Record, ObjectId], objects: Mapping[ObjectId, Record]) -> tuple[str, str]:
    link, there = way
    return str(link["link_type"]), str(objects.get(there, {}).get("name", ""))


def _name(item: Record | None, key: ObjectId, host: Any = "") -> str:
    """Return `vnic tap0a1b on compute-1, down`; without the host if it is the present one."""
    if item is None:
        return f"{key} (not in the inventory)"
    text = f"{item['type']} {clean(str(item.get('name', item['id'])))}"
    if item.get("host") and item["type"] != "host" and item["host"] != host:
        text += f" on {clean(str(item['host']))}"
    if item.get("state") not in (None, "up"):
        text += f", {clean(str(item['state']))}"
    if "stale_since" in item:
        text += f", stale since {iso(item['stale_since'])}"
    if (item.get("monitoring") or {}).get("value"):
        text += f", monitoring: {watched_word(item)}"
    return text
