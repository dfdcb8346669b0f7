"""Notifications as oslo.messaging sends them: a body becomes a checked, cleaned notification.

Bodies are not trusted. What is no notification raises InvalidNotification with a reason of a few
words, which is counted. Tokens and passwords are dropped here, before anything is stored or logged:
releases before the redaction in oslo.messaging send a live token with each message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from calipso.errors import CalipsoError
from calipso.model.documents import Document
from calipso.model.section_base import is_secret_key
from calipso.settings import settings

#: Fields of the context that are kept: who made the change, and by which request.
CONTEXT = (
    *("request_id", "global_request_id", "user_id", "user_name", "user"),
    *("project_id", "project_name", "project", "tenant_id"),
)

#: Keys of a payload that hold secrets and do not look like it.
SECRET_KEYS = frozenset(
    {"admin_pass", "adminpass", "user_data", "injected_files", "key_data", "service_catalog"}
)

#: Fields of a notification beside its context.
FIELDS = ("event_type", "message_id", "priority", "publisher_id", "timestamp")

DEPTH = 20
LONGEST_WORD = 255
#: What the nested object of Nova's versioned notifications is called.
NOVA_DATA = "nova_object.data"


class InvalidNotification(CalipsoError):
    """A body that is no notification; the message is one of a few reasons, to be counted."""


def parse(body: bytes | str | Mapping[str, Any]) -> Document:
    """Return the notification of a message's body. Raises InvalidNotification.

    `event_type` and `message_id` are always there; a message without an id gets one that follows
    from its content, so that a copy of it is known.
    """
    content = _opened(body)
    kind = content.get("event_type")
    if not isinstance(kind, str) or not 0 < len(kind) <= LONGEST_WORD:
        raise InvalidNotification("no event_type")
    payload = content.get("payload", {})
    if not isinstance(payload, dict):
        raise InvalidNotification("payload is no object")
    found: Document = {name: _word(content.get(name)) for name in FIELDS}
    found["message_id"] = found["message_id"] or _made_id(content)
    for name in CONTEXT:
        if value := _word(content.get(f"_context_{name}")):
            found[f"_context_{name}"] = value
    found["payload"] = _cleaned(payload, 1)
    return found


def data_of(notification: Mapping[str, Any]) -> Document:
    """Return the payload of a notification; of a versioned one of Nova, the object in it."""
    payload = notification.get("payload")
    if not isinstance(payload, dict):
        return {}
    inner = payload.get(NOVA_DATA, payload)
    return inner if isinstance(inner, dict) else {}


def context_of(notification: Mapping[str, Any]) -> Document:
    """Return who made the change, and by which request; fields that are not told are empty."""

    def first(*names: str) -> str:
        values = (str(notification.get(f"_context_{name}") or "") for name in names)
        return next(filter(None, values), "")

    data = data_of(notification)
    request = first("request_id") or _word(data.get("request_id"))
    return {
        "request_id": request,
        "global_request_id": first("global_request_id"),
        "user_id": first("user_id", "user"),
        "user": first("user_name"),
        "project_id": first("project_id", "project", "tenant_id"),
        "project": first("project_name"),
    }


def sent_at(notification: Mapping[str, Any]) -> datetime | None:
    """Return when a service sent a notification, by its clock; None when it does not say."""
    try:
        moment = datetime.fromisoformat(str(notification.get("timestamp") or ""))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= 2999 else None


def _opened(body: bytes | str | Mapping[str, Any]) -> Document:
    """Return the content of an envelope, or the body itself when it has none."""
    envelope = _object(body)
    if "oslo.message" not in envelope:
        return envelope
    version = str(envelope.get("oslo.version", "2.0"))
    if version.partition(".")[0] not in ("1", "2"):
        raise InvalidNotification("unknown version of the envelope")
    return _object(envelope["oslo.message"])


def _object(text: Any) -> Document:
    if isinstance(text, Mapping):
        return dict(text)
    if not isinstance(text, bytes | str):
        raise InvalidNotification("no JSON object")
    if len(text) > settings().event_bytes:
        raise InvalidNotification("too large")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # also what is no UTF-8
        raise InvalidNotification("no JSON") from None
    if not isinstance(found, dict):
        raise InvalidNotification("no JSON object")
    return found


def _word(value: Any) -> str:
    """Return a value as a short text; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:LONGEST_WORD]


def _made_id(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _cleaned(value: Any, depth: int) -> Any:
    """Return a value without secrets, and without what MongoDB cannot hold."""
    if isinstance(value, dict | list) and depth >= DEPTH:
        return None
    if isinstance(value, dict):
        return {
            _name(key): _cleaned(item, depth + 1)
            for key, item in value.items()
            if not (is_secret_key(key) or key.lower() in SECRET_KEYS)
        }
    if isinstance(value, list):
        return [_cleaned(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)[:LONGEST_WORD]
    return value


def _name(key: str) -> str:
    return key.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
