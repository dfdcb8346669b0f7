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
    """Raises BadRequest for each of `fields` that is neither declared nor on any item of the page.

    A model may declare more with `declared_fields(query)`. Sources give objects fields of names
    nobody declares, so an empty page says nothing about those.
    """
    wanted: Sequence[str] = getattr(query, "fields", ())
    if not wanted or not isinstance(found, Page) or not found.items:
        return
    known = {name_in_request(key, field) for key, field in model.model_fields.items()}
    more = getattr(model, "declared_fields", None)
    known |= set(more(query)) if more else set()
    there = {key for item in found.items for key in item}
    wrong = [name for name in dict.fromkeys(wanted) if name not in known and name not in there]
    if not wrong:
        return
    details = [
        Detail("fields", f"no item has a field {name}{_near(name, known)}") for name in wrong
    ]
    raise BadRequest(
        f"wrong in the query: fields: {', '.join(wrong)}",
        details=details,
        hint=f"Declared: {', '.join(sorted(known))}.",
    )


def _near(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""
