"""A graph as indented text: the first object, and below each what is one link farther. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calipso.model.documents import Record
from calipso.topology.formats import text
from calipso.topology.health import watched_word


def as_text(graph: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    """Lines. Each object stands once, below the nearest one; further links stand at the end."""
    nodes = {item["data"]["key"]: item["data"] for item in graph["nodes"]}
    start = next((key for key, data in nodes.items() if data.get("focal_point")), None)
    if start is None:
        return
    near: dict[str, list[tuple[str, Record]]] = {key: [] for key in nodes}
    for edge in graph["edges"]:
        data = edge["data"]
        near[data["source"]].append((data["target"], data))
        near[data["target"]].append((data["source"], data))
    below, used = _spanning(start, near)
    yield _label(nodes[start])
    yield from _below(start, below, nodes, "")
    others = [e["data"] for e in graph["edges"] if e["data"]["key"] not in used]
    if others:
        yield ""
        yield "further links:"
    for data in others:
        ends = " - ".join(_label(nodes[data[end]]) for end in ("source", "target"))
        yield f"  {ends}{_state(data)}"


_Tree = dict[str, list[tuple[str, Record]]]
#: An object to be told, the link that leads to it, what its line begins with, if it is the last.
_Step = tuple[str, Record, str, bool]


def _spanning(start: str, near: Mapping[str, list[tuple[str, Record]]]) -> tuple[_Tree, set[str]]:
    """What stands below each object, and the keys of the links that say so."""
    below: _Tree = {}
    used: set[str] = set()
    seen = {start}
    level = [start]
    while level:
        following = []
        for key in level:
            for far, edge in sorted(near[key], key=lambda pair: (pair[1]["link_type"], pair[0])):
                if far not in seen:
                    seen.add(far)
                    used.add(edge["key"])
                    below.setdefault(key, []).append((far, edge))
                    following.append(far)
        level = following
    return below, used


def _below(start: str, below: _Tree, nodes: Mapping[str, Record], indent: str) -> Iterator[str]:
    todo = _children(start, below, indent)
    while todo:
        key, edge, lead, last = todo.pop()
        yield f"{lead}{'└── ' if last else '├── '}{_label(nodes[key])}{_state(edge)}"
        todo += _children(key, below, lead + ("    " if last else "│   "))


def _children(key: str, below: _Tree, lead: str) -> list[_Step]:
    found = below.get(key, [])
    return [
        (far, edge, lead, number == len(found) - 1) for number, (far, edge) in enumerate(found)
    ][::-1]


def _label(data: Record) -> str:
    name = text(data.get("name") or data.get("id") or data["key"])
    host = data.get("host")
    place = f" on {text(host)}" if host and host != data.get("id") else ""
    return f"{name} ({text(data.get('type', ''))}){place}{_state(data)}"


def _state(data: Mapping[str, Any]) -> str:
    """What is not well is said; what works needs no word."""
    state = data.get("state") or data.get("status")
    words = [] if state in (None, "", "up", "ACTIVE", "running") else [text(state)]
    if data.get("stale_since"):
        words.append("stale")
    if (data.get("monitoring") or {}).get("value"):
        words.append(f"monitoring: {watched_word(data)}")
    reason = data.get("reason")
    if words and reason:
        words.append(text(reason))
    return f"  [{', '.join(words)}]" if words else ""
