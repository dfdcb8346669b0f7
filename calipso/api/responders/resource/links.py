"""`/links`: two objects that touch, and in what state."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, shown
from calipso.api.schemas import Answer, Key, Query
from calipso.utils.inventory_mgr import InventoryMgr

ns = Namespace("links", description="Links between objects.", path="/links")

ORDER = ("environment", "link_type", "source", "target", "link_name")


class LinkQuery(PageQuery):
    """Filters of the list of links."""

    env_name: str | None = Field(default=None, description="Of this environment.")
    link_type: str | None = Field(default=None, description="`<source type>-<target type>`.")
    host: str | None = Field(default=None, description="On this host.")


class LinkAnswer(Answer):
    """A link."""

    id: str = ""
    environment: str = ""
    link_type: str = ""
    state: str = Field(default="", description="up, down or unknown: read, not assumed.")


class OneQuery(Query):
    """Which inventory to read."""

    inventory: str | None = Field(default=None, description="Inventory collection.")


@ns.route("")
class Links(Resource):  # type: ignore[misc]
    """The list."""

    @operation(Need.LOGIN, page_of=LinkAnswer, query=LinkQuery, errors=(404,))
    def get(self, caller: Caller, query: LinkQuery) -> Page:
        """Links, by environment and type."""
        wanted: dict[str, Any] = caller.environments(query.env_name)
        wanted |= query.model_dump(include={"link_type", "host"}, exclude_none=True)
        return page(InventoryMgr().collection("links"), wanted, query, order=ORDER)


@ns.route("/<string:key>")
class Link(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=LinkAnswer, query=OneQuery, errors=(404,))
    def get(self, key: Key, caller: Caller, query: OneQuery) -> dict[str, Any]:
        """One link by its id."""
        wanted = {"_id": ObjectId(key)} if ObjectId.is_valid(key) else {"_id": None}
        found = InventoryMgr(query.inventory).find_all("links", wanted)
        return shown(caller.check_seen(found[0] if found else None, f"link {key}"))
