"""The hops of an answer as a graph, for pictures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calipso.model.answer import Verdict

#: A verdict in the words for states that drawings know.
_STATE = {
    Verdict.YES: "up",
    Verdict.DEGRADED: "degraded",
    Verdict.NO: "down",
    Verdict.UNKNOWN: "unknown",
}
_WORSE = ("up", "degraded", "unknown", "down")

Graph = dict[str, list[dict[str, Any]]]


def as_graph(hops: Iterable[Mapping[str, Any]]) -> Graph:
    """Nodes and edges of the hops of both directions; each object stands once, as its worst hop."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    before: tuple[str, str] | None = None
    for hop in hops:
        key = str(hop["key"] or f"{hop['type']}:{hop['id']}")
        state = _STATE[Verdict(hop["verdict"])]
        node = nodes.setdefault(key, _node(hop, key))
        node["state"] = max(node["state"], state, key=_WORSE.index)
        if hop["code"]:
            node["reason"] = str(hop["code"])
        if before and before[0] == hop["direction"] and before[1] != key:
            low, high = sorted((before[1], key))
            edge = edges.setdefault((low, high), _edge(before[1], key))
            edge["state"] = max(edge["state"], state, key=_WORSE.index)
        before = str(hop["direction"]), key
    return {
        "nodes": [{"data": node} for node in nodes.values()],
        "edges": [{"data": edge} for edge in edges.values()],
    }


def _node(hop: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {
        "key": key,
        "id": str(hop["id"]),
        "type": str(hop["type"]),
        "name": str(hop["name"]),
        "host": str(hop["host"]),
        "state": "up",
        "focal_point": hop["type"] == "instance",
    }


def _edge(source: str, target: str) -> dict[str, Any]:
    return {
        "key": f"{source}-{target}",
        "source": source,
        "target": target,
        "link_type": "way",
        "state": "up",
    }
