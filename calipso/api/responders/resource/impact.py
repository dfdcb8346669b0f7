"""`/impact` and `/spof`: what a failure costs, and which parts are single."""

from __future__ import annotations

from typing import Literal

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.impact import impact, impact_answer
from calipso.analysis.spof import single_points
from calipso.api.answers import JudgedAnswer, judged
from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import page_of
from calipso.api.reading import EXAMPLE_KEY, InventoryPage, OneQuery, one_object, opened
from calipso.api.replies import Page
from calipso.api.schemas import Answer, Key
from calipso.api.words import EnvironmentName, Text
from calipso.model.documents import Document

ns = Namespace("impact", description="What a failure costs.", path="/")


class ImpactQuery(OneQuery):
    """What fails."""

    object: list[Key] = Field(
        default=[], max_length=50, description="Keys of further objects that fail at once."
    )
    what_if: Literal["down"] = Field(default="down", description="What happens to them.")
    limit: int = Field(default=1000, ge=1, le=5000, description="Findings at most.")


class ImpactAnswer(JudgedAnswer):
    """Instances, routers and networks, lost before degraded; `yes`: nothing is."""

    counts: dict[str, dict[str, int]] = Field(description="`lost`, `degraded`: numbers by type.")
    truncated: bool = Field(description="True: there are more than the limit.")


ROW = {
    "_id": EXAMPLE_KEY,
    "type": "instance",
    "id": "7f2c1a7e-1111-4222-8333-444455556666",
    "name": "web-1",
    "project": "shop",
    "host": "compute-1",
    "effect": "lost",
    "reason": "no way is left to private",
    "lost": ["private"],
    "degraded": [],
}
EXAMPLE = {
    "verdict": "no",
    "sentence": "lost: 1 instance",
    "code": "impact_lost",
    "findings": [ROW],
    "evidence": [],
    "assumptions": ["What fails stops at once, and nothing is moved away before."],
    "not_checked": [],
    "as_of": None,
    "counts": {"lost": {"instance": 1}, "degraded": {}},
    "truncated": False,
}


@ns.route("/inventory/<string:key>/impact")
class Impact(Resource):  # type: ignore[misc]
    """What the failure of an object costs."""

    @operation(
        Need.LOGIN, answer=ImpactAnswer, query=ImpactQuery, errors=(404, 422), example=EXAMPLE
    )
    def get(self, key: Key, caller: Caller, query: ImpactQuery) -> Document:
        """What is lost, and what only degraded, when it fails, with others if they are named."""
        inv = opened(query)
        items = [one_object(inv, one, caller) for one in dict.fromkeys([key, *query.object])]
        if len({item["environment"] for item in items}) > 1:
            problem = Detail("object", "is of another environment")
            raise BadRequest("wrong in the query: object", details=[problem])
        found = impact(inv, items)
        return judged(impact_answer(found), query.limit) | {"counts": found.counts()}


class SpofQuery(InventoryPage):
    """Which single points."""

    env_name: EnvironmentName = Field(description="Of this environment.")
    type: Text | None = Field(default=None, description="Of this type, such as `switch`.")
    least: int = Field(
        default=2, ge=1, le=1_000_000, description="That cost at least so many users a network."
    )


class SpofAnswer(Answer):
    """A part whose failure alone cuts users off from a network."""

    key: str = Field(default="", alias="_id", description="What `/inventory/<key>` takes.")
    type: str = ""
    id: str = ""
    name: str = ""
    host: str = ""
    instances: int = Field(default=0, description="Instances that would lose a network.")
    services: int = Field(default=0, description="Routers and DHCP servers that would.")
    networks: list[str] = Field(default=[], description="Names of what they would lose.")
    projects: list[str] = Field(default=[], description="Whose instances they are.")


SPOF = {
    "_id": EXAMPLE_KEY,
    "type": "host_pnic",
    "id": "compute-1-ens1f0",
    "name": "ens1f0",
    "host": "compute-1",
    "instances": 12,
    "services": 0,
    "networks": ["private"],
    "projects": ["shop"],
}


@ns.route("/spof")
class Spof(Resource):  # type: ignore[misc]
    """Single points of failure."""

    @listing(SpofAnswer, SpofQuery, SPOF, errors=(404,))
    def get(self, caller: Caller, query: SpofQuery) -> Page:
        """Every single point of failure of an environment."""
        environment = caller.may_view(query.env_name)
        rows = single_points(opened(query), environment, query.least)
        rows = [row for row in rows if query.type in (None, row["type"])]
        return page_of(rows, query, order=("type", "id"))
