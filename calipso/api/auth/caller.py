"""The caller of an operation: found by its token, and what it may see and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request

from calipso.errors import AuthError, Forbidden, NotFound
from calipso.model.user import EVERY, Grant, Role, User
from calipso.utils.mongo_access import MongoAccess
from calipso.utils.token_store import TokenStore
from calipso.utils.user_store import UserStore, all_grants


@dataclass(frozen=True)
class Caller:
    """A user, for the length of one request."""

    name: str
    role: Role
    grants: Mapping[str, Grant] = field(default_factory=dict)

    def sees(self, environment: str) -> bool:
        """True when the caller may read this environment."""
        return self.role is Role.ADMIN or bool({EVERY, environment} & self.grants.keys())

    def edits(self, environment: str) -> bool:
        """True when the caller may change this environment, scan it, test it."""
        if self.role is not Role.OPERATOR:
            return self.role is Role.ADMIN
        return Grant.EDIT in (self.grants.get(EVERY), self.grants.get(environment))

    def may_view(self, environment: str) -> str:
        """The environment. Raises NotFound when it is not there or not to be seen."""
        if not self.sees(environment) or not _exists(environment):
            raise NotFound(
                f"no environment {environment}",
                hint="GET /api/v1/environment_configs lists those you may view.",
            )
        return environment

    def may_edit(self, environment: str) -> str:
        """The environment. Raises NotFound, or Forbidden when it may be viewed only."""
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
        if document is None or not self.sees(str(document.get("environment", ""))):
            raise NotFound(f"no {what}")
        return dict(document)


def authenticate(request: Request) -> Caller:
    """The caller of a request, by `X-Auth-Token` or `Authorization: Bearer`. Raises AuthError."""
    token = request.headers.get("X-Auth-Token") or _bearer(request)
    if not token:
        raise AuthError(
            "authentication required",
            hint="POST /api/v1/auth/tokens gives a token; send it as X-Auth-Token.",
        )
    stored = TokenStore().find(token)
    if stored is None:
        raise AuthError("the token is unknown or over", hint="Get a new one.")
    try:
        user = UserStore().get(stored["user"])
    except NotFound:
        raise AuthError("the token is unknown or over", hint="Get a new one.") from None
    return caller_of(user)


def caller_of(user: User) -> Caller:
    """The caller a user is. Raises AuthError when the user is disabled."""
    if user.disabled:
        raise AuthError(f"user {user.name} is disabled", hint="An admin can enable it.")
    return Caller(user.name, user.role, {} if user.role is Role.ADMIN else all_grants(user))


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _exists(environment: str) -> bool:
    """True for an environment that is configured."""
    wanted = {"name": environment}
    return MongoAccess().db["environments_config"].find_one(wanted, {"_id": 1}) is not None
