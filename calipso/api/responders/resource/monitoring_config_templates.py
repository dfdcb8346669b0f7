"""`/monitoring_config_templates`: pieces of monitoring configuration, as stored."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, shown
from calipso.api.schemas import Answer, Key
from calipso.errors import NotFound
from calipso.stores.mongo.encoding import decode
from calipso.stores.mongo.mongo_access import MongoAccess

ns = Namespace(
    "monitoring_config_templates",
    description="Pieces of monitoring configuration; none until monitoring is set up.",
    path="/monitoring_config_templates",
)

COLLECTION = "monitoring_config_templates"
EXAMPLE = {
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "side": "client",
    "type": "client_check_otep.json",
    "order": "1",
    "monitoring_system": "sensu",
}


class TemplateQuery(PageQuery):
    """Filters of the list."""

    id: Key | None = Field(default=None, description="The one with this id.")
    order: int | None = Field(
        default=None, ge=0, le=10_000, description="With this order, stored as number or text."
    )
    side: str | None = Field(default=None, description="`client` or `server`.")
    type: str | None = Field(default=None, description="For this file.")


class TemplateAnswer(Answer):
    """A template."""

    id: str = ""
    side: str = ""
    type: str = ""


@ns.route("")
class Templates(Resource):  # type: ignore[misc]
    """All templates."""

    @listing(TemplateAnswer, TemplateQuery, EXAMPLE)
    def get(self, caller: Caller, query: TemplateQuery) -> Page:
        """Templates, by side and type."""
        wanted: dict[str, Any] = query.model_dump(include={"side", "type"}, exclude_none=True)
        if query.order is not None:
            wanted["order"] = {"$in": [query.order, str(query.order)]}
        if query.id is not None:
            wanted["_id"] = ObjectId(query.id)
        return page(MongoAccess().db[COLLECTION], wanted, query, order=("side", "type"))


@ns.route("/<string:key>")
class Template(Resource):  # type: ignore[misc]
    """One template."""

    @operation(Need.LOGIN, answer=TemplateAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: str, caller: Caller) -> dict[str, Any]:
        """One template by its id."""
        wanted = {"_id": ObjectId(key)} if ObjectId.is_valid(key) else {"_id": None}
        found = MongoAccess().db[COLLECTION].find_one(wanted)
        if found is None:
            raise NotFound(f"no monitoring configuration template {key}")
        return shown(decode(found))
