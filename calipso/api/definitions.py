"""What the file `clique_types.json` ships and people may define in its place.

Clique types and clique constraints are answered alike: `origin` says where each comes from, and
only what is stored can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calipso.api.errors import BadRequest, Detail
from calipso.api.replies import Reply
from calipso.errors import Conflict, NotFound
from calipso.model.documents import Document
from calipso.stores.config.clique_type_store import file_key
from calipso.utils.constants import constant_values


def in_force(items: Iterable[Mapping[str, Any]]) -> list[Document]:
    """Definitions with `_id` and `origin`: `stored`, or `file`."""
    return [
        {"origin": "stored" if "_id" in item else "file", "_id": file_key(item)} | dict(item)
        for item in items
    ]


def one_of_key(items: Iterable[Document], key: str, what: str) -> Document:
    """The definition with this id. Raises NotFound; `what` names its kind."""
    for item in items:
        if str(item["_id"]) == key:
            return item
    raise NotFound(f"no {what} {key}")


def stored_only(found: Document, name: str, hint: str) -> Document:
    """The definition, when it is stored. Raises Conflict for one of the file."""
    if found["origin"] != "stored":
        raise Conflict(f"{name} comes from the file and cannot be changed", hint=hint)
    return found


def created(root: str, key: Any, what: str) -> Reply:
    """The answer to a new definition; `Location` names it."""
    answer = {"id": str(key), "message": f"created a new {what}"}
    return Reply(answer, 201, {"Location": f"{root}/{key}"})


def wrong_words(document: Mapping[str, Any], constants: Mapping[str, str]) -> list[Detail]:
    """Values of fields that are not among those of the field's constant."""
    return [
        Detail(field, f"{value} is not a value of the constant {constant}")
        for field, constant in constants.items()
        for value in listed(document.get(field))
        if value is not None and value not in constant_values(constant)
    ]


def refuse(problems: list[Detail]) -> None:
    """Raises BadRequest that names each wrong field of a body, if there is one."""
    if problems:
        names = ", ".join(problem.field for problem in problems)
        raise BadRequest(f"wrong in the body: {names}", details=problems)


def listed(value: Any) -> list[Any]:
    """A value, or the values of a list."""
    return value if isinstance(value, list) else [value]
