"""Links as a graph: paths between objects, neighbours of an object, connected groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import networkx as nx
from bson import ObjectId

from calipso.model.documents import Record

#: Length of a link, if not 1. A tunnel network leaves a switch by its tunnel endpoint. A path shows
#: the endpoint, although the NIC below it is a port of the same switch.
LENGTHS = {"vedge-host_pnic": 3}


def graph(links: Iterable[Record]) -> nx.MultiGraph[ObjectId]:
    """Undirected graph of links: nodes are object `_id`s, edges are keyed by the link's `_id`."""
    found: nx.MultiGraph[ObjectId] = nx.MultiGraph()
    for link in links:
        found.add_edge(link["source"], link["target"], key=link["_id"], link=link)
    return found


def neighbourhood(whole: nx.MultiGraph[ObjectId], start: ObjectId, depth: int) -> list[ObjectId]:
    """Return the objects at most `depth` links away, nearest first; the object itself
    comes first.
    """
    if start not in whole:
        return []
    lengths = nx.single_source_shortest_path_length(whole, start, cutoff=depth)
    return sorted(lengths, key=lambda node: (lengths[node], node))


def components(whole: nx.MultiGraph[ObjectId]) -> list[list[ObjectId]]:
    """Return the groups of connected objects, the largest first."""
    groups = [sorted(group) for group in nx.connected_components(whole)]
    return sorted(groups, key=lambda group: (-len(group), group))


def path(
    whole: nx.MultiGraph[ObjectId], start: ObjectId, end: ObjectId, within: Iterable[str] = ()
) -> list[Record]:
    """Return the links of a shortest path, in order; an empty list when there is no path.

    With `within`, the path uses a link that names networks only if it names one of these.
    """
    allowed = set(within)
    view = nx.subgraph_view(whole, filter_edge=lambda a, b, key: _fits(whole[a][b][key], allowed))
    try:
        nodes = nx.shortest_path(view, start, end, weight=_length)
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return []
    return [view[a][b][min(view[a][b])]["link"] for a, b in pairwise(nodes)]


def _length(_a: ObjectId, _b: ObjectId, edges: Mapping[ObjectId, Mapping[str, Any]]) -> int:
    return min(LENGTHS.get(edge["link"]["link_type"], 1) for edge in edges.values())


def _fits(edge: Mapping[str, Any], allowed: set[str]) -> bool:
    carried = (edge["link"].get("attributes") or {}).get("network")
    if not allowed or carried is None:
        return True
    return bool(allowed & ({carried} if isinstance(carried, str) else set(carried)))
