"""A clique as text: from the focal point along its links, each object once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

from bson import ObjectId

from calipso.cli.output import clean, iso
from calipso.model.documents import Record


def lines(
    clique: Record, objects: Mapping[ObjectId, Record], links: Sequence[Record]
) -> Iterator[str]:
    """The shortest way from the focal point to each object, as an indented tree.

    An object that several links lead to is shown with what follows where the shortest way ends;
    its other links say `see elsewhere`.
    """
    found_by = _shortest(clique["focal_point"], links)
    distance = {key: number for number, key in enumerate(found_by)}
    yield _name(objects.get(clique["focal_point"]), clique["focal_point"])
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
    yield from _below(clique["focal_point"], below, objects, found_by, "")


def _shortest(
    focal: ObjectId, links: Sequence[Record]
) -> dict[ObjectId, tuple[ObjectId | None, ObjectId | None]]:
    """For each object reached, nearest first: the link that reached it and from where."""
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


def _below(
    here: ObjectId,
    below: Mapping[ObjectId, list[tuple[Record, ObjectId]]],
    objects: Mapping[ObjectId, Record],
    found_by: Mapping[ObjectId, tuple[ObjectId | None, ObjectId | None]],
    indent: str,
) -> Iterator[str]:
    ways = sorted(below.get(here, []), key=lambda way: _order(way, objects))
    for link, there in ways:
        last = (link, there) == ways[-1]
        again = "" if found_by.get(there) == (link["_id"], here) else "  (see elsewhere)"
        arrow = f"{indent}{'└─' if last else '├─'}[{clean(link['link_type'])} {link['state']}]─ "
        yield arrow + _name(objects.get(there), there) + again
        if not again:
            yield from _below(there, below, objects, found_by, indent + ("   " if last else "│  "))


def _order(way: tuple[Record, ObjectId], objects: Mapping[ObjectId, Record]) -> tuple[str, str]:
    link, there = way
    return str(link["link_type"]), str(objects.get(there, {}).get("name", ""))


def _name(item: Record | None, key: ObjectId) -> str:
    """`vnic tap0a1b on compute-1, down`."""
    if item is None:
        return f"{key} (not in the inventory)"
    text = f"{item['type']} {clean(str(item.get('name', item['id'])))}"
    if item.get("host") and item["type"] != "host":
        text += f" on {clean(str(item['host']))}"
    if item.get("state") not in (None, "up"):
        text += f", {clean(str(item['state']))}"
    if "stale_since" in item:
        text += f", stale since {iso(item['stale_since'])}"
    return text
