"""`/users`: who may use Calipso. For admins, but `/users/me`, which is everybody's own."""

from __future__ import annotations

from typing import Annotated, Any

from bson import ObjectId
from flask import request
from flask_restx import Namespace, Resource
from pydantic import AfterValidator, Field

from calipso.api.auth.caller import Caller
from calipso.api.auth.login import log_in
from calipso.api.operation import Need, operation
from calipso.api.paging import PageQuery, page
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Answer, Body, Key
from calipso.api.words import EnvironmentName, UtcTime
from calipso.errors import AuthError, Forbidden
from calipso.model.user import EVERY, Grant, Origin, Role, User, user_name
from calipso.utils.passwords import LONGEST, SHORTEST
from calipso.utils.token_store import Method, TokenStore
from calipso.utils.user_store import HIDDEN, UserStore

ns = Namespace("users", description="Who may use Calipso, and what they may do.", path="/users")

Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", examples=["anna"]),
    AfterValidator(user_name),  # after the pattern: the specification else has none
]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Grants = Annotated[
    dict[EnvironmentName | Annotated[str, Field(pattern=r"^\*$")], Grant],
    Field(max_length=1000, description=f"view or edit by environment; `{EVERY}` is every one."),
]

DAY = 86_400


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


class NewUser(Body):
    """A local user."""

    name: Name
    role: Role = Role.VIEWER
    grants: Grants = Field(default={})
    password: Password | None = Field(
        default=None, description="Without one only tokens let the user in: for scripts."
    )


class UserChange(Body):
    """What is to be changed; the rest stays."""

    role: Role | None = None
    grants: Grants | None = Field(default=None, description="Replaces all grants there were.")
    disabled: bool | None = Field(
        default=None, description="true ends the user's sessions and refuses its tokens."
    )


class NewPassword(Body):
    """A password for somebody else."""

    password: Password


class OwnPassword(Body):
    """A new password, and the one it replaces."""

    old_password: str = Field(max_length=LONGEST)
    password: Password


class NewServiceToken(Body):
    """A token for a script."""

    days: int = Field(ge=1, le=3650, description="How long it is good.", examples=[90])
    label: str = Field(
        default="", max_length=100, description="What it is for.", examples=["backup"]
    )


class TokenInfo(Answer):
    """What is known of a token; not the token."""

    id: str = Field(description="What it is called by.")
    method: str = Field(description="credentials, token, or service.")
    label: str = ""
    issued_at: UtcTime
    expires_at: UtcTime
    ends_at: UtcTime = Field(description="No token got with this one lives longer.")
    used_at: UtcTime | None = Field(description="Last used, to the minute; null: never.")


class TokenList(Answer):
    """The good tokens of a user."""

    items: list[TokenInfo]


class ServiceToken(TokenInfo):
    """A new service token; it is told once."""

    token: str = Field(description="To be sent as X-Auth-Token, or Authorization: Bearer.")


USER = {
    "id": "65a1f0c2d4e8b1a2c3d4e5f6",
    "name": "anna",
    "role": "operator",
    "grants": {"prod": "edit"},
    "origin": "local",
    "disabled": False,
    "created_at": "2026-05-04T08:00:00Z",
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


def user_view(name: str) -> dict[str, Any]:
    """One user as it is sent. Raises NotFound."""
    user = UserStore().get(name)
    stored = UserStore().collection.find_one({"name": user.name}, {"_id": 1})
    told = user.model_dump(exclude=set(HIDDEN))
    return shown({"_id": (stored or {}).get("_id", ""), **told})


@ns.route("")
class Users(Resource):  # type: ignore[misc]
    """The list."""

    @operation(
        Need.ADMIN,
        page_of=UserAnswer,
        query=UserQuery,
        example={"items": [USER], "next": None},
    )
    def get(self, caller: Caller, query: UserQuery) -> Page:
        """Users, by name."""
        wanted = query.model_dump(include={"role", "origin"}, exclude_none=True, mode="json")
        if query.id:
            wanted["_id"] = ObjectId(query.id)
        return page(UserStore().collection, wanted, query, order=("name",), hidden=HIDDEN)

    @operation(Need.ADMIN, body=NewUser, answer=UserAnswer, status=201, errors=(409,), example=USER)
    def post(self, body: NewUser, caller: Caller) -> Reply:
        """Add a local user."""
        user = User(name=body.name, role=body.role, grants=body.grants)
        UserStore().add(user, body.password)
        location = {"Location": f"/api/v1/users/{user.name}"}
        return Reply(user_view(user.name), 201, location)


@ns.route("/me")
class Me(Resource):  # type: ignore[misc]
    """Who asks."""

    @operation(Need.LOGIN, answer=UserAnswer, example=USER)
    def get(self, caller: Caller) -> dict[str, Any]:
        """The own user; grants include those that environments give."""
        return user_view(caller.name) | {"grants": dict(caller.grants)}


@ns.route("/me/password")
class MyPassword(Resource):  # type: ignore[misc]
    """The own password."""

    @operation(Need.LOGIN, body=OwnPassword, status=204, errors=(403, 422))
    def put(self, body: OwnPassword, caller: Caller) -> Reply:
        """Change the own password; all sessions end, this one too."""
        try:
            log_in(caller.name, body.old_password, request.remote_addr or "")
        except AuthError:
            raise Forbidden("the old password is wrong", hint="An admin can set one.") from None
        UserStore().set_password(caller.name, body.password)
        return Reply(None, 204)


@ns.route("/me/tokens")
class MyTokens(Resource):  # type: ignore[misc]
    """The own tokens."""

    @operation(Need.LOGIN, answer=TokenList, example={"items": [INFO]})
    def get(self, caller: Caller) -> dict[str, Any]:
        """The own tokens that are good, oldest first."""
        return _infos(caller.name)


@ns.route("/me/tokens/<string:key>")
class MyToken(Resource):  # type: ignore[misc]
    """One of the own tokens."""

    @operation(Need.LOGIN, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> Reply:
        """End one of the own tokens, and those that were got with it."""
        TokenStore().revoke_key(caller.name, key)
        return Reply(None, 204)


@ns.route("/<string:name>")
class OneUser(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.ADMIN, answer=UserAnswer, errors=(404,), example=USER)
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """One user by name."""
        return user_view(name)

    @operation(Need.ADMIN, body=UserChange, answer=UserAnswer, errors=(404, 409), example=USER)
    def patch(self, name: str, body: UserChange, caller: Caller) -> dict[str, Any]:
        """Change role or grants, disable or enable. The last admin stays one."""
        UserStore().change(name, role=body.role, grants=body.grants, disabled=body.disabled)
        return user_view(name)

    @operation(Need.ADMIN, status=204, errors=(404, 409))
    def delete(self, name: str, caller: Caller) -> Reply:
        """Remove a user and its tokens. The last admin stays."""
        UserStore().remove(name)
        return Reply(None, 204)


@ns.route("/<string:name>/password")
class UserPassword(Resource):  # type: ignore[misc]
    """The password of a user."""

    @operation(Need.ADMIN, body=NewPassword, status=204, errors=(404, 422))
    def put(self, name: str, body: NewPassword, caller: Caller) -> Reply:
        """Set a password; the user's sessions end, its service tokens stay."""
        UserStore().set_password(name, body.password)
        return Reply(None, 204)


@ns.route("/<string:name>/tokens")
class UserTokens(Resource):  # type: ignore[misc]
    """Tokens of a user."""

    @operation(Need.ADMIN, answer=TokenList, errors=(404,), example={"items": [INFO]})
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """Tokens that are good, oldest first."""
        return _infos(UserStore().get(name).name)

    @operation(
        Need.ADMIN,
        body=NewServiceToken,
        answer=ServiceToken,
        status=201,
        errors=(404,),
        example=GIVEN,
    )
    def post(self, name: str, body: NewServiceToken, caller: Caller) -> Reply:
        """Give a token to a script: it has the rights of the user, and is told once."""
        user = UserStore().get(name)
        lifetime = body.days * DAY
        token, stored = TokenStore().issue(
            user.name, lifetime, method=Method.SERVICE, label=body.label
        )
        return Reply(_info(stored) | {"token": token}, 201, {"Cache-Control": "no-store"})

    @operation(Need.ADMIN, status=204, errors=(404,))
    def delete(self, name: str, caller: Caller) -> Reply:
        """End all tokens of a user."""
        UserStore().revoke_all(name)
        return Reply(None, 204)


@ns.route("/<string:name>/tokens/<string:key>")
class UserToken(Resource):  # type: ignore[misc]
    """One token of a user."""

    @operation(Need.ADMIN, status=204, errors=(404,))
    def delete(self, name: str, key: Key, caller: Caller) -> Reply:
        """End one token, and those that were got with it."""
        TokenStore().revoke_key(UserStore().get(name).name, key)
        return Reply(None, 204)


def _infos(name: str) -> dict[str, Any]:
    return {"items": [_info(item) for item in TokenStore().of(name)]}


def _info(stored: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "label", "issued_at", "expires_at", "ends_at")
    told = {name: stored[name] for name in names}
    return {"id": stored["key"], **told, "used_at": stored.get("used_at")}
