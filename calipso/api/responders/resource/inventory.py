"""`/inventory`: the objects that scans found, one of them, and the tree they form."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller
from calipso.api.errors import BadRequest, Detail
from calipso.api.gather import gathered
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import page
from calipso.api.reading import (
    EXAMPLE_KEY,
    EnvironmentPage,
    InventoryPage,
    OneQuery,
    one_object,
    opened,
    seen,
)
from calipso.api.replies import Page, shown
from calipso.api.schemas import Answer, Key
from calipso.api.words import EnvironmentName, Text, UtcTime
from calipso.model.documents import Document
from calipso.model.types import COMMON, OBJECT_TYPES, example, kind_fields, object_type
from calipso.stores.inventory.branches import below
from calipso.stores.inventory.inventory_mgr import types_without_folders
from calipso.stores.mongo.driver import Collection
from calipso.stores.mongo.stretches import prefix_range
from calipso.stores.mongo.walk import is_long
from calipso.utils.constants import constant_values

ns = Namespace("inventory", description="Objects of the clouds.", path="/inventory")


ORDER = ("environment", "type", "id")
LEAD = ("type", "id")
SORTABLE = ("name", "name_path", "last_scanned")

#: Where an object says of what kind within its type it is.
SUB_TYPES = kind_fields()

EXAMPLE = example("vnic") | {"_id": EXAMPLE_KEY}


class ObjectQuery(EnvironmentPage):
    """Filters of the list of objects."""

    id: Text | None = Field(default=None, description="With this id.")
    id_path: Text | None = Field(
        default=None, description="With this path in the tree (`id_path`)."
    )
    parent_id: Text | None = Field(default=None, description="Children of the object of this id.")
    parent_path: Text | None = Field(
        default=None, description="Children of the object at this place of the tree."
    )
    sub_tree: bool = Field(
        default=False, description="With `parent_path`: that object and all that is below it."
    )
    type: Text | None = Field(default=None, description="Of this type, such as `vnic`.")
    sub_type: Text | None = Field(
        default=None,
        description=f"Of this kind within its type: the value of {', '.join(SUB_TYPES)}.",
        examples=["instance_vnic"],
    )
    host: Text | None = Field(default=None, description="On this host.")
    name: Text | None = Field(default=None, description="Name begins so.")
    stale: bool | None = Field(
        default=None,
        description="true: objects that the last scan could not read; false: the rest.",
    )
    folders: bool = Field(
        default=True,
        description="false: without the folders of the tree, as `calipso inventory list` has it.",
    )
    problems: bool | None = Field(
        default=None, description="true: with which something is wrong; false: the rest."
    )


class ProblemAnswer(Answer):
    """One thing that is wrong with an object."""

    code: str = Field(description="Stable name of the fault, such as `wrong_vlan`.")
    message: str = ""
    hint: str = ""
    since: UtcTime | None = Field(default=None, description="The scan that found it first.")
    found_by: dict[str, str] = Field(default={}, description="The fetch or link finder.")


class ObjectAnswer(Answer):
    """An object. What its source says beyond these fields is kept under the source's names."""

    key: str = Field(default="", alias="_id", description="What `/inventory/<key>` takes.")
    environment: str = ""
    type: str = ""
    id: str = Field(default="", description="Unique with environment and type.")
    name: str = ""
    object_name: str = ""
    host: str = ""
    parent_id: str = ""
    parent_type: str = ""
    id_path: str = Field(default="", description="Ids from the environment down.")
    name_path: str = ""
    show_in_tree: bool = True
    state: str | None = Field(default="", description="up, down or unknown, where it has one.")
    last_scanned: UtcTime | None = None
    scan_id: str = Field(default="", description="The scan that saw it last.")
    stale_since: UtcTime | None = Field(
        default=None, description="It could not be read again since then."
    )
    problems: list[ProblemAnswer] | None = Field(
        default=None, description="What is wrong with it, by code; see docs/problems.md."
    )

    @classmethod
    def declared_fields(cls, query: Any) -> set[str]:
        """Names of the fields of objects of the type asked for, or of any type."""
        wanted = getattr(query, "type", None)
        types = [object_type(wanted)] if wanted else OBJECT_TYPES.values()
        fields = (*COMMON, *(field for declared in types for field in declared.fields))
        return {field.name for field in fields}


class TreeQuery(OneQuery):
    """How much of a tree."""

    depth: int = Field(default=2, ge=1, le=20, description="Levels below the object.")
    limit: int = Field(default=1000, ge=1, le=10_000, description="Objects at most.")


class EnvironmentTreeQuery(TreeQuery):
    """A tree from its top."""

    env_name: EnvironmentName = Field(description="Of this environment.")


class BranchAnswer(Answer):
    """An object of the tree and what is below it."""

    key: str = Field(default="", alias="_id", description="Not there for an environment itself.")
    type: str
    id: str
    name: str = ""
    folder: bool = Field(description="True: it only groups the children of an object.")
    hidden: int = Field(description="Children that are not shown here.")
    children: list[dict[str, Any]] = Field(description="Its children, with the same fields.")


class TreeAnswer(BranchAnswer):
    """The top of the branch."""

    truncated: bool = Field(description="True: there is more than the limit.")
    count: int = Field(description="Objects shown.")


TREE = {
    "_id": EXAMPLE_KEY,
    "type": "vnics_folder",
    "id": "2f0c1a7e-vnics",
    "name": "vNICs",
    "folder": True,
    "hidden": 0,
    "children": [
        {
            "_id": "65a1f0c2d4e8b1a2c3d4e5f7",
            "type": "vnic",
            "id": "compute-1-tap8a0382a0-5b",
            "name": "tap8a0382a0-5b",
            "folder": False,
            "hidden": 0,
            "children": [],
        }
    ],
    "truncated": False,
    "count": 2,
}


@ns.route("")
class Objects(Resource):  # type: ignore[misc]
    """The list."""

    @listing(ObjectAnswer, ObjectQuery, EXAMPLE, errors=(404,))
    def get(self, caller: Caller, query: ObjectQuery) -> Page:
        """Objects by environment, type and id; folders of the tree are among them."""
        collection = opened(query).collection("inventory")
        where = seen(caller, query.env_name)
        rest = _filter(query)
        if not query.folders and query.type is None:
            rest["type"] = {"$in": types_without_folders(collection, where)}
        narrow: list[Document] | None
        if query.parent_path is not None:
            narrow, more = _placed(collection, query.parent_path, query, caller)
            rest |= more
        else:
            narrow, rest = _narrow(collection, rest, where)
        if narrow is None:
            wanted = where | rest
            return page(collection, wanted, query, order=ORDER, sortable=SORTABLE, lead=LEAD)
        return gathered(collection, narrow, rest, query, order=ORDER, sortable=SORTABLE)


def _filter(query: ObjectQuery) -> Document:
    """Conditions on the fields of an object."""
    if query.sub_tree and query.parent_path is None:
        problem = Detail("sub_tree", "needs parent_path")
        raise BadRequest("wrong in the query: sub_tree", details=[problem])
    equal = {"id", "id_path", "parent_id", "type", "host"}
    wanted: Document = query.model_dump(include=equal, exclude_none=True)
    if query.name is not None:
        wanted["name"] = prefix_range(query.name)
    if query.stale is not None:
        wanted["stale_since"] = {"$exists": query.stale}
    if query.problems is not None:
        wanted["problems"] = {"$exists": query.problems}
    if query.sub_type is not None:
        wanted["$or"] = [{name: query.sub_type} for name in SUB_TYPES]
    return wanted


def _narrow(
    collection: Collection[Document], wanted: Document, where: Document
) -> tuple[list[Document] | None, Document]:
    """Conditions for an index that narrow a filter to few objects, and the rest of the filter."""
    given = where["environment"]
    names = [given] if isinstance(given, str) else given["$in"]
    for field in ("id", "parent_id", "id_path"):
        if field in wanted:
            rest = {name: value for name, value in wanted.items() if name != field}
            return [{"environment": name, field: wanted[field]} for name in names], rest
    if "host" in wanted and len(names) == 1 and ("type" in wanted or is_long(collection)):
        types = [wanted["type"]] if "type" in wanted else constant_values("scan_object_types")
        rest = {name: value for name, value in wanted.items() if name not in ("type", "host")}
        own = {"environment": names[0], "host": wanted["host"]}
        return [{**own, "type": kind} for kind in types], rest
    return None, wanted


def _placed(
    collection: Collection[Document], path: str, query: ObjectQuery, caller: Caller
) -> tuple[list[Document], Document]:
    """The same for `parent_path`: children of the object there, or all at and below it."""
    path = "/" + path.strip("/")
    environment = path.split("/")[1]
    if not caller.sees(environment) or query.env_name not in (None, environment):
        return [], {}
    own: Document = {"environment": environment}
    if query.sub_tree:
        return [own | {"id_path": path}, own | {"id_path": prefix_range(f"{path}/")}], {}
    parent = collection.find_one(own | {"id_path": path}, {"type": 1, "id": 1})
    if path == f"/{environment}":
        parent = {"type": "environment", "id": environment}
    if parent is None:
        return [], {}
    return [own | {"parent_id": parent["id"]}], {"parent_type": parent["type"]}


@ns.route("/tree")
class EnvironmentTree(Resource):  # type: ignore[misc]
    """The tree of an environment."""

    @operation(
        Need.LOGIN, answer=TreeAnswer, query=EnvironmentTreeQuery, errors=(404,), example=TREE
    )
    def get(self, caller: Caller, query: EnvironmentTreeQuery) -> Document:
        """The tree of an environment from its top, as deep as asked for."""
        name = caller.may_view(query.env_name)
        top = {"environment": name, "type": "environment", "id": name, "name": name}
        return below(opened(query), top, query.depth, query.limit)


@ns.route("/<string:key>")
class Object(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.LOGIN, answer=ObjectAnswer, query=OneQuery, errors=(404,), example=EXAMPLE)
    def get(self, key: Key, caller: Caller, query: OneQuery) -> Document:
        """One object, all its fields; `/inventory?id=` finds its key."""
        return shown(one_object(opened(query), key, caller))


@ns.route("/<string:key>/children")
class Children(Resource):  # type: ignore[misc]
    """What is below one."""

    @listing(ObjectAnswer, InventoryPage, EXAMPLE, errors=(404,))
    def get(self, key: Key, caller: Caller, query: InventoryPage) -> Page:
        """The objects whose parent this one is."""
        inv = opened(query)
        parent = one_object(inv, key, caller)
        wanted = {"environment": parent["environment"], "parent_id": parent["id"]}
        rest = {"parent_type": parent["type"]}
        collection = inv.collection("inventory")
        return gathered(collection, [wanted], rest, query, order=ORDER, sortable=SORTABLE)


@ns.route("/<string:key>/tree")
class Tree(Resource):  # type: ignore[misc]
    """A branch of the tree."""

    @operation(Need.LOGIN, answer=TreeAnswer, query=TreeQuery, errors=(404,), example=TREE)
    def get(self, key: Key, caller: Caller, query: TreeQuery) -> Document:
        """An object and what is below it, as deep as asked for."""
        inv = opened(query)
        return below(inv, one_object(inv, key, caller), query.depth, query.limit)
