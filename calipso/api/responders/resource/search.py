"""`/search`: one box for an operator. Names, ids, MAC and IP addresses, of all environments."""

from __future__ import annotations

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import EXAMPLE_KEY, OneQuery, opened, seen_names
from calipso.api.replies import shown
from calipso.api.schemas import Answer
from calipso.api.words import EnvironmentName, Text
from calipso.model.documents import Document
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.inventory.search import Rank
from calipso.stores.inventory.search_cache import SEARCH
from calipso.stores.mongo.narrow import by_keys

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
    "stale_since",
    "id_path",
    "name_path",
)


class SearchQuery(OneQuery):
    """What to look for."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="A name, id, MAC address in any writing, IP address, range of addresses "
        "(`10.0.0.0/24`), or any part of a name or id.",
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
        hits: dict[ObjectId, Rank] = {}
        for name in names:
            hits |= _by_id(inv, name, query)
        for name in names:
            for rank, key in SEARCH.index(inv, name).find(query.q, query.limit + 1, query.type):
                hits.setdefault(key, rank)
        best = sorted(hits, key=lambda key: hits[key])
        wanted = best[: query.limit]
        found = by_keys(inv.collection("inventory"), wanted)
        return {
            "items": [
                shown({name: item[name] for name in ("_id", *SHOWN) if name in item})
                | {"match": hits[item["_id"]].name.lower()}
                for item in found
                if item["environment"] in names
            ],
            "more": len(best) > query.limit,
        }


def _by_id(inv: InventoryMgr, environment: str, query: SearchQuery) -> dict[ObjectId, Rank]:
    """Objects of this very id as they are stored now; the index may be of a moment ago."""
    wanted = {"environment": environment, "id": query.q.strip()}
    found = inv.collection("inventory").find(wanted, {"type": 1}, limit=20)
    return {
        item["_id"]: Rank.EXACT
        for item in found
        if item["type"] in query.type
        or (not query.type and not str(item["type"]).endswith("_folder"))
    }
