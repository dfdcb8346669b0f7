"""`/inventory/<key>/dependents`: which instances, vservices and networks need an object."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.depending import depending
from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, OneQuery, one_object, opened
from calipso.api.replies import shown
from calipso.api.schemas import Answer, Key
from calipso.api.words import UtcTime
from calipso.model.documents import Document

ns = Namespace("dependents", description="Who needs an object.", path="/")

#: Objects that are answered; the counts are of all.
MOST = 5000


class DependentsQuery(OneQuery):
    """How many."""

    limit: int = Field(default=1000, ge=1, le=MOST, description="Objects at most, of all projects.")


class DependentAnswer(Answer):
    """An instance, a vservice or a network that needs the object."""

    key: str = Field(alias="_id", description="What `/inventory/<key>` takes.")
    type: str
    id: str
    name: str = ""
    host: str = ""
    status: str = ""
    state: str | None = ""
    addresses: list[Any] = Field(default=[], description="Its addresses, where it has any.")
    networks: list[str] = Field(
        default=[], description="Names of the networks it needs the object for."
    )
    last_scanned: UtcTime | None = None
    stale_since: UtcTime | None = Field(default=None, description="Not read since then.")


class ProjectAnswer(Answer):
    """What of one project needs it."""

    project: str = Field(description="Name of the project; empty for what has none.")
    items: list[DependentAnswer]


class DependentsAnswer(Answer):
    """Instances and vservices before networks, by project."""

    projects: list[ProjectAnswer]
    counts: dict[str, int] = Field(description="Object type to number, of all that depend on it.")
    known: bool = Field(
        description="False: the environment has no cliques, so nobody knows. A scan makes them."
    )
    truncated: bool = Field(description="True: there are more than the limit.")


EXAMPLE = {
    "projects": [
        {
            "project": "shop",
            "items": [
                {
                    "_id": EXAMPLE_KEY,
                    "type": "instance",
                    "id": "7f2c1a7e-1111-4222-8333-444455556666",
                    "name": "web-1",
                    "host": "compute-1",
                    "project": "shop",
                    "status": "ACTIVE",
                    "addresses": ["10.0.0.5"],
                    "networks": ["private"],
                    "last_scanned": "2026-05-04T03:00:09Z",
                }
            ],
        }
    ],
    "counts": {"instance": 1},
    "known": True,
    "truncated": False,
}


@ns.route("/inventory/<string:key>/dependents")
class Dependents(Resource):  # type: ignore[misc]
    """Who needs an object."""

    @operation(
        Need.LOGIN, answer=DependentsAnswer, query=DependentsQuery, errors=(404,), example=EXAMPLE
    )
    def get(self, key: Key, caller: Caller, query: DependentsQuery) -> Document:
        """Instances, vservices and networks that need a NIC, a bridge, a tunnel, a host ...

        Of a host: what is on it, and what needs anything on it. It is made of the cliques and
        links of the last scan.
        """
        inv = opened(query)
        found = depending(inv, one_object(inv, key, caller))
        counts: dict[str, int] = {}
        projects: list[Document] = []
        left = query.limit
        for name, items in found.by_project().items():
            for item in items:
                counts[item["type"]] = counts.get(item["type"], 0) + 1
            some = [shown(item) for item in items[:left]]
            left -= len(some)
            if some:
                projects.append({"project": name, "items": some})
        truncated = sum(counts.values()) > query.limit
        return {
            "projects": projects,
            "counts": counts,
            "known": found.known,
            "truncated": truncated,
        }
