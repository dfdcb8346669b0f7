"""`/path`: do packets get from one end to the other and back, and where do they stop."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from flask import Response
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.path.find_path import find_path, packet_of
from calipso.api.answer_models import AnswerModel, answer_body
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest
from calipso.api.graphs import (
    EXAMPLE_GRAPH,
    PICTURE_POLICY,
    PRODUCES,
    GraphAnswer,
    GraphQuery,
    graph_response,
)
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, OneQuery, opened
from calipso.api.replies import json_response
from calipso.api.words import EnvironmentName, Text
from calipso.errors import ConfigError
from calipso.model.answer import Answer
from calipso.model.path import PROTOCOLS
from calipso.topology.formats import MEDIA, dot
from calipso.topology.path.drawing import as_graph
from calipso.topology.svg import svg

ns = Namespace("path", description="The way of packets between two ends.", path="/")


#: A name of a protocol that rules of Neutron may have, or a number.
Word = Annotated[
    str,
    Field(
        pattern=rf"^({'|'.join(PROTOCOLS)}|[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$",
        examples=["tcp"],
    ),
]


class PathFormat(StrEnum):
    """Forms of a path."""

    JSON = "json"
    SVG = "svg"
    DOT = "dot"


class EndsQuery(OneQuery):
    """From where to where."""

    CLOUD_WORDS: ClassVar[frozenset[str]] = frozenset({"from", "to"})

    env_name: EnvironmentName = Field(description="The environment of both ends.")
    start: Text = Field(
        alias="from",
        description="An instance, port, vNIC, router, floating IP or network by id or name; an "
        "address; `internet`; `dhcp:INSTANCE`; `metadata:INSTANCE`; `TYPE:NAME`.",
        examples=["web-1"],
    )
    to: Text = Field(description="As `from`.", examples=["db-1"])
    proto: Word | None = Field(
        default=None, description="Protocol for security groups; default: any."
    )
    port: int | None = Field(default=None, ge=0, le=65535, description="Port of the goal.")


class PathQuery(EndsQuery):
    """A path in which form."""

    format: PathFormat = Field(default=PathFormat.JSON, description="JSON, or a picture.")


EXAMPLE = {
    "verdict": "no",
    "code": "wrong_vlan",
    "sentence": "web-1 does not reach db-1: compute-1: port tap8a0382a0-5b has VLAN tag 7; its "
    "network has VLAN 3 on this host (vedge compute-1-OVS on compute-1).",
    "hops": [
        {
            "direction": "forward",
            "key": EXAMPLE_KEY,
            "type": "vedge",
            "id": "compute-1-OVS",
            "name": "compute-1-OVS",
            "host": "compute-1",
            "network": "private",
            "way_in": "tap8a0382a0-5b",
            "tag": 7,
            "verdict": "no",
            "code": "wrong_vlan",
        }
    ],
    "findings": [],
    "evidence": [],
    "assumptions": [],
    "not_checked": ["What guests do themselves: their addresses, routes and firewalls."],
    "as_of": "2026-05-04T03:00:09Z",
}


@ns.route("/path")
class Path(Resource):  # type: ignore[misc]
    """A path."""

    @operation(
        Need.LOGIN,
        answer=AnswerModel,
        query=PathQuery,
        errors=(404,),
        example=EXAMPLE,
        produces={MEDIA["svg"]: "svg", MEDIA["dot"]: "dot"},
    )
    def get(self, caller: Caller, query: PathQuery) -> Response:
        """Whether packets get from one end to the other and back, and where they stop.

        Hops of both directions in order, each with its own verdict; `findings` name the first hop
        of each direction that is not well.
        """
        return path_response(_answer(caller, query), query.format)


class PathGraphQuery(GraphQuery, EndsQuery):
    """A path as a graph in which form."""


@ns.route("/path/graph")
class PathGraph(Resource):  # type: ignore[misc]
    """A path as a graph."""

    @operation(
        Need.LOGIN,
        answer=GraphAnswer,
        query=PathGraphQuery,
        errors=(404,),
        example=EXAMPLE_GRAPH,
        produces=PRODUCES,
    )
    def get(self, caller: Caller, query: PathGraphQuery) -> Response:
        """What packets pass on the way there and back; each object stands once, as its worst hop.

        A hop that is `no` has the state `down`.
        """
        answer = _answer(caller, query)
        return graph_response(as_graph(answer.hops), query, truncated=False)


def _answer(caller: Caller, query: EndsQuery) -> Answer:
    environment = caller.may_view(query.env_name)
    try:
        packet = packet_of(query.proto, query.port)
        return find_path(opened(query), environment, query.start, query.to, packet)
    except ConfigError as error:
        raise BadRequest(error.message, hint=error.hint) from error


def path_response(answer: Answer, form: PathFormat) -> Response:
    """The answer as JSON or as a picture of its hops."""
    if form is PathFormat.JSON:
        return json_response(answer_body(answer), 200, {})
    graph: Any = as_graph(answer.hops)
    headers = {"Content-Type": f"{MEDIA[form.value]}; charset=utf-8"}
    if form is PathFormat.SVG:
        headers["Content-Security-Policy"] = PICTURE_POLICY
        return Response(svg(graph, answer.sentence), headers=headers)
    return Response(dot(graph), headers=headers)
