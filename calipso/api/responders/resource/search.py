"""`/search`: one box for an operator. Names, ids, MAC and IP addresses, of all environments."""

from __future__ import annotations

from typing import ClassVar

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.analysis.found import find
from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, OneQuery, opened, seen_names
from calipso.api.replies import shown
from calipso.api.schemas import Answer
from calipso.api.words import EnvironmentName, Text
from calipso.model.documents import Document

ns = Namespace("search", description="Find objects by name, id or address.", path="/search")

#: What of an object is answered; the rest is at `/inventory/<key>`.
SHOWN = (
    "environment",
    "type",
    "id",
    "name",
    "host",
    "state",
    "status",
    "project",
    "last_scanned",
    "stale_since",
    "id_path",
    "name_path",
)


class SearchQuery(OneQuery):
    """What to look for."""

    CLOUD_WORDS: ClassVar[frozenset[str]] = frozenset({"q"})

    q: str = Field(
        min_length=1,
        max_length=200,
        description="A name, id, MAC address in any writing, IP address, range of addresses "
        "(`10.0.0.0/24`), VLAN or VNI (`vlan 101`), port of a neighbour switch, or any part of a "
        "name or id.",
        examples=["fa-16-3e-0a-5b-01"],
    )
    env_name: EnvironmentName | None = Field(
        default=None, description="In this environment; default: in all you may view."
    )
    type: list[Text] = Field(default=[], description="Objects of these types.")
    limit: int = Field(default=20, ge=1, le=200, description="Objects at most.")


class SearchHit(Answer):
    """An object that matches."""

    key: str = Field(alias="_id", description="What `/inventory/<key>` takes.")
    environment: str
    type: str
    id: str
    name: str = ""
    host: str = ""
    match: str = Field(
        description="exact: name, id or address is what was asked for; network: an address in "
        "the range, or a network that has the address; beginning: of the name; word: of "
        "another of its names; part."
    )


class SearchAnswer(Answer):
    """What was found, the best first."""

    items: list[SearchHit]
    more: bool = Field(description="True: more objects match; give more of the name.")


EXAMPLE = {
    "items": [
        {
            "_id": EXAMPLE_KEY,
            "environment": "prod",
            "type": "vnic",
            "id": "compute-1-tap8a0382a0-5b",
            "name": "tap8a0382a0-5b",
            "host": "compute-1",
            "state": "up",
            "match": "exact",
        }
    ],
    "more": False,
}


@ns.route("")
class Search(Resource):  # type: ignore[misc]
    """The search."""

    @operation(Need.LOGIN, answer=SearchAnswer, query=SearchQuery, errors=(404,), example=EXAMPLE)
    def get(self, caller: Caller, query: SearchQuery) -> Document:
        """Objects by any part of their names, ids and addresses, in your environments."""
        inv = opened(query)
        names = [caller.may_view(query.env_name)] if query.env_name else seen_names(caller)
        hits, more = find(inv, names, query.q, query.limit, query.type)
        return {
            "items": [
                shown({name: item[name] for name in ("_id", *SHOWN) if name in item})
                | {"match": rank.name.lower()}
                for rank, item in hits
            ],
            "more": more,
        }
