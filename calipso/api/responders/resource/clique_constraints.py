"""`/clique_constraints`: fields of a focal point that links of its clique must agree with."""

from __future__ import annotations

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.definitions import (
    created,
    in_force,
    one_of_key,
    refuse,
    stored_only,
    wrong_words,
)
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.reading import EXAMPLE_KEY
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import Text
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.model.documents import Document
from calipso.stores.config.clique_type_store import clique_constraints
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ns = Namespace(
    "clique_constraints",
    description="What links of a clique must agree with.",
    path="/clique_constraints",
)

ROOT = "/api/v1/clique_constraints"
ORDER = ("focal_point_type",)

EXAMPLE = {
    "id": EXAMPLE_KEY,
    "_id": EXAMPLE_KEY,
    "focal_point_type": "instance",
    "constraints": ["network"],
    "origin": "file",
}


#: Fields whose values are those of a constant.
WORDS = {"focal_point_type": "object_types", "constraints": "constraints"}


class ConstraintQuery(PageQuery):
    """Filters of the list of constraints."""

    id: Key | None = Field(default=None, description="With this id.")
    focal_point_type: Text | None = Field(
        default=None, description="For focal points of this type."
    )
    constraint: list[Text] = Field(default=[], description="With all these fields.")


class ConstraintBody(
    Body,
    json_schema_extra={"examples": [{"focal_point_type": "instance", "constraints": ["network"]}]},
):
    """Constraints of one focal point type."""

    focal_point_type: Text = Field(description="A value of the constant `object_types`.")
    constraints: list[Text] = Field(
        max_length=20,
        description="Fields; values of the constant `constraints`. An empty list: no constraint.",
    )


class ConstraintAnswer(Answer):
    """Constraints of one focal point type."""

    id: str = ""
    focal_point_type: str = ""
    constraints: list[str] = Field(default=[], description="Fields of the focal point.")
    origin: str = Field(
        default="",
        description="file: from clique_types.json; stored: defined here, replaces the file's.",
    )


class ConstraintMade(Answer):
    """What was made."""

    id: str
    message: str


@ns.route("")
class CliqueConstraints(Resource):  # type: ignore[misc]
    """The list."""

    @listing(ConstraintAnswer, ConstraintQuery, EXAMPLE)
    def get(self, caller: Caller, query: ConstraintQuery) -> Page:
        """Constraints that apply, by focal point type."""
        found = [
            item
            for item in _all()
            if query.focal_point_type in (None, item["focal_point_type"])
            and query.id in (None, str(item["_id"]))
            and set(query.constraint) <= set(item["constraints"])
        ]
        return page_of(found, query, order=ORDER)

    @operation(
        Need.ADMIN,
        answer=ConstraintMade,
        body=ConstraintBody,
        status=201,
        errors=(409,),
        example={"id": EXAMPLE_KEY, "message": "created a new clique_constraint"},
    )
    def post(self, caller: Caller, body: ConstraintBody) -> Reply:
        """Define the constraints of a focal point type; they replace those of the file."""
        key = clique_constraints(InventoryMgr()).add(_document(body))
        return created(ROOT, key, "clique_constraint")


@ns.route("/<string:key>")
class CliqueConstraint(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=ConstraintAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: Key, caller: Caller) -> Document:
        """The constraints of one focal point type."""
        return shown(_one(key))

    @operation(
        Need.ADMIN,
        answer=ConstraintAnswer,
        body=ConstraintBody,
        errors=(404, 409),
        example=EXAMPLE | {"origin": "stored"},
    )
    def put(self, key: Key, caller: Caller, body: ConstraintBody) -> Document:
        """Replace constraints defined by the API."""
        old, document = _own(key), _document(body)
        clique_constraints(InventoryMgr()).replace(old["_id"], document)
        return shown({"_id": old["_id"], "origin": "stored"} | document)

    @operation(Need.ADMIN, status=204, errors=(404, 409))
    def delete(self, key: Key, caller: Caller) -> None:
        """Delete constraints defined by the API; those of the file apply again."""
        clique_constraints(InventoryMgr()).delete(_own(key)["_id"])


def _all() -> list[Document]:
    """Constraints that apply."""
    _, constraints = load_clique_types(InventoryMgr())
    return in_force(constraints)


def _one(key: str) -> Document:
    return one_of_key(_all(), key, "clique constraint")


def _own(key: str) -> Document:
    """A stored one. Raises NotFound, or Conflict for one of the file."""
    found = _one(key)
    return stored_only(
        found,
        f"the clique constraint for {found['focal_point_type']}",
        hint="POST one for this focal point type; it replaces the one of the file.",
    )


def _document(body: ConstraintBody) -> Document:
    """The body as it is stored. Raises BadRequest that names each wrong field."""
    document = body.model_dump()
    refuse(wrong_words(document, WORDS))
    return document
