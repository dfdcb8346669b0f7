"""`/clique_constraints`: fields of a focal point that links of its clique must agree with."""

from __future__ import annotations

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.reading import EXAMPLE_KEY
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import Text
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.stores.config.clique_type_store import clique_constraints, file_key
from calipso.stores.inventory.inventory_mgr import InventoryMgr
from calipso.utils.constants import constant_values

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


class ConstraintQuery(PageQuery):
    """Filters of the list of constraints."""

    id: Key | None = Field(default=None, description="With this id.")
    focal_point_type: Text | None = Field(
        default=None, description="For focal points of this type."
    )
    constraint: list[Text] = Field(default=[], description="With all these fields.")


class ConstraintBody(Body):
    """Constraints of one focal point type."""

    focal_point_type: Text = Field(description="A value of the constant `object_types`.")
    constraints: list[Text] = Field(
        max_length=20, description="Fields; values of the constant `constraints`. None: free."
    )


class ConstraintAnswer(Answer):
    """Constraints of one focal point type."""

    id: str = ""
    focal_point_type: str = ""
    constraints: list[str] = Field(default=[], description="Fields of the focal point.")
    origin: str = Field(
        default="", description="file: of clique_types.json; stored: defined here, in its place."
    )


class ConstraintMade(Answer):
    """What was made."""

    id: str
    message: str


@ns.route("")
class CliqueConstraints(Resource):  # type: ignore[misc]
    """The list."""

    @operation(
        Need.LOGIN,
        page_of=ConstraintAnswer,
        query=ConstraintQuery,
        example={"items": [EXAMPLE], "next": None},
    )
    def get(self, caller: Caller, query: ConstraintQuery) -> Page:
        """Constraints in force, by focal point type."""
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
        """Define the constraints of a focal point type, in place of the file's."""
        key = clique_constraints(InventoryMgr()).add(_document(body))
        answer = {"id": str(key), "message": "created a new clique_constraint"}
        return Reply(answer, 201, {"Location": f"{ROOT}/{key}"})


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
        """Replace constraints that were defined here."""
        old, document = _own(key), _document(body)
        clique_constraints(InventoryMgr()).replace(old["_id"], document)
        return shown({"_id": old["_id"], "origin": "stored"} | document)

    @operation(Need.ADMIN, status=204, errors=(404, 409))
    def delete(self, key: Key, caller: Caller) -> None:
        """Delete constraints that were defined here; the file's hold again."""
        clique_constraints(InventoryMgr()).delete(_own(key)["_id"])


def _all() -> list[Document]:
    """Constraints in force."""
    _, constraints = load_clique_types(InventoryMgr())
    return [
        {"origin": "stored" if "_id" in item else "file", "_id": file_key(item), **item}
        for item in constraints
    ]


def _one(key: str) -> Document:
    found = [item for item in _all() if str(item["_id"]) == key]
    if not found:
        raise NotFound(f"no clique constraint {key}")
    return found[0]


def _own(key: str) -> Document:
    """A stored one. Raises NotFound, or Conflict for one of the file."""
    found = _one(key)
    if found["origin"] != "stored":
        raise Conflict(
            f"the clique constraint for {found['focal_point_type']} is of the file",
            hint="POST one for this focal point type; it takes its place.",
        )
    return found


def _document(body: ConstraintBody) -> Document:
    """The body as it is stored. Raises BadRequest that names each wrong field."""
    problems = [
        Detail("constraints", f"{name} is no value of the constant constraints")
        for name in body.constraints
        if name not in constant_values("constraints")
    ]
    if body.focal_point_type not in constant_values("object_types"):
        text = f"{body.focal_point_type} is no value of the constant object_types"
        problems.append(Detail("focal_point_type", text))
    if problems:
        raise BadRequest("wrong in the body", details=problems)
    return {"focal_point_type": body.focal_point_type, "constraints": body.constraints}
