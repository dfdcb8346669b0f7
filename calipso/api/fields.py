"""`fields=`: a name that nothing of the list has is an error, not an empty answer."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from calipso.api.errors import BadRequest, Detail
from calipso.api.parse import name as name_in_request
from calipso.api.replies import Page


def check_fields(model: type[BaseModel], query: Any, found: Any) -> None:
    """Raises BadRequest for each of `fields` that is not there. Every page of a list answers alike.

    A model may declare more with `declared_fields(query)`. Sources give objects fields of names
    nobody declares. So only a page that is the whole list shows that nothing has a field; of a
    longer list, a name is wrong when it is not declared and near one that is.
    """
    wanted: Sequence[str] = getattr(query, "fields", ())
    if not wanted or not isinstance(found, Page):
        return
    known = {"_id", *(name_in_request(key, field) for key, field in model.model_fields.items())}
    more = getattr(model, "declared_fields", None)
    known |= set(more(query)) if more else set()
    unknown = [name for name in dict.fromkeys(wanted) if name not in known]
    if found.items and found.next is None and not (query.marker or query.page):
        there = {key for item in found.items for key in item}
        wrong, why = [name for name in unknown if name not in there], "no item has a field"
    else:
        wrong, why = [name for name in unknown if _near(name, known)], "nothing declares a field"
    if not wrong:
        return
    details = [Detail("fields", f"{why} {name}{_near(name, known)}") for name in wrong]
    raise BadRequest(
        f"wrong in the query: fields: {', '.join(wrong)}",
        details=details,
        hint=f"Declared: {', '.join(sorted(known))}.",
    )


def _near(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""
