"""A graph with its nodes put together by host, project or type. Pure and deterministic.

A graph of thousands of nodes is no picture. A group stands for all its nodes: it says how many they
are, of which types, how they are, and what it is linked with.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from calipso.model.documents import Record
from calipso.topology.health import Health, health

GroupBy = Literal["host", "project", "type"]
Graph = dict[str, list[dict[str, Any]]]

#: From the worst to the best; unknown is no better than good, and says less.
ORDER = (Health.BAD, Health.DEGRADED, Health.UNKNOWN, Health.GOOD)
#: The state of a group or of links between groups, as its word in drawings.
_WORDS = {Health.BAD: "down", Health.DEGRADED: "degraded", Health.UNKNOWN: "", Health.GOOD: "up"}


def grouped(
    graph: Mapping[str, Sequence[Record]], by: GroupBy, opened: Collection[str] = ()
) -> Graph:
    """The graph with a node of type `group` for each host, project or type.

    Nodes of `opened` groups, nodes without a host or project, and the focal point stay themselves.
    A group has `name`, `members` (a number), `types` and `healths` (numbers by word), and `state`;
    edges between the same ends become one of link type `group` with `count`. Links inside a group
    are gone.
    """
    stays: list[dict[str, Any]] = []
    members: defaultdict[str, list[Record]] = defaultdict(list)
    place: dict[str, str] = {}
    for node in graph["nodes"]:
        data = node["data"]
        name = str(data.get(by) or "")
        if not name or name in opened or data.get("focal_point"):
            place[data["key"]] = data["key"]
            stays.append(dict(node))
        else:
            place[data["key"]] = _key(by, name)
            members[name].append(data)
    groups = [{"data": _group(by, name, members[name])} for name in sorted(members)]
    return {"nodes": groups + stays, "edges": _edges(graph["edges"], place)}


def _key(by: GroupBy, name: str) -> str:
    return f"group:{by}:{name}"


def _group(by: GroupBy, name: str, members: Sequence[Record]) -> dict[str, Any]:
    healths = Counter(health(item) for item in members)
    types = Counter(str(item.get("type")) for item in members)
    return {
        "key": _key(by, name),
        "id": name,
        "name": name,
        "type": "group",
        "group_by": by,
        "rank": 0,
        "members": len(members),
        "types": dict(sorted(types.items())),
        "healths": {word.value: healths[word] for word in Health},
        "state": _WORDS[_worst(healths)],
        "focal_point": False,
    }


def _edges(edges: Sequence[Record], place: Mapping[str, str]) -> list[dict[str, Any]]:
    """Edges of nodes that stay, and one for all between two places of which one is a group."""
    found: list[dict[str, Any]] = []
    between: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for edge in edges:
        data = edge["data"]
        source, target = place[str(data["source"])], place[str(data["target"])]
        if source == data["source"] and target == data["target"]:
            found.append(dict(edge))
        elif source != target:
            between[min(source, target), max(source, target)].append(data)
    for (source, target), links in sorted(between.items()):
        worst = _worst(Counter(health(link) for link in links))
        ends = {"key": f"{source}|{target}", "source": source, "target": target}
        more = {"link_type": "group", "count": len(links), "state": _WORDS[worst]}
        found.append({"data": ends | more | {"implicit": True}})
    return found


def _worst(healths: Mapping[Health, int]) -> Health:
    """The worst that is there; unknown only when nothing is known of all."""
    known = [word for word in ORDER if healths.get(word) and word is not Health.UNKNOWN]
    return known[0] if known else Health.UNKNOWN


def first_nodes(graph: Graph, most: int) -> Graph:
    """The first so many nodes of a graph, the focal point always, with the edges between them."""
    nodes = sorted(graph["nodes"], key=lambda node: not node["data"].get("focal_point"))[:most]
    kept = {node["data"]["key"] for node in nodes}
    ordered = [node for node in graph["nodes"] if node["data"]["key"] in kept]
    edges = [
        edge
        for edge in graph["edges"]
        if edge["data"]["source"] in kept and edge["data"]["target"] in kept
    ]
    return {"nodes": ordered, "edges": edges}
