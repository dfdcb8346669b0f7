"""Graphs: of a clique, and of what is near an object."""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.graphs import make_graph, near_graph
from calipso.analysis.neighbours import clique_part, links_by_keys
from calipso.api.auth.caller import Caller
from calipso.api.graphs import (
    EXAMPLE_GRAPH,
    PRODUCES,
    GraphAnswer,
    GraphQuery,
    graph_response,
)
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, OneQuery, one_object, one_of, opened
from calipso.api.schemas import Answer, Key
from calipso.api.words import Text
from calipso.model.documents import Document
from calipso.topology.elements import hops_to_networks, paths_to_networks
from calipso.topology.health import Health

ns = Namespace("graphs", description="Graphs of objects and links.", path="/")

#: Fields of objects and links a path is made of.
PATH_OBJECT = (
    *("id", "type", "name", "object_name"),
    *("host", "state", "status", "stale_since", "problems", "mtu"),
)
PATH_LINK = dict.fromkeys(("link_type", "source", "target", "attributes", "state"), 1)

#: Links of a clique that paths are looked for in; an instance has some dozens.
MOST_PATH_LINKS = 5000


class NearQuery(GraphQuery):
    """How far."""

    depth: int = Field(default=2, ge=1, le=10, description="Links from the object.")
    link_types: list[Text] = Field(default=[], description="Along links of these types only.")


class Hop(Answer):
    """An object on a way."""

    key: str = Field(description="What `/inventory/<key>` takes.")
    type: str = ""
    name: str = ""
    host: str = ""
    state: str = Field(default="", description="In the words of its source.")
    health: Health = Field(description="How it is, from its state, problems and age.")
    mtu: int | None = Field(default=None, description="In bytes, where it is known.")
    problems: list[str] = Field(default=[], description="What is wrong with it.")
    link_state: str = Field(default="", description="Of the link by which it is reached.")
    link_health: Health | None = Field(default=None, description="Of that link.")
    tag: int | None = Field(default=None, description="VLAN tag on the switch of that link.")
    reason: str = Field(default="", description="Why that link is down.")


class PathAnswer(Answer):
    """Ways to networks."""

    paths: list[list[str]] = Field(
        description="Each from the object to a network, `<type> <name>` of what is passed."
    )
    hops: list[list[Hop]] = Field(description="The same ways, with what is known of each object.")


@ns.route("/cliques/<string:key>/graph")
class CliqueGraph(Resource):  # type: ignore[misc]
    """The graph of a clique."""

    @operation(
        Need.LOGIN,
        answer=GraphAnswer,
        query=GraphQuery,
        errors=(404,),
        example=EXAMPLE_GRAPH,
        produces=PRODUCES,
    )
    def get(self, key: Key, caller: Caller, query: GraphQuery) -> Response:
        """What a focal point depends on, as a graph."""
        inv = opened(query)
        clique = one_of(inv, "cliques", key, caller, "clique")
        objects, links, truncated = clique_part(inv, clique, query.most)
        graph = make_graph(inv, clique["focal_point"], objects, links)
        return graph_response(graph, query, truncated=truncated)


@ns.route("/inventory/<string:key>/graph")
class NearGraph(Resource):  # type: ignore[misc]
    """The neighbourhood of an object."""

    @operation(
        Need.LOGIN,
        answer=GraphAnswer,
        query=NearQuery,
        errors=(404,),
        example=EXAMPLE_GRAPH,
        produces=PRODUCES,
    )
    def get(self, key: Key, caller: Caller, query: NearQuery) -> Response:
        """What is near an object, along links; of a host: near all that is on it."""
        inv = opened(query)
        start = one_object(inv, key, caller)
        graph, truncated = near_graph(inv, start, query.depth, query.most, query.link_types)
        return graph_response(graph, query, truncated=truncated)


@ns.route("/inventory/<string:key>/paths")
class Paths(Resource):  # type: ignore[misc]
    """Paths from an object to its networks."""

    @operation(
        Need.LOGIN,
        answer=PathAnswer,
        query=OneQuery,
        errors=(404,),
        example={
            "paths": [
                ["instance web-1", "vnic tap8a0382a0-5b", "vedge OVS", "otep tunnel"],
            ],
            "hops": [
                [
                    {"key": EXAMPLE_KEY, "type": "instance", "name": "web-1", "health": "good"},
                    {
                        "key": "65a1f0c2d4e8b1a2c3d4e5b1",
                        "type": "vnic",
                        "name": "tap8a0382a0-5b",
                        "host": "compute-1",
                        "state": "down",
                        "health": "bad",
                        "mtu": 1450,
                        "link_state": "down",
                        "link_health": "bad",
                    },
                ]
            ],
        },
    )
    def get(self, key: Key, caller: Caller, query: OneQuery) -> Document:
        """How an object reaches each network of its clique; an empty list without a clique."""
        inv = opened(query)
        start = one_object(inv, key, caller)
        wanted = {
            "environment": start["environment"],
            "focal_point_id": start["id"],
            "focal_point": start["_id"],
        }
        paths: list[list[str]] = []
        hops: list[list[Document]] = []
        for clique in inv.find_all("cliques", wanted):
            links = links_by_keys(inv, clique["links"][:MOST_PATH_LINKS], PATH_LINK)
            ends = {end for link in links for end in (link["source"], link["target"])}
            objects = inv.find_by_keys(ends, PATH_OBJECT)
            paths += paths_to_networks(clique, objects.values(), links)
            hops += hops_to_networks(clique, objects.values(), links)
        return {"paths": paths, "hops": hops}
