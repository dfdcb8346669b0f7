"""`/clique_types`: which links make a clique, for which focal points, in which clouds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.definitions import (
    created,
    in_force,
    listed,
    one_of_key,
    refuse,
    stored_only,
    wrong_words,
)
from calipso.api.errors import BadRequest, Detail
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import PageQuery, page_of
from calipso.api.parse import checked
from calipso.api.reading import EXAMPLE_KEY
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import Name, Text
from calipso.discover.cliques.clique_types_metadata import load_clique_types
from calipso.errors import Forbidden
from calipso.model.documents import Document
from calipso.model.user import Role
from calipso.stores.config.clique_type_store import ANY, CONFIGURATION, clique_types
from calipso.stores.inventory.inventory_mgr import InventoryMgr

ns = Namespace("clique_types", description="What cliques are made of.", path="/clique_types")

ROOT = "/api/v1/clique_types"
ORDER = ("focal_point_type", "name")

EXAMPLE_BODY = {
    "name": "instance-short",
    "focal_point_type": "instance",
    "link_types": ["instance-vnic", "vnic-vedge"],
    "environment": "prod",
}
EXAMPLE = EXAMPLE_BODY | {"id": EXAMPLE_KEY, "_id": EXAMPLE_KEY, "origin": "stored"}


#: Fields whose values are those of a constant.
WORDS = {
    "focal_point_type": "object_types",
    "link_types": "link_types",
    "distribution": "distributions",
    "mechanism_drivers": "mechanism_drivers",
    "type_drivers": "type_drivers",
}


class TypeQuery(PageQuery):
    """Filters of the list of clique types."""

    env_name: Text | None = Field(
        default=None, description="Meant for this environment; `ANY`: for every one."
    )
    id: Key | None = Field(default=None, description="With this id.")
    name: Text | None = Field(default=None, description="Of this name.")
    focal_point_type: Text | None = Field(
        default=None, description="For focal points of this type."
    )
    link_type: list[Text] = Field(default=[], description="That walk all these link types.")
    distribution: Text | None = Field(default=None, description="Meant for this distribution.")
    distribution_version: Text | None = Field(
        default=None, description="With `distribution`: and this version of it."
    )
    mechanism_drivers: Text | None = Field(
        default=None, description="Meant for this mechanism driver."
    )
    type_drivers: Text | None = Field(default=None, description="Meant for this type driver.")


class TypeBody(Body, json_schema_extra={"examples": [EXAMPLE_BODY]}):
    """A clique type: for an environment, or for a configuration; not for both."""

    name: Name
    focal_point_type: Name = Field(description="A value of the constant `object_types`.")
    link_types: list[Name] = Field(
        min_length=1,
        max_length=100,
        description="Walked in this order, each in both directions; values of the constant "
        "`link_types`.",
    )
    environment: Name | None = Field(default=None, description="For this environment.")
    distribution: Name | None = Field(default=None, description="For clouds of this one.")
    distribution_version: Name | None = Field(
        default=None, description="With `distribution`: of this version."
    )
    mechanism_drivers: Name | None = Field(
        default=None, description="For clouds with this mechanism driver."
    )
    type_drivers: Name | None = Field(default=None, description="For clouds with this type driver.")
    use_implicit_links: bool = Field(
        default=False, description="Also walk links that are made of others."
    )


class TypeChange(Body, json_schema_extra={"examples": [{"link_types": ["instance-vnic"]}]}):
    """Fields to change; null takes a field away."""

    name: Name | None = None
    focal_point_type: Name | None = None
    link_types: list[Name] | None = Field(default=None, min_length=1, max_length=100)
    environment: Name | None = None
    distribution: Name | None = None
    distribution_version: Name | None = None
    mechanism_drivers: Name | None = None
    type_drivers: Name | None = None
    use_implicit_links: bool | None = None


class TypeAnswer(Answer):
    """A clique type."""

    id: str = ""
    name: str = ""
    focal_point_type: str = ""
    link_types: list[str] = Field(default=[], description="Walked in this order.")
    environment: str | None = Field(default=None, description="`ANY`: every one.")
    distribution: str | None = None
    distribution_version: str | None = None
    mechanism_drivers: str | list[str] | None = None
    type_drivers: str | list[str] | None = None
    use_implicit_links: bool = False
    origin: str = Field(
        default="",
        description="file: from clique_types.json; stored: defined by the API, used first.",
    )


class CreatedAnswer(Answer):
    """What was made."""

    id: str
    message: str


@ns.route("")
class CliqueTypes(Resource):  # type: ignore[misc]
    """The list."""

    @listing(TypeAnswer, TypeQuery, EXAMPLE)
    def get(self, caller: Caller, query: TypeQuery) -> Page:
        """Clique types that apply: those defined by the API, and the others of the file."""
        if query.distribution_version is not None and query.distribution is None:
            problem = Detail("distribution_version", "needs distribution")
            raise BadRequest("wrong in the query: distribution_version", details=[problem])
        found = [item for item in _seen(caller) if _fits(item, query)]
        return page_of(found, query, order=ORDER)

    @operation(
        Need.OPERATE,
        answer=CreatedAnswer,
        body=TypeBody,
        status=201,
        errors=(404, 409),
        example={"id": EXAMPLE_KEY, "message": "created a new clique_type"},
    )
    def post(self, caller: Caller, body: TypeBody) -> Reply:
        """Define a clique type; the next scan uses it."""
        document = _document(body)
        _check_owner(caller, document)
        key = clique_types(InventoryMgr()).add(document)
        return created(ROOT, key, "clique_type")


@ns.route("/<string:key>")
class CliqueType(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=TypeAnswer, errors=(404,), example=EXAMPLE)
    def get(self, key: Key, caller: Caller) -> Document:
        """One clique type."""
        return shown(_one(caller, key))

    @operation(Need.OPERATE, answer=TypeAnswer, body=TypeBody, errors=(404, 409), example=EXAMPLE)
    def put(self, key: Key, caller: Caller, body: TypeBody) -> Document:
        """Replace a clique type defined by the API."""
        return _replaced(caller, _own(caller, key), _document(body))

    @operation(Need.OPERATE, answer=TypeAnswer, body=TypeChange, errors=(404, 409), example=EXAMPLE)
    def patch(self, key: Key, caller: Caller, body: TypeChange) -> Document:
        """Change fields of a clique type defined by the API."""
        old = _own(caller, key)
        changes = body.model_dump(exclude_unset=True)
        known = {name: value for name, value in old.items() if name in TypeBody.model_fields}
        merged = {k: v for k, v in (known | changes).items() if v is not None}
        return _replaced(caller, old, _document(checked(TypeBody, merged, "body", [])))

    @operation(Need.OPERATE, status=204, errors=(404, 409))
    def delete(self, key: Key, caller: Caller) -> None:
        """Delete a clique type defined by the API; the default of the file applies again."""
        clique_types(InventoryMgr()).delete(_own(caller, key)["_id"])


def _seen(caller: Caller) -> list[Document]:
    """Clique types that apply and that the caller may view."""
    types, _ = load_clique_types(InventoryMgr())
    return in_force(
        _plain(item)
        for item in types
        if item.get("environment") in (ANY, None) or caller.sees(str(item["environment"]))
    )


def _plain(item: Mapping[str, Any]) -> Document:
    return {name: value for name, value in item.items() if name != "_comment"}


def _fits(item: Mapping[str, Any], query: TypeQuery) -> bool:
    given = query.model_dump(
        include={"name", "focal_point_type", *CONFIGURATION}, exclude_none=True
    )
    if query.env_name is not None:
        given["environment"] = query.env_name
    if query.id is not None and str(item["_id"]) != query.id:
        return False
    if not set(query.link_type) <= set(item["link_types"]):
        return False
    return all(value in listed(item.get(name)) for name, value in given.items())


def _one(caller: Caller, key: str) -> Document:
    return one_of_key(_seen(caller), key, "clique type")


def _own(caller: Caller, key: str) -> Document:
    """A stored one that the caller may change. Raises NotFound, Conflict or Forbidden."""
    found = _one(caller, key)
    stored_only(
        found,
        f"clique type {found['name']} for {found['focal_point_type']}",
        hint="Define one for an environment or a configuration; it is used first.",
    )
    if (
        caller.role is not Role.ADMIN
    ):  # admins may also clean up after an environment that was removed
        _check_owner(caller, found)
    return found


def _check_owner(caller: Caller, document: Mapping[str, Any]) -> None:
    """Raises Forbidden for a caller who may not edit its environment, or all of them."""
    environment = document.get("environment")
    if environment:
        caller.may_edit(str(environment))
    elif caller.role is not Role.ADMIN:
        raise Forbidden(
            f"{caller.name} may not define clique types for all environments",
            hint="Name an environment, or ask an admin.",
        )


def _replaced(caller: Caller, old: Mapping[str, Any], document: Document) -> Document:
    _check_owner(caller, document)
    clique_types(InventoryMgr()).replace(old["_id"], document)
    return shown({"origin": "stored", "_id": old["_id"]} | document)


def _document(body: TypeBody) -> Document:
    """The body as it is stored. Raises BadRequest that names each wrong field."""
    document = body.model_dump(exclude_none=True)
    refuse([*wrong_words(document, WORDS), *_rules(document)])
    return document


def _rules(document: Mapping[str, Any]) -> list[Detail]:
    problems = []
    configured = [field for field in CONFIGURATION if document.get(field)]
    if document.get("environment") == ANY:
        problems.append(Detail("environment", "ANY is reserved for the defaults"))
    if bool(document.get("environment")) == bool(configured):
        text = "give either an environment or a configuration"
        problems.append(Detail("environment", text))
    if document.get("distribution_version") and not document.get("distribution"):
        problems.append(Detail("distribution_version", "needs distribution"))
    return problems
