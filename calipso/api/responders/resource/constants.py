"""`/constants`: the words of types, states and drivers."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.replies import Page
from calipso.api.schemas import Answer
from calipso.errors import NotFound
from calipso.utils.constants import load_constants
from calipso.utils.metadata_parser import nearest

ns = Namespace("constants", description="Words of the model.", path="/constants")

EXAMPLE = {
    "id": "link_states",
    "name": "link_states",
    "data": [{"label": "up", "value": "up"}, {"label": "down", "value": "down"}],
}


class ConstantQuery(PageQuery):
    """Filters of the list."""

    name: str | None = Field(default=None, description="The list with this name.")
    id: str | None = Field(default=None, description="Same as `name`.")


class Word(BaseModel):
    """A word."""

    label: str
    value: str | int = Field(description="Text, or a number where the original has one.")


class ConstantAnswer(Answer):
    """A list of words."""

    id: str = ""
    name: str = ""
    data: list[Word] = Field(default=[])


def constants() -> list[dict[str, Any]]:
    """All lists of words."""
    return [
        {"_id": name, "id": name, "name": name, "data": data}
        for name, data in load_constants().items()
        if isinstance(data, list)
    ]


@ns.route("")
class Constants(Resource):  # type: ignore[misc]
    """All lists of words."""

    @listing(ConstantAnswer, ConstantQuery, EXAMPLE)
    def get(self, caller: Caller, query: ConstantQuery) -> Page:
        """Constants, by name."""
        found = [
            item
            for item in constants()
            if query.name in (None, item["name"]) and query.id in (None, item["name"])
        ]
        return page_of(found, query, order=("name",))


@ns.route("/<string:name>")
class Constant(Resource):  # type: ignore[misc]
    """One list of words."""

    @operation(Need.LOGIN, answer=ConstantAnswer, errors=(404,), example=EXAMPLE)
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """One list by its name."""
        known = {item["name"]: item for item in constants()}
        if name not in known:
            raise NotFound(
                f"no constants {name}{nearest(name, known)}",
                hint="GET /api/v1/constants?fields=name lists them.",
            )
        return known[name]
