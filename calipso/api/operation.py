"""`@operation`: who may call it, what it takes, what it answers.

The specification is made of it. Every method of every resource has it, and the API refuses what is
not declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from pydantic import BaseModel

from calipso.api.auth.audit import field_names
from calipso.api.auth.caller import Caller, authenticate
from calipso.api.errors import PreconditionFailed
from calipso.api.fields import check_fields
from calipso.api.parse import parse_body, parse_query
from calipso.api.replies import Page, Reply, etag_of, json_response
from calipso.api.schemas import Query
from calipso.errors import Forbidden
from calipso.model.user import Role
from calipso.stores.mongo.mongo_access import MongoAccess

Method = Callable[..., Any]

#: Methods that may carry `If-Match`: only when nobody else changed the thing.
CHANGING = frozenset({"PUT", "PATCH", "DELETE"})


class Need(StrEnum):
    """Who may call an operation; the operation itself checks environments."""

    NOTHING = "nothing"  # open to everybody
    LOGIN = "login"  # any user; where environments matter, those the user may view
    REPORT = "report"  # monitoring systems, for environments they may edit; operators too
    OPERATE = "operate"  # operators, in environments they may edit
    ADMIN = "admin"


@dataclass(frozen=True)
class Operation:
    """What was declared of a method; tests walk all of them."""

    need: Need
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    status: int
    answer: type[BaseModel] | None
    page_of: type[BaseModel] | None
    errors: tuple[int, ...]
    example: Any
    produces: Mapping[str, str]

    @property
    def open(self) -> bool:
        """True when everybody may call it, without a login."""
        return self.need is Need.NOTHING


#: What an operation with these needs may answer beside what it declares.
#: 429: each may be called with name and password, and wrong passwords are limited.
USUAL = {
    Need.NOTHING: (),
    Need.LOGIN: (401, 403, 429),
    Need.REPORT: (401, 403, 429),
    Need.OPERATE: (401, 403, 429),
    Need.ADMIN: (401, 403, 429),
}


def operation(
    need: Need,
    *,
    answer: type[BaseModel] | None = None,
    page_of: type[BaseModel] | None = None,
    query: type[Query] | None = None,
    body: type[BaseModel] | None = None,
    status: int = 200,
    errors: Iterable[int] = (),
    example: Any = None,
    produces: Mapping[str, str] | None = None,
) -> Callable[[Method], Method]:
    """Declare a method of a resource.

    The method is called with the path's values and, by name and as far as declared, `caller`
    (always), `query` and `body`. It returns a body, a Page, a Reply, or a Flask response.
    `answer` or `page_of` is the model of what is answered; `errors` are further statuses.
    `produces` maps media types other than JSON to what they are. `example` is that of the
    specification; bodies have theirs in their model.
    """
    declared = Operation(
        need=need,
        query=query,
        body=body,
        status=status,
        answer=answer,
        page_of=page_of,
        errors=_errors([*errors, *USUAL[need]], query, body),
        example=example,
        produces=produces or {},
    )

    def decorate(method: Method) -> Method:
        @wraps(method)
        def called(self: Any, **values: Any) -> Response:
            MongoAccess().check_moves()  # one that stands still is no reason to wait for minutes
            values["caller"] = caller = _caller(need)
            values |= _given(declared)
            if request.method in CHANGING and "If-Match" in request.headers:
                _check_match(self, caller)
            found = method(self, **values)
            if page_of:
                check_fields(page_of, values.get("query"), found)
            return _answer(found, status)

        called.operation = declared  # type: ignore[attr-defined]
        return called

    return decorate


def listing(
    item: type[BaseModel],
    query: type[Query],
    example: Any,
    *,
    need: Need = Need.LOGIN,
    errors: Iterable[int] = (),
) -> Callable[[Method], Method]:
    """Declare a method that answers with pages of such items; `example` is one of them."""
    whole = {"items": [example], "next": None}
    return operation(need, page_of=item, query=query, errors=errors, example=whole)


def _errors(
    errors: Iterable[int], query: type[BaseModel] | None, body: type[BaseModel] | None
) -> tuple[int, ...]:
    """Further statuses of an operation, with those that follow from what it takes."""
    found = {400, 503, *errors}
    if body:
        found |= {413, 415}
    if query and "inventory" in query.model_fields:
        found.add(422)  # names that no inventory may have
    return tuple(sorted(found))


def _caller(need: Need) -> Caller | None:
    if need is Need.NOTHING:
        return None
    caller = authenticate(request)
    g.caller = caller
    if need is Need.ADMIN and caller.role is not Role.ADMIN:
        raise Forbidden(f"{caller.name} is not an admin", hint="An admin may do this.")
    if caller.role is Role.MONITORING and need is not Need.REPORT:
        raise Forbidden(
            f"{caller.name} may only send results of monitoring",
            hint="Its token is on other machines. A user with another role may do this.",
        )
    if need in (Need.OPERATE, Need.REPORT) and caller.role is Role.VIEWER:
        raise Forbidden(f"{caller.name} may only read", hint="An operator or admin may do this.")
    return caller


def _given(declared: Operation) -> dict[str, Any]:
    values: dict[str, Any] = {}
    found = parse_query(request, declared.query or Query)
    if declared.query:
        values["query"] = found
    if declared.body:
        values["body"] = parse_body(request, declared.body)
        g.body_fields = field_names(values["body"])
    return values


def _check_match(resource: Any, caller: Caller | None) -> None:
    """Check that `If-Match` names what a GET of this thing would answer now.

    Raises PreconditionFailed, or what the GET raises.
    """
    read = getattr(type(resource), "get", None)
    if read is None:
        return
    values: dict[str, Any] = {**(request.view_args or {}), "caller": caller}
    if read.operation.query:
        values["query"] = read.operation.query()
    now = _answer(read.__wrapped__(resource, **values), read.operation.status)
    if not request.if_match.contains_weak(etag_of(now)):  # proxies that compress make them weak
        raise PreconditionFailed(
            "it has changed since it was read", hint="Read it again, then change it."
        )


def _answer(found: Any, status: int) -> Response:
    if isinstance(found, Response):
        return found
    if isinstance(found, Reply):
        return json_response(found.body, found.status, found.headers)
    headers = {}
    if isinstance(found, Page) and found.next:
        following = {**request.args.to_dict(flat=False), "marker": [found.next]}
        following.pop("page", None)
        headers["Link"] = f'<{request.path}?{_encoded(following)}>; rel="next"'
    return json_response(found, status, headers)


def _encoded(values: Mapping[str, Any]) -> str:
    return urlencode(values, doseq=True)
