"""`/users`: who may use Calipso. For admins; `/users/me` is for every user."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from flask import request
from flask_restx import Namespace, Resource

from calipso.api.auth.caller import Caller
from calipso.api.auth.login import log_in
from calipso.api.operation import Need, listing, operation
from calipso.api.paging import page
from calipso.api.replies import Page, Reply, shown
from calipso.api.schemas import Key
from calipso.api.user_models import (
    DETAILS,
    GIVEN,
    INFO,
    USER,
    NewPassword,
    NewServiceToken,
    NewUser,
    OwnPassword,
    ServiceToken,
    TokenList,
    UserAnswer,
    UserChange,
    UserDetails,
    UserQuery,
)
from calipso.errors import AuthError, Forbidden
from calipso.model.user import EVERY, Grant, User
from calipso.stores.people.token_store import Method, TokenStore
from calipso.stores.people.user_store import HIDDEN, UserStore, environment_grants

ns = Namespace("users", description="Who may use Calipso, and what they may do.", path="/users")

DAY = 86_400


def user_view(name: str) -> dict[str, Any]:
    """One user as it is sent. Raises NotFound."""
    user = UserStore().get(name)
    stored = UserStore().collection.find_one({"name": user.name}, {"_id": 1})
    told = user.model_dump(exclude=set(HIDDEN)) | {"effective_grants": _effective(user)}
    return shown({"_id": (stored or {}).get("_id", ""), **told})


def _effective(user: User) -> dict[str, Any]:
    given, every = environment_grants(user), user.grants.get(EVERY)
    found = {}
    for name in sorted({*user.grants, *given}):
        sources = {"user": user.grants.get(name), "environment": given.get(name)}
        edits = Grant.EDIT in (every, *sources.values())
        found[name] = {"grant": Grant.EDIT if edits else Grant.VIEW, **sources}
    return found


@ns.route("")
class Users(Resource):  # type: ignore[misc]
    """The list."""

    @listing(UserAnswer, UserQuery, USER, need=Need.ADMIN)
    def get(self, caller: Caller, query: UserQuery) -> Page:
        """Users, by name."""
        wanted = query.model_dump(include={"role", "origin"}, exclude_none=True, mode="json")
        if query.id:
            wanted["_id"] = ObjectId(query.id)
        return page(UserStore().collection, wanted, query, order=("name",), hidden=HIDDEN)

    @operation(
        Need.ADMIN, body=NewUser, answer=UserDetails, status=201, errors=(409,), example=DETAILS
    )
    def post(self, body: NewUser, caller: Caller) -> Reply:
        """Add a local user."""
        user = User(name=body.name, role=body.role, grants=body.grants)
        UserStore().add(user, body.password)
        location = {"Location": f"/api/v1/users/{user.name}"}
        return Reply(user_view(user.name), 201, location)


@ns.route("/me")
class Me(Resource):  # type: ignore[misc]
    """Who asks."""

    @operation(Need.LOGIN, answer=UserDetails, example=DETAILS)
    def get(self, caller: Caller) -> dict[str, Any]:
        """Your user; grants include those that environments give."""
        return user_view(caller.name) | {"grants": dict(caller.grants)}


@ns.route("/me/password")
class MyPassword(Resource):  # type: ignore[misc]
    """Your password."""

    @operation(Need.LOGIN, body=OwnPassword, status=204, errors=(403, 422))
    def put(self, body: OwnPassword, caller: Caller) -> Reply:
        """Change your password; all your sessions end, including this one."""
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
        """Your valid tokens, oldest first."""
        return _infos(caller.name)


@ns.route("/me/tokens/<string:key>")
class MyToken(Resource):  # type: ignore[misc]
    """One of your tokens."""

    @operation(Need.LOGIN, status=204, errors=(404,))
    def delete(self, key: Key, caller: Caller) -> Reply:
        """End one of your tokens, and those that were made with it."""
        TokenStore().revoke_key(caller.name, key)
        return Reply(None, 204)


@ns.route("/<string:name>")
class OneUser(Resource):  # type: ignore[misc]
    """One of them."""

    @operation(Need.ADMIN, answer=UserDetails, errors=(404,), example=DETAILS)
    def get(self, name: str, caller: Caller) -> dict[str, Any]:
        """One user by name."""
        return user_view(name)

    @operation(Need.ADMIN, body=UserChange, answer=UserDetails, errors=(404, 409), example=DETAILS)
    def patch(self, name: str, body: UserChange, caller: Caller) -> dict[str, Any]:
        """Change role or grants, disable or enable. The last admin cannot lose the role."""
        UserStore().change(name, role=body.role, grants=body.grants, disabled=body.disabled)
        return user_view(name)

    @operation(Need.ADMIN, status=204, errors=(404, 409))
    def delete(self, name: str, caller: Caller) -> Reply:
        """Remove a user and its tokens. The last admin cannot be removed."""
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
        """Valid tokens, oldest first."""
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
        """Make a token for a script. It has the rights of the user and is shown only once."""
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
        """End one token, and those that were made with it."""
        TokenStore().revoke_key(UserStore().get(name).name, key)
        return Reply(None, 204)


def _infos(name: str) -> dict[str, Any]:
    return {"items": [_info(item) for item in TokenStore().of(name)]}


def _info(stored: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "label", "issued_at", "expires_at", "ends_at")
    told = {name: stored[name] for name in names}
    return {"id": stored["key"], **told, "used_at": stored.get("used_at")}
