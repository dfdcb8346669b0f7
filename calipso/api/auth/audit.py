"""The audit: each request that changes something leaves an entry, also when it failed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, g, request
from pydantic import BaseModel

from calipso.errors import CalipsoError
from calipso.stores.mongo.driver import StoreFailure
from calipso.stores.people.audit_store import AuditStore, Entry

log = logging.getLogger(__name__)

READS = ("GET", "HEAD", "OPTIONS")

#: Names kept of what a body held, and how deep.
MOST, DEEPEST = 60, 4

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def record(response: Response) -> Response:
    """After an answer: the entry, if the request was to change something and is known by name.

    A login that failed is kept with the name it was for; their number is limited. Requests of
    unknown callers are not kept: strangers could fill the store.
    """
    if request.method in READS or request.url_rule is None or response.status_code == 429:
        return response
    caller = g.get("caller")
    user = caller.name if caller else g.get("login_name", "")
    if user:
        entry = _entry(user, response)
        try:
            AuditStore().add(entry)
        except (StoreFailure, CalipsoError) as error:
            log.error("no audit entry: %s; it was: %s", error, entry)  # noqa: TRY400
    return response


def _entry(user: str, response: Response) -> Entry:
    caller, status = g.get("caller"), response.status_code
    values = [*(request.view_args or {}).values()]
    if status in (201, 202) and not values:  # what was made
        values = [response.headers.get("Location", "").rpartition("/")[2]]
    path = str(request.url_rule).removeprefix("/api/v1")
    return Entry(
        user=user,
        operation=f"{request.method} {path}",
        target="/".join(str(value)[:200] for value in values),
        environment=str(g.get("environment") or _named_environment())[:100],
        fields=g.get("body_fields", []) if status < 400 else [],
        status=status,
        method=caller.method if caller else "credentials",
        token=caller.key if caller else "",
        address=request.remote_addr or "",
        request_id=g.get("request_id", ""),
    )


def _named_environment() -> str:
    """What the query calls the environment, where no operation looked at one."""
    return request.args.get("env_name", "")


def field_names(body: BaseModel) -> list[str]:
    """Dotted names of what a checked body gives; items of lists under the name of the list."""
    found = dict.fromkeys(_names(body.model_dump(exclude_unset=True, by_alias=True), "", 1))
    return [*found][:MOST]


def _names(value: Any, prefix: str, depth: int) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _names(item, prefix, depth)
    elif isinstance(value, Mapping) and depth <= DEEPEST:
        for key, item in value.items():
            name = prefix + (str(key) if _WORD.fullmatch(str(key)) else "?")
            below = [*_names(item, f"{name}.", depth + 1)]
            yield from below or [name]
