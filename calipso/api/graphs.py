"""A graph as answer: `{nodes, edges}` in JSON, GraphML or DOT, by `format=` or `Accept`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask import Response, request
from pydantic import Field

from calipso.api.reading import EXAMPLE_KEY, OneQuery
from calipso.api.replies import json_response, utc
from calipso.api.schemas import Answer
from calipso.model.documents import Document
from calipso.topology.formats import MEDIA, dot, graphml

#: Media types beside JSON, for the specification.
PRODUCES = {media: name for name, media in MEDIA.items() if name != "json"}


class GraphFormat(StrEnum):
    """Forms of a graph."""

    JSON = "json"
    GRAPHML = "graphml"
    DOT = "dot"


class GraphQuery(OneQuery):
    """Which form, and how much."""

    format: GraphFormat | None = Field(
        default=None, description="Default: what the header `Accept` asks for, otherwise JSON."
    )
    limit: int = Field(default=1000, ge=1, le=5000, description="Nodes at most.")


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


class EdgeAnswer(Answer):
    """An edge."""

    data: EdgeData


class GraphAnswer(Answer):
    """Nodes and edges in a stable order; every edge has both its nodes."""

    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]
    truncated: bool = Field(
        description="True: there are more than the limit; the nearest ones are here. In GraphML "
        "and DOT the header `X-Truncated` says so."
    )


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


def graph_response(graph: Document, wanted: GraphFormat | None, *, truncated: bool) -> Response:
    """The graph in the form that was asked for."""
    for item in (*graph["nodes"], *graph["edges"]):
        for name, value in item["data"].items():
            if isinstance(value, datetime):
                item["data"][name] = utc(value)
    form = wanted or _accepted()
    headers = {"X-Truncated": str(truncated).lower(), "Vary": "Accept"}
    if form is GraphFormat.JSON:
        return json_response(graph | {"truncated": truncated}, 200, headers)
    text = graphml(graph) if form is GraphFormat.GRAPHML else dot(graph)
    media = f"{MEDIA[form.value]}; charset=utf-8"
    return Response(text, headers={**headers, "Content-Type": media})


def _accepted() -> GraphFormat:
    """The form that `Accept` prefers; JSON without the header."""
    best = request.accept_mimetypes.best_match(list(MEDIA.values()), MEDIA["json"])
    return next(GraphFormat(name) for name, media in MEDIA.items() if media == best)
