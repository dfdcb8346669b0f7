"""The caller of an operation: found by token or password, and what it may see and change."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request, g

from calipso.api.auth.login import LONGEST_NAME, log_in
from calipso.api.auth.session import cookie_token
from calipso.errors import AuthError, Forbidden, NotFound
from calipso.model.user import EVERY, Grant, Role, User
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.people.token_store import TokenStore, over
from calipso.stores.people.user_store import UserStore, all_grants


@dataclass(frozen=True)
class Caller:
    """A user, for the length of one request."""

    name: str
    role: Role
    grants: Mapping[str, Grant] = field(default_factory=dict)
    #: What is stored of its token; empty when it came with name and password.
    token: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def method(self) -> str:
        """How the caller logged in: credentials, token, service, or basic."""
        return str(self.token.get("method", "basic"))

    @property
    def key(self) -> str:
        """Id of the token; empty without one."""
        return str(self.token.get("key", ""))

    def sees(self, environment: str) -> bool:
        """True when the caller may read this environment."""
        return self.role is Role.ADMIN or bool({EVERY, environment} & self.grants.keys())

    def edits(self, environment: str) -> bool:
        """True when the caller may change this environment, scan it, test it."""
        if self.role not in (Role.OPERATOR, Role.MONITORING):
            return self.role is Role.ADMIN
        return Grant.EDIT in (self.grants.get(EVERY), self.grants.get(environment))

    def may_view(self, environment: str) -> str:
        """The environment. Raises NotFound when there is none that the caller may view."""
        g.environment = environment  # for the audit
        if not self.sees(environment) or not _exists(environment):
            raise NotFound(
                f"no environment {environment}",
                hint="GET /api/v1/environment_configs lists those you may view.",
            )
        return environment

    def may_edit(self, environment: str) -> str:
        """The environment. Raises NotFound, or Forbidden when the caller may only view it."""
        self.may_view(environment)
        if not self.edits(environment):
            raise Forbidden(
                f"{self.name} may not change environment {environment}",
                hint="An admin may give you `edit` on it.",
            )
        return environment

    def environments(self, environment: str | None = None) -> dict[str, Any]:
        """MongoDB condition on `environment`: the given one, or all that may be viewed."""
        if environment is not None:
            return {"environment": self.may_view(environment)}
        if self.role is Role.ADMIN or EVERY in self.grants:
            return {}
        return {"environment": {"$in": sorted(self.grants)}}

    def check_seen(self, document: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
        """The document, if there is one in an environment the caller sees. Raises NotFound."""
        environment = str((document or {}).get("environment", ""))
        if document is None or not self.sees(environment):
            raise NotFound(f"no {what}")
        g.environment = environment  # for the audit
        return dict(document)


def authenticate(request: Request) -> Caller:
    """The caller of a request. Raises AuthError, TooManyRequests.

    By `Authorization: Basic`, `X-Auth-Token`, or `Authorization: Bearer`, in this order, which is
    the original's; then by the cookie of a browser.
    """
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        name, password = _basic(given)
        g.login_name = name[:LONGEST_NAME]
        return caller_of(log_in(name, password, request.remote_addr or ""))
    token = request.headers.get("X-Auth-Token", "")
    if not token and kind.lower() == "bearer":
        token = given.strip()
    token = token or cookie_token(request)
    if not token:
        raise AuthError(
            "authentication required",
            hint="POST /api/v1/auth/tokens gives a token; send it as X-Auth-Token.",
        )
    return caller_with(token)


def caller_with(token: str) -> Caller:
    """The caller a token was given to. Raises AuthError."""
    stored = TokenStore().find(token)
    user = UserStore().find(stored["user"]) if stored else None
    if stored is None or user is None or stored.get("generation") not in (None, user.generation):
        raise over()
    return caller_of(user, stored)


def caller_of(user: User, token: Mapping[str, Any] | None = None) -> Caller:
    """The caller a user is. Raises AuthError when the user is disabled."""
    if user.disabled:
        raise AuthError(f"user {user.name} is disabled", hint="An admin can enable it.")
    grants = {} if user.role is Role.ADMIN else all_grants(user)
    return Caller(user.name, user.role, grants, token or {})


def _basic(given: str) -> tuple[str, str]:
    """Name and password; the first colon separates them."""
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except ValueError:
        text = ""
    name, colon, password = text.partition(":")
    if not (name and colon):
        raise AuthError(
            "credentials not provided", hint="Authorization: Basic base64(name:password)."
        )
    return name, password


def _exists(environment: str) -> bool:
    """True for an environment that is configured."""
    wanted = {"name": environment}
    return MongoAccess().db["environments_config"].find_one(wanted, {"_id": 1}) is not None
