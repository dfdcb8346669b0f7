"""Models of users and their tokens in requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from calipso.api.paging import PageQuery
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import EnvironmentName, UtcTime
from calipso.model.user import EVERY, Grant, Origin, Role, user_name
from calipso.stores.people.passwords import LONGEST, SHORTEST

Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", examples=["anna"]),
    AfterValidator(user_name),  # after the pattern, which the specification would lose otherwise
]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Grants = Annotated[
    dict[EnvironmentName | Annotated[str, Field(pattern=r"^\*$")], Grant],
    Field(
        max_length=1000,
        description=f"view or edit by environment; `{EVERY}` is every one.",
        # pydantic writes no pattern of keys that are one of two kinds
        json_schema_extra={
            "propertyNames": {"pattern": r"^(\*|[A-Za-z0-9][A-Za-z0-9 ._-]{0,63})$"}
        },
    ),
]


class UserQuery(PageQuery):
    """Filters of the list of users."""

    id: Key | None = Field(default=None, description="The one with this id.")
    role: Role | None = Field(default=None, description="Of this role.")
    origin: Origin | None = Field(default=None, description="local, or ldap: of the directory.")


class UserAnswer(Answer):
    """A user."""

    id: str = ""
    name: str = ""
    role: Role = Role.VIEWER
    grants: dict[str, Grant] = Field(
        default={}, description="By environment; `*` is every one. Admins need none."
    )
    origin: Origin = Field(default=Origin.LOCAL, description="Who checks the password.")
    disabled: bool = False
    created_at: UtcTime | None = None


class EffectiveGrant(Answer):
    """What a user may do in an environment, and where that is written."""

    grant: Grant = Field(description="The highest of all, including the grant on `*`.")
    user: Grant | None = Field(description="The grant of the user.")
    environment: Grant | None = Field(description="The grant in `auth` of the environment.")


class UserDetails(UserAnswer):
    """One user."""

    effective_grants: dict[str, EffectiveGrant] = Field(
        default={}, description="By environment, also those that environments give."
    )


class NewUser(
    Body,
    json_schema_extra={
        "examples": [{"name": "anna", "role": "operator", "grants": {"prod": "edit"}}]
    },
):
    """A local user."""

    name: Name
    role: Role = Role.VIEWER
    grants: Grants = Field(default={})
    password: Password | None = Field(
        default=None,
        description="Without a password the user can only log in by token: for scripts.",
    )


class UserChange(
    Body, json_schema_extra={"examples": [{"grants": {"prod": "view", "lab": "edit"}}]}
):
    """What is to be changed; the rest stays."""

    role: Role | None = None
    grants: Grants | None = Field(default=None, description="Replaces all grants there were.")
    disabled: bool | None = Field(
        default=None, description="true ends the user's sessions and refuses its tokens."
    )


class NewPassword(Body, json_schema_extra={"examples": [{"password": "correct horse battery"}]}):
    """A password for somebody else."""

    password: Password


class OwnPassword(
    Body,
    json_schema_extra={
        "examples": [{"old_password": "correct horse battery", "password": "another horse battery"}]
    },
):
    """A new password, and the one it replaces."""

    old_password: str = Field(max_length=LONGEST)
    password: Password


class NewServiceToken(Body, json_schema_extra={"examples": [{"days": 90, "label": "backup"}]}):
    """A token for a script."""

    days: int = Field(ge=1, le=3650, description="Days it is valid.", examples=[90])
    label: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f<>]*$",
        description="What it is for.",
        examples=["backup"],
    )


class TokenInfo(Answer):
    """A token, without the token itself."""

    id: str = Field(description="Id of the token.")
    method: str = Field(description="credentials, token, or service.")
    label: str = ""
    issued_at: UtcTime
    expires_at: UtcTime
    ends_at: UtcTime = Field(description="Tokens made with this one end then at the latest.")
    used_at: UtcTime | None = Field(description="Last used, to the minute; null: never.")


class TokenList(Answer):
    """The valid tokens of a user."""

    items: list[TokenInfo]


class ServiceToken(TokenInfo):
    """A new service token; it is shown only once."""

    token: str = Field(description="Send it as X-Auth-Token, or Authorization: Bearer.")


USER = {
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "name": "anna",
    "role": "operator",
    "grants": {"prod": "edit"},
    "origin": "local",
    "disabled": False,
    "created_at": "2026-05-04T08:00:00Z",
}
DETAILS = USER | {
    "effective_grants": {
        "lab": {"grant": "view", "user": None, "environment": "view"},
        "prod": {"grant": "edit", "user": "edit", "environment": None},
    }
}
INFO = {
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "method": "service",
    "label": "backup",
    "issued_at": "2026-05-04T08:00:00Z",
    "expires_at": "2026-08-02T08:00:00Z",
    "ends_at": "2026-08-02T08:00:00Z",
    "used_at": "2026-05-04T09:10:00Z",
}
GIVEN = INFO | {"token": "0f3a9c1e5d7b42688c6e9f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e"}
