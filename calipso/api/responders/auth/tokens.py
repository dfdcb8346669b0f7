"""`/auth/tokens`: get a token, look at it, end it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from flask import g, request
from flask_restx import Namespace, Resource
from pydantic import Field

from calipso.api.auth.caller import Caller, caller_with
from calipso.api.auth.login import log_in
from calipso.api.errors import BadRequest
from calipso.api.operation import Need, operation
from calipso.api.replies import Reply
from calipso.api.schemas import Answer, Body
from calipso.api.words import UtcTime
from calipso.errors import AuthError
from calipso.model.user import Grant, Role, User
from calipso.settings import settings
from calipso.stores.people.token_store import TokenStore

ns = Namespace("auth", description="Logging in and out.", path="/auth/tokens")

#: A token, or its hash, must not stay in a cache on the way.
SECRET = {"Cache-Control": "no-store"}

Secret = Annotated[str, Field(max_length=256)]


class Credentials(Body):
    """Name and password."""

    username: str = Field(max_length=256, examples=["admin"])
    password: Secret = Field(examples=["correct horse battery"])


class Auth(Body):
    """How to log in."""

    methods: list[Literal["credentials", "token"]] = Field(
        min_length=1,
        max_length=2,
        description="credentials is tried first; when it is named, token is not tried.",
    )
    credentials: Credentials | None = Field(default=None, description="For method credentials.")
    token: Secret | None = Field(
        default=None, description="For method token: a token that is still valid."
    )


class LoginBody(
    Body,
    json_schema_extra={
        "examples": [
            {
                "auth": {
                    "methods": ["credentials"],
                    "credentials": {"username": "admin", "password": "correct horse battery"},
                }
            }
        ]
    },
):
    """The original's body."""

    auth: Auth


class TokenAnswer(Answer):
    """A new token; it is shown only once."""

    token: str = Field(description="Send it as X-Auth-Token, or Authorization: Bearer.")
    issued_at: UtcTime
    expires_at: UtcTime
    method: str = Field(description="credentials or token.")
    key: str = Field(alias="_id", description="Id of the token; not secret.")
    id: str = Field(description="Same as `_id`.")
    user: str = Field(description="Whose it is.")
    ends_at: UtcTime = Field(description="Tokens made with this one end then at the latest.")


class WhoAnswer(Answer):
    """Who asks, and what they may do."""

    name: str
    role: Role
    grants: dict[str, Grant] = Field(
        description="By environment; `*` is every one. Admins need none."
    )
    method: str = Field(description="credentials, token, service, or basic.")
    id: str = Field(description="Id of the token; empty without one.")
    issued_at: UtcTime | None
    expires_at: UtcTime | None = Field(description="null without a token (basic).")
    ends_at: UtcTime | None


class NothingAnswer(Answer):
    """An empty object."""


TOKEN = {
    "token": "0f3a9c1e5d7b42688c6e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e",
    "issued_at": "2026-05-04T08:00:00Z",
    "expires_at": "2026-05-05T08:00:00Z",
    "method": "credentials",
    "_id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "user": "admin",
    "ends_at": "2026-05-11T08:00:00Z",
}
WHO = {
    "name": "anna",
    "role": "operator",
    "grants": {"prod": "edit", "*": "view"},
    "method": "credentials",
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "issued_at": "2026-05-04T08:00:00Z",
    "expires_at": "2026-05-05T08:00:00Z",
    "ends_at": "2026-05-11T08:00:00Z",
}


@ns.route("")
class Tokens(Resource):  # type: ignore[misc]
    """The token of who asks."""

    @operation(
        Need.NOTHING,
        body=LoginBody,
        answer=TokenAnswer,
        status=201,
        errors=(401, 429),
        example=TOKEN,
    )
    def post(self, body: LoginBody, caller: None) -> Reply:
        """Log in: get a token for a name and password, or for a token that is still valid.

        A token got with a token ends with the session it belongs to (`ends_at`).
        """
        auth = body.auth
        if auth.credentials is None and not auth.token:
            raise AuthError("must provide credentials or token")
        if "credentials" in auth.methods:
            if auth.credentials is None:
                raise AuthError("credentials must be provided for credentials method")
            return _told(by_password(auth.credentials)[1:])
        if not auth.token:
            raise AuthError("token must be provided for token method")
        return _told(_by_token(auth.token))

    @operation(Need.LOGIN, answer=WhoAnswer, example=WHO)
    def get(self, caller: Caller) -> Reply:
        """Who is logged in: name, role, grants, and how long the token is valid."""
        times = {key: caller.token.get(key) for key in ("issued_at", "expires_at", "ends_at")}
        who = {"name": caller.name, "role": caller.role, "grants": dict(caller.grants)}
        return Reply(who | {"method": caller.method, "id": caller.key} | times)

    @operation(Need.LOGIN, answer=NothingAnswer, example={})
    def delete(self, caller: Caller) -> Reply:
        """Log out: the token of this request ends; others of the user stay."""
        if not caller.token:
            raise BadRequest("there is no token to end", hint="Send the token as X-Auth-Token.")
        TokenStore().end(caller.token)
        return Reply({})


def by_password(given: Credentials) -> tuple[User, str, Mapping[str, Any]]:
    """Log in: the user, a new token, and its stored document. Raises AuthError as `log_in`."""
    g.login_name = given.username
    user = log_in(given.username, given.password, request.remote_addr or "")
    lifetime = settings().token_lifetime
    return user, *TokenStore().issue(user.name, lifetime, generation=user.generation)


def _by_token(given: str) -> tuple[str, Mapping[str, Any]]:
    caller = caller_with(given)
    g.login_name = caller.name
    return TokenStore().exchange(caller.token, settings().token_lifetime)


def _told(issued: tuple[str, Mapping[str, Any]]) -> Reply:
    token, stored = issued
    names = ("issued_at", "expires_at", "method", "user", "ends_at")
    told = {name: stored[name] for name in names}
    return Reply({"token": token, "_id": stored["key"], "id": stored["key"]} | told, 201, SECRET)
