"""What a resource answers with: JSON of stored documents, times in UTC, `_id`s as text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bson import ObjectId
from flask import Response
from pydantic import BaseModel

from calipso.model.documents import Document


@dataclass
class Reply:
    """An answer that is not just a body with the usual status."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """One page of a list; `next` is the marker of the page after it."""

    items: list[Document]
    next: str | None = None
    total: int | None = None

    def document(self) -> Document:
        """As it is sent."""
        body: Document = {"items": self.items, "next": self.next}
        return body if self.total is None else body | {"total": self.total}


def shown(document: Mapping[str, Any]) -> Document:
    """A stored document as it is sent: `_id` as text, and as `id` where it has no other."""
    found = dict(document)
    if "_id" in found:
        found["_id"] = str(found["_id"])
        found.setdefault("id", found["_id"])
    return found


def all_shown(documents: Iterable[Mapping[str, Any]]) -> list[Document]:
    """Several of them."""
    return [shown(document) for document in documents]


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer; 204 has no body."""
    text = "" if status == 204 else json.dumps(body, default=plain, ensure_ascii=False) + "\n"
    response = Response(text, status=status, content_type="application/json")
    if status == 204:
        response.headers.pop("Content-Type", None)
    response.headers.update(headers or {})
    return response


def etag_of(response: Response) -> str:
    """The `ETag` of an answer."""
    return hashlib.sha256(response.get_data()).hexdigest()[:32]


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in `Z`."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A value of a type that JSON does not have, as it is sent."""
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, ObjectId | date):
        return str(value)
    if isinstance(value, Page):
        return value.document()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset | tuple):
        return sorted(value, key=str)
    return str(value)
