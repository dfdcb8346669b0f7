"""`/cliques`: what each focal point depends on. Its graph: graphs.py."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.ages import page_with_ages
from calipso.api.auth.caller import Caller
from calipso.api.gather import gathered
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, chosen, page, page_of
from calipso.api.reading import (
    EXAMPLE_KEY,
    EnvironmentPage,
    InventoryPage,
    OneQuery,
    by_key,
    one_object,
    one_of,
    opened,
    seen,
)
from calipso.api.replies import Page, shown
from calipso.api.responders.resource.inventory import EXAMPLE as EXAMPLE_OBJECT
from calipso.api.responders.resource.inventory import ObjectAnswer
from calipso.api.responders.resource.links import EXAMPLE as EXAMPLE_LINK
from calipso.api.responders.resource.links import LinkAnswer
from calipso.api.schemas import Answer, Key
from calipso.api.words import Text, UtcTime
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.model.documents import Document
from calipso.stores.inventory.ages import aged_cliques, aged_links
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.topology.adjacency import split_type

ns = Namespace("cliques", description="What objects depend on.", path="/")

ORDER = ("environment", "clique_type", "focal_point")
LEAD = ("clique_type", "focal_point")

#: Members, left out of lists: a network's clique has thousands.
MEMBERS = ("links", "objects")

EXAMPLE = {
    "id": "65a1f0c2d4e8b1a2c3d4e5c0",
    "_id": "65a1f0c2d4e8b1a2c3d4e5c0",
    "environment": "prod",
    "clique_type": "instance",
    "focal_point": EXAMPLE_KEY,
    "focal_point_type": "instance",
    "focal_point_id": "2f0c1a7e-0a34-4f4b-9d7f-6f2f6f0c1a7e",
    "constraints": {"network": ["b6fd5175-4b22-4256-9b1a-9fc4b9dce1fe"]},
    "last_scanned": "2026-05-04T03:00:12Z",
    "scan_id": "6563a1f0c2d4e8b1a2c3d4e5",
}


class CliqueQuery(EnvironmentPage):
    """Filters of the list of cliques."""

    id: Key | None = Field(default=None, description="With this id.")
    focal_point: Key | None = Field(default=None, description="Of the object of this key.")
    focal_point_type: Text | None = Field(
        default=None, description="Of focal points of this type, such as `instance`."
    )
    link_id: Key | None = Field(default=None, description="That have this link.")
    link_type: Text | None = Field(
        default=None, description="Whose clique type walks links of this type, either way."
    )


class MemberQuery(OneQuery):
    """How many members."""

    limit: int = Field(
        default=1000, ge=0, le=10_000, description="Largest number of links, and of objects."
    )


class CliqueAnswer(Answer):
    """A clique."""

    id: str = Field(default="", description="What `/cliques/<key>` takes.")
    environment: str = ""
    clique_type: str = Field(default="", description="Name of the clique type.")
    focal_point: str = Field(default="", description="Key of the object it is about.")
    focal_point_type: str = ""
    focal_point_id: str = Field(default="", description="That object's id.")
    constraints: dict[str, Any] = Field(
        default={}, description="Values that its links had to match."
    )
    last_scanned: UtcTime | None = Field(
        default=None, description="When its oldest object was read."
    )
    stale_since: UtcTime | None = Field(
        default=None, description="An object of it could not be read again since then."
    )


class CliqueDetail(CliqueAnswer):
    """A clique with its members."""

    links: list[str] = Field(description="Keys of its links, `limit` at most.")
    objects: list[str] = Field(description="Keys of its objects, `limit` at most.")
    link_count: int
    object_count: int
    truncated: bool = Field(
        description="True: it has more members; `/links` and `/objects` list all."
    )


@ns.route("/cliques")
class Cliques(Resource):  # type: ignore[misc]
    """The list."""

    @listing(CliqueAnswer, CliqueQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: CliqueQuery) -> Page:
        """Cliques by environment, type and focal point; members are with each one."""
        inv = opened(query)
        wanted = seen(caller, query.env_name)
        if query.focal_point_type is not None:
            wanted["focal_point_type"] = query.focal_point_type
        if query.id is not None:
            wanted |= by_key(query.id)
        if query.link_id is not None:
            wanted["links"] = by_key(query.link_id)["_id"]
        if query.link_type is not None:
            wanted["clique_type"] = {"$in": _types_with(inv, query.link_type)}
        collection = inv.collection("cliques")
        if query.focal_point is not None:
            wanted["focal_point"] = by_key(query.focal_point)["_id"]

        def fetch(query: PageQuery) -> Page:
            if "focal_point" in wanted:
                narrow = _focal(inv, wanted["focal_point"])
                return gathered(collection, narrow, wanted, query, order=ORDER, hidden=MEMBERS)
            return page(collection, wanted, query, order=ORDER, hidden=MEMBERS, lead=LEAD)

        return page_with_ages(fetch, query, inv, aged_cliques)


def _focal(inv: InventoryMgr, focal: ObjectId | None) -> list[Document]:
    """Condition for the cliques of an object, by the index there is: on its id."""
    found = inv.find_items({"_id": focal}, ("environment", "id"))
    return [{"environment": item["environment"], "focal_point_id": item["id"]} for item in found]


def _types_with(inv: InventoryMgr, link_type: str) -> list[str]:
    """Names of the clique types that walk a link type, in either direction."""
    either = {link_type, "-".join(reversed(split_type(link_type)))}
    types, _ = load_clique_types(inv)
    return sorted({item["name"] for item in types if either & set(item["link_types"])})


@ns.route("/cliques/<string:key>")
class Clique(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(
        Need.LOGIN,
        answer=CliqueDetail,
        query=MemberQuery,
        errors=(404,),
        example=EXAMPLE
        | {
            "links": ["65a1f0c2d4e8b1a2c3d4e5a0"],
            "objects": [EXAMPLE_KEY, "65a1f0c2d4e8b1a2c3d4e5b1"],
            "link_count": 1,
            "object_count": 2,
            "truncated": False,
        },
    )
    def get(self, key: Key, caller: Caller, query: MemberQuery) -> Document:
        """One clique with the keys of its members, as many as asked for."""
        inv = opened(query)
        (found,) = aged_cliques(inv, [one_of(inv, "cliques", key, caller, "clique")])
        counts = {"link_count": len(found["links"]), "object_count": len(found["objects"])}
        members = {name: found[name][: query.limit] for name in MEMBERS}
        truncated = max(counts.values()) > query.limit
        return shown(found | counts | members | {"truncated": truncated})


def _members(name: str, key: str, caller: Caller, query: InventoryPage) -> Page:
    """A page of the links or objects of a clique, in the order of their keys.

    Members that no longer exist are left out: a page may have fewer than `limit`.
    """
    inv = opened(query)
    clique = one_of(inv, "cliques", key, caller, "clique")
    only_keys = query.model_copy(update={"fields": []})
    found = page_of(({"_id": member} for member in clique[name]), only_keys, order=())
    wanted = {"_id": {"$in": [ObjectId(item["_id"]) for item in found.items]}}
    collection = "links" if name == "links" else "inventory"
    members = inv.find_all(collection, wanted, sort=[("_id", 1)])
    members = aged_links(inv, members) if name == "links" else members
    return Page(chosen(members, query.fields), found.next, found.total)


@ns.route("/cliques/<string:key>/links")
class CliqueLinks(Resource):  # type: ignore[misc]
    """Links of a clique."""

    @listing(LinkAnswer, InventoryPage, EXAMPLE_LINK, errors=(404,))
    def get(self, key: Key, caller: Caller, query: InventoryPage) -> Page:
        """The links of a clique."""
        return _members("links", key, caller, query)


@ns.route("/cliques/<string:key>/objects")
class CliqueObjects(Resource):  # type: ignore[misc]
    """Objects of a clique."""

    @listing(ObjectAnswer, InventoryPage, EXAMPLE_OBJECT, errors=(404,))
    def get(self, key: Key, caller: Caller, query: InventoryPage) -> Page:
        """The objects of a clique, the focal point among them."""
        return _members("objects", key, caller, query)


class ObjectCliqueQuery(InventoryPage):
    """Which cliques of an object."""

    member: bool = Field(
        default=False,
        description="true: every clique the object is in, so what depends on it; false: "
        "those it is the focal point of.",
    )


@ns.route("/inventory/<string:key>/cliques")
class ObjectCliques(Resource):  # type: ignore[misc]
    """Cliques of an object."""

    @listing(CliqueAnswer, ObjectCliqueQuery, EXAMPLE, errors=(404,))
    def get(self, key: Key, caller: Caller, query: ObjectCliqueQuery) -> Page:
        """Cliques an object is the focal point of, or is in."""
        inv = opened(query)
        found = one_object(inv, key, caller)
        wanted: Document = {"environment": found["environment"]}
        if query.member:
            wanted["objects"] = found["_id"]
        else:
            wanted["focal_point_id"] = found["id"]
            return _of(inv, wanted, found["_id"], query)

        def fetch(query: PageQuery) -> Page:
            return page(inv.collection("cliques"), wanted, query, order=ORDER, hidden=MEMBERS)

        return page_with_ages(fetch, query, inv, aged_cliques)


def _of(inv: InventoryMgr, wanted: Document, focal: ObjectId, query: PageQuery) -> Page:
    """Cliques of one focal point; an id may be that of objects of several types."""
    collection, rest = inv.collection("cliques"), {"focal_point": focal}

    def fetch(query: PageQuery) -> Page:
        return gathered(collection, [wanted], rest, query, order=ORDER, hidden=MEMBERS)

    return page_with_ages(fetch, query, inv, aged_cliques)
