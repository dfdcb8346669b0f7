"""`/links`: two objects that touch, and in what state."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from flask_restx import Namespace, Resource
from pydantic import Field, WithJsonSchema

from calipso.api.ages import page_with_ages
from calipso.api.auth.caller import Caller
from calipso.api.gather import gathered
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
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
from calipso.api.schemas import Answer, Key
from calipso.api.words import Text, UtcTime
from calipso.model.documents import Document
from calipso.stores.inventory.ages import aged_links
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.stores.mongo.encoding import encode

ns = Namespace("links", description="Links between objects.", path="/")

ORDER = ("environment", "link_type", "source", "target", "link_name")
LEAD = ("link_type", "source")

EXAMPLE = {
    "id": "65a1f0c2d4e8b1a2c3d4e5a0",
    "_id": "65a1f0c2d4e8b1a2c3d4e5a0",
    "environment": "prod",
    "link_type": "vnic-vedge",
    "link_name": "private",
    "source": EXAMPLE_KEY,
    "source_id": "compute-1-tap8a0382a0-5b",
    "target": "65a1f0c2d4e8b1a2c3d4e5b1",
    "target_id": "compute-1-OVS",
    "host": "compute-1",
    "state": "up",
    "implicit": False,
    "attributes": {"network": "b6fd5175-4b22-4256-9b1a-9fc4b9dce1fe", "tag": 3},
    "last_scanned": "2026-05-04T03:00:12Z",
}


class LinkState(StrEnum):
    """State of a link, as the system reports it."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


AttributeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_ .:-]{0,63}$")]


class LinkQuery(EnvironmentPage):
    """Filters of the list of links."""

    OPEN: ClassVar[tuple[str, str]] = ("attributes:", "attributes:network")

    id: Key | None = Field(default=None, description="With this id.")
    link_type: Text | None = Field(default=None, description="`<source type>-<target type>`.")
    link_name: Text | None = Field(default=None, description="Of this name.")
    host: Text | None = Field(default=None, description="On this host.")
    source_id: Text | None = Field(default=None, description="From the object of this id.")
    target_id: Text | None = Field(default=None, description="To the object of this id.")
    state: LinkState | None = Field(default=None, description="In this state.")
    implicit: bool | None = Field(
        default=None, description="true: links derived from other links; false: the others."
    )
    attributes: Annotated[
        dict[AttributeName, Text], WithJsonSchema({"type": "string"}, mode="validation")
    ] = Field(
        default_factory=dict,
        alias="attributes:network",
        description="Whose attribute `network` is this or has it among its values; any other "
        "attribute in the same way, `attributes:<name>`.",
    )


class LinkAnswer(Answer):
    """A link."""

    id: str = Field(default="", description="What `/links/<key>` takes.")
    environment: str = ""
    link_type: str = Field(default="", description="`<source type>-<target type>`.")
    link_name: str = ""
    source: str = Field(default="", description="Key of the object it begins at.")
    source_id: str = Field(default="", description="That object's id.")
    target: str = Field(default="", description="Key of the object it leads to.")
    target_id: str = Field(default="", description="That object's id.")
    host: str = Field(default="", description="Empty when the ends are on different hosts.")
    state: LinkState = Field(default=LinkState.UNKNOWN, description="As the system reports it.")
    implicit: bool = False
    attributes: dict[str, Any] = Field(
        default={},
        description="`network`: id, or ids, of the networks whose traffic it carries; `tag`: VLAN "
        "of the switch port; `reason`: why it is not up, `<code>: <message>`.",
    )
    last_scanned: UtcTime | None = Field(default=None, description="When its older end was read.")
    stale_since: UtcTime | None = Field(
        default=None, description="An end of it could not be read again since then."
    )


@ns.route("/links")
class Links(Resource):  # type: ignore[misc]
    """The list."""

    @listing(LinkAnswer, LinkQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: LinkQuery) -> Page:
        """Links by environment and type."""
        wanted = seen(caller, query.env_name)
        fields = {"link_type", "link_name", "host", "source_id", "target_id", "state", "implicit"}
        wanted |= query.model_dump(include=fields, exclude_none=True, mode="json")
        if query.id is not None:
            wanted |= by_key(query.id)
        for name, value in encode(query.attributes).items():
            wanted[f"attributes.{name}"] = {"$in": _meant(value)}
        inv = opened(query)
        collection = inv.collection("links")

        def fetch(query: PageQuery) -> Page:
            if "source_id" in wanted or "target_id" in wanted:
                return gathered(collection, _ends(inv, wanted), wanted, query, order=ORDER)
            return page(collection, wanted, query, order=ORDER, lead=LEAD)

        return page_with_ages(fetch, query, inv, aged_links)


def _ends(inv: InventoryMgr, wanted: Document) -> list[Document]:
    """Conditions for the links of the objects that `source_id` or `target_id` means."""
    given = wanted["environment"]
    names = [given] if isinstance(given, str) else given["$in"]
    side = "source" if "source_id" in wanted else "target"
    ends = [
        item["_id"]
        for name in names
        for item in inv.find_items({"environment": name, "id": wanted[f"{side}_id"]}, ("id",))
    ]
    return [{side: end} for end in ends]


def _meant(text: str) -> list[Any]:
    """Values that a text of a query may mean: it may be stored as a number."""
    return [text, int(text)] if text.isdecimal() and len(text) < 10 else [text]


@ns.route("/links/<string:key>")
class Link(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=LinkAnswer, query=OneQuery, errors=(404,), example=EXAMPLE)
    def get(self, key: Key, caller: Caller, query: OneQuery) -> Document:
        """One link by its id."""
        inv = opened(query)
        return shown(aged_links(inv, [one_of(inv, "links", key, caller, "link")])[0])


@ns.route("/inventory/<string:key>/links")
class ObjectLinks(Resource):  # type: ignore[misc]
    """Links of one object."""

    @listing(LinkAnswer, InventoryPage, EXAMPLE, errors=(404,))
    def get(self, key: Key, caller: Caller, query: InventoryPage) -> Page:
        """The links an object is an end of."""
        inv = opened(query)
        end = one_object(inv, key, caller)
        ends = [{"source": end["_id"]}, {"target": end["_id"]}]

        def fetch(query: PageQuery) -> Page:
            return gathered(inv.collection("links"), ends, {}, query, order=ORDER)

        return page_with_ages(fetch, query, inv, aged_links)
