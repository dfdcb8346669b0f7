"""`/auth/sessions`: log in and out by a cookie, for browsers."""

from __future__ import annotations

from flask import Response, request
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller, caller_of
from calipso.api.auth.session import COOKIE, HEADER, clear_cookie, csrf_value, set_cookie
from calipso.api.operation import Need, operation
from calipso.api.replies import json_response, shown
from calipso.api.responders.auth.tokens import SECRET, Credentials, by_password
from calipso.api.schemas import Answer
from calipso.api.words import UtcTime
from calipso.model.user import Grant, Role
from calipso.settings import settings
from calipso.stores.people.token_store import TokenStore

ns = Namespace("sessions", description="Sessions of browsers.", path="/auth/sessions")


class SessionBody(
    Credentials,
    json_schema_extra={"examples": [{"username": "anna", "password": "correct horse battery"}]},
):
    """Name and password."""


class SessionAnswer(Answer):
    """Whose session it is, and what they may do."""

    name: str
    role: Role
    grants: dict[str, Grant] = Field(description="By environment; `*` is every one.")
    expires_at: UtcTime | None = Field(description="null for a caller without a token.")
    csrf: str = Field(
        description=f"Send it as `{HEADER}` with each request that changes something; empty "
        "for a caller without the cookie."
    )


EXAMPLE = {
    "name": "anna",
    "role": "operator",
    "grants": {"prod": "edit", "*": "view"},
    "expires_at": "2026-05-05T08:00:00Z",
    "csrf": "5b0c2f9e1d7a4c6880c6e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4",
}


@ns.route("")
class Sessions(Resource):  # type: ignore[misc]
    """The session of who asks."""

    @operation(
        Need.NOTHING,
        body=SessionBody,
        answer=SessionAnswer,
        status=201,
        errors=(401, 429),
        example=EXAMPLE,
    )
    def post(self, body: SessionBody, caller: None) -> Response:
        """Log in: the answer sets the cookie `calipso_session`, which no script can read."""
        user, token, stored = by_password(body)
        response = _told(caller_of(user, stored), token, 201)
        set_cookie(response, token, settings().token_lifetime, secure=request.is_secure)
        return response

    @operation(Need.LOGIN, answer=SessionAnswer, example=EXAMPLE)
    def get(self, caller: Caller) -> Response:
        """Whose session it is, and the value for `X-CSRF-Token`."""
        return _told(caller, request.cookies.get(COOKIE, ""), 200)

    @operation(Need.LOGIN, status=204)
    def delete(self, caller: Caller) -> Response:
        """Log out: the session ends, and the cookie goes."""
        if caller.token:
            TokenStore().end(caller.token)
        response = Response(status=204)
        clear_cookie(response, secure=request.is_secure)
        return response


def _told(caller: Caller, token: str, status: int) -> Response:
    told = {
        "name": caller.name,
        "role": caller.role,
        "grants": dict(caller.grants),
        "expires_at": caller.token.get("expires_at"),
        "csrf": csrf_value(token) if token else "",
    }
    return json_response(shown(told), status, SECRET)
