"""A graph as answer, by `format=` or `Accept`: JSON, GraphML, DOT, Mermaid or SVG."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from flask import Response, request
from pydantic import Field

from calipso.api.reading import EXAMPLE_KEY, OneQuery
from calipso.api.replies import json_response, utc
from calipso.api.schemas import Answer
from calipso.api.words import Text
from calipso.model.documents import Document
from calipso.topology.formats import MEDIA, dot, graphml, mermaid
from calipso.topology.grouping import first_nodes, grouped
from calipso.topology.health import Health, health
from calipso.topology.layout import layout
from calipso.topology.svg import svg

#: Media types beside JSON, for the specification.
PRODUCES = {media: name for name, media in MEDIA.items() if name != "json"}

#: Objects that are put together in groups; a graph without groups has at most 5,000.
MOST_GROUPED = 20_000

#: For a browser that shows a picture as a page: it is styled text, and may load or run nothing.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class GraphFormat(StrEnum):
    """Forms of a graph."""

    JSON = "json"
    GRAPHML = "graphml"
    DOT = "dot"
    MERMAID = "mermaid"
    SVG = "svg"
    LAYOUT = "layout"


WRITERS = {
    GraphFormat.GRAPHML: graphml,
    GraphFormat.DOT: dot,
    GraphFormat.MERMAID: mermaid,
    GraphFormat.SVG: svg,
}


class GraphQuery(OneQuery):
    """Which form, and how much."""

    CLOUD_WORDS: ClassVar[frozenset[str]] = frozenset({"open"})

    format: GraphFormat | None = Field(
        default=None,
        description="Default: what the header `Accept` asks for, otherwise JSON. `layout`: JSON "
        "with the places of all nodes; the same graph has the same places each time.",
    )
    limit: int = Field(default=1000, ge=1, le=5000, description="Nodes at most.")
    group_by: Literal["host", "project", "type"] | None = Field(
        default=None,
        description="One node for each host, project or type, with the number of its objects by "
        f"type and health. Of {MOST_GROUPED} objects at most.",
    )
    open: list[Text] = Field(
        default=[],
        description="With `group_by`: a group whose objects are shown. Give the key once for each "
        "group; a comma is part of a name.",
    )

    @property
    def most(self) -> int:
        """Objects to read."""
        return MOST_GROUPED if self.group_by else self.limit


class NodeData(Answer):
    """An object, as a viewer needs it."""

    key: str = Field(description="What `/inventory/<key>` takes.")
    id: str = ""
    type: str = ""
    name: str = ""
    focal_point: bool = Field(description="True for the object the graph is about.")
    distance: int | None = Field(
        default=None, description="Links from the object of the graph, where it is known."
    )
    health: Health | None = Field(
        default=None,
        description="With `format=layout`: how it is, from its state, problems and age.",
    )
    members: int | None = Field(default=None, description="Of a group: number of its objects.")
    healths: dict[str, int] | None = Field(default=None, description="Of a group: by health.")
    types: dict[str, int] | None = Field(default=None, description="Of a group: by type.")


class NodeAnswer(Answer):
    """A node."""

    data: NodeData


class EdgeData(Answer):
    """A link, as a viewer needs it."""

    key: str
    source: str = Field(description="Key of a node.")
    target: str = Field(description="Key of a node.")
    link_type: str = Field(
        description="`contains`: not a link; the object is inside the other one."
    )
    state: str = ""
    health: Health | None = Field(default=None, description="As that of a node.")


class EdgeAnswer(Answer):
    """An edge."""

    data: EdgeData


class PlacedSize(Answer):
    """Size of every node."""

    w: int
    h: int


class PlacedNode(Answer):
    """Where a node is drawn."""

    key: str
    x: int = Field(description="Left side, in units of the drawing.")
    y: int = Field(description="Upper side.")
    rank: int = Field(description="Column, from the left.")
    group: str = Field(description="Key of its box, which is the name of its host; or empty.")


class PlacedBox(Answer):
    """The box of a host."""

    key: str
    x: int
    y: int
    w: int
    h: int


class PlacedEdge(Answer):
    """The way of an edge."""

    key: str
    points: list[list[int]] = Field(description="`[x, y]` of its ends and bends.")


class LayoutAnswer(Answer):
    """Columns by type, boxes by host."""

    width: int
    height: int
    node: PlacedSize
    nodes: list[PlacedNode]
    groups: list[PlacedBox]
    edges: list[PlacedEdge]


class GraphAnswer(Answer):
    """Nodes and edges in a stable order; every edge has both its nodes."""

    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]
    truncated: bool = Field(
        description="True: there are more than the limit; the nearest ones are here. In GraphML, "
        "DOT and SVG the header `X-Truncated` says so."
    )
    layout: LayoutAnswer | None = Field(default=None, description="With `format=layout`.")


EXAMPLE_GRAPH = {
    "nodes": [
        {
            "data": {
                "key": EXAMPLE_KEY,
                "id": "compute-1-tap8a0382a0-5b",
                "type": "vnic",
                "name": "tap8a0382a0-5b",
                "host": "compute-1",
                "state": "up",
                "focal_point": True,
                "distance": 0,
            }
        },
        {
            "data": {
                "key": "65a1f0c2d4e8b1a2c3d4e5b1",
                "id": "compute-1-OVS",
                "type": "vedge",
                "name": "compute-1-OVS",
                "host": "compute-1",
                "focal_point": False,
                "distance": 1,
            }
        },
    ],
    "edges": [
        {
            "data": {
                "key": "65a1f0c2d4e8b1a2c3d4e5a0",
                "source": EXAMPLE_KEY,
                "target": "65a1f0c2d4e8b1a2c3d4e5b1",
                "link_type": "vnic-vedge",
                "link_name": "private",
                "state": "up",
                "implicit": False,
                "host": "compute-1",
            }
        }
    ],
    "truncated": False,
}


def graph_response(graph: Document, query: GraphQuery, *, truncated: bool) -> Response:
    """The graph in the form that was asked for, its nodes in groups where that was asked for."""
    if query.group_by:
        graph = dict(grouped(graph, query.group_by, query.open))
        truncated = truncated or len(graph["nodes"]) > query.limit
        graph = first_nodes(graph, query.limit)
    for item in (*graph["nodes"], *graph["edges"]):
        for name, value in item["data"].items():
            if isinstance(value, datetime):
                item["data"][name] = utc(value)
    form = query.format or _accepted()
    headers = {"X-Truncated": str(truncated).lower(), "Vary": "Accept"}
    if form is GraphFormat.LAYOUT:
        return json_response(_placed(graph) | {"truncated": truncated}, 200, headers)
    if form is GraphFormat.JSON:
        return json_response(graph | {"truncated": truncated}, 200, headers)
    if form is GraphFormat.SVG:
        headers["Content-Security-Policy"] = PICTURE_POLICY
    text = WRITERS[form](graph)
    media = f"{MEDIA[form.value]}; charset=utf-8"
    return Response(text, headers={**headers, "Content-Type": media})


def _placed(graph: Document) -> Document:
    """The graph with places, and the health of everything in it."""
    items = {
        name: [{"data": item["data"] | {"health": health(item["data"])}} for item in graph[name]]
        for name in ("nodes", "edges")
    }
    return {**items, "layout": layout(graph)}


def _accepted() -> GraphFormat:
    """The form that `Accept` prefers; JSON without the header."""
    best = request.accept_mimetypes.best_match(list(MEDIA.values()), MEDIA["json"])
    return next(GraphFormat(name) for name, media in MEDIA.items() if media == best)
