"""`/why`: why an instance has no network."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.path.find_why import find_why
from calipso.api.answer_models import AnswerModel, answer_body
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest
from calipso.api.operation import Need, operation
from calipso.api.reading import OneQuery, opened
from calipso.api.words import EnvironmentName, Text
from calipso.errors import ConfigError

ns = Namespace("why", description="Why an instance has no network.", path="/")


class WhyQuery(OneQuery):
    """Of which instance."""

    CLOUD_WORDS: ClassVar[frozenset[str]] = frozenset({"instance", "from"})

    env_name: EnvironmentName = Field(description="The environment of the instance.")
    instance: Text = Field(description="Instance by name, id or address.", examples=["web-1"])
    start: Text | None = Field(
        default=None, alias="from", description="It is not reached from here; as in `/path`."
    )


EXAMPLE = {
    "verdict": "no",
    "code": "tap_missing",
    "sentence": "web-3 does not reach its network: compute-2: instance web-3 has interface "
    "tapd4743834-08, but the host has no such device. It is the first cause, found by the check: "
    "it has a port.",
    "hops": [],
    "findings": [
        {
            "kind": "check",
            "check": "it runs",
            "verdict": "yes",
            "code": "",
            "message": "web-3 runs on compute-2",
            "hint": "",
        }
    ],
    "evidence": [],
    "assumptions": [],
    "not_checked": ["What guests do themselves: their addresses, routes and firewalls."],
    "as_of": None,
}


@ns.route("/why")
class Why(Resource):  # type: ignore[misc]
    """The checks of an instance's network."""

    @operation(Need.LOGIN, answer=AnswerModel, query=WhyQuery, errors=(404,), example=EXAMPLE)
    def get(self, caller: Caller, query: WhyQuery) -> dict[str, Any]:
        """Why an instance has no address, no metadata, no way out, or is not reached.

        `findings` has each check in order; the sentence is that of the first cause.
        """
        environment = caller.may_view(query.env_name)
        try:
            answer = find_why(opened(query), environment, query.instance, query.start)
        except ConfigError as error:
            raise BadRequest(error.message, hint=error.hint) from error
        return answer_body(answer)
