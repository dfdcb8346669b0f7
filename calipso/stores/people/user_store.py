"""UserStore: the collection `users`, passwords as argon2 hashes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from calipso.errors import ConfigError, Conflict, NotFound
from calipso.model.documents import Document
from calipso.model.user import EVERY, Grant, Origin, Role, User, same_name, user_name
from calipso.stores.mongo.encoding import decode, encode
from calipso.stores.mongo.mongo_access import MongoAccess
from calipso.stores.people.audit_store import AuditStore, Entry
from calipso.stores.people.passwords import hashed, matches, renewed
from calipso.stores.people.token_store import TokenStore
from calipso.stores.store import Store
from calipso.utils.metadata_parser import nearest

log = logging.getLogger(__name__)

#: Fields that never leave the store.
HIDDEN = ("password_hash", "generation")


class UserStore(Store):
    """Adds, reads and changes users."""

    NAME = "users"

    @property
    def tokens(self) -> TokenStore:
        """Return the store of the users' tokens."""
        return TokenStore(self._database)

    # -- reading -----------------------------------------------------------------------

    def get(self, name: str) -> User:
        """Return a user. Raises NotFound."""
        return _user(self._found(name))

    def find(self, name: str) -> User | None:
        """Return a user; None if there is no such user or the name is not valid."""
        found = self._document(name)
        return _user(found) if found else None

    def all(self) -> list[User]:
        """Return all users, sorted by name."""
        return [_user(item) for item in self.collection.find().sort("name", 1)]

    def checked(self, name: str, password: str) -> User | None:
        """Return the local user if the password is correct and the user is not disabled, otherwise
        None.

        An unknown user takes the same time.
        """
        found = self._document(name) or {}
        local = found.get("origin", Origin.LOCAL.value) == Origin.LOCAL.value
        stored = str(found.get("password_hash") or "") if local else ""
        if not matches(stored, password) or found.get("disabled"):
            return None
        if fresh := renewed(stored, password):
            change = {"$set": {"password_hash": fresh}}
            self.collection.update_one({"_id": found["_id"], "password_hash": stored}, change)
        return _user(found)

    # -- writing -----------------------------------------------------------------------

    def add(self, user: User, password: str | None = None) -> None:
        """Store a new user.

        Without a password the user can log in only with tokens. Raises Conflict.
        """
        self.ensure_indexes()
        document = encode(user.model_dump(mode="json"))
        document |= {"created_at": datetime.now(UTC), **_next_generation()}
        if password is not None:
            document["password_hash"] = hashed(password)
        try:
            self.collection.insert_one(document)
        except DuplicateKeyError:
            raise Conflict(
                f"user {user.name} already exists", hint="Choose another name."
            ) from None
        self.tokens.revoke_all(user.name)  # tokens of an earlier user of this name

    def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        grants: Mapping[str, Grant] | None = None,
        disabled: bool | None = None,
    ) -> User:
        """Change the given fields and return the user.

        Raises NotFound, and Conflict for the last admin.
        """
        user = self.get(name)
        changes: Document = {}
        if role is not None:
            changes["role"] = role.value
        if grants is not None:
            changes["grants"] = encode({key: Grant(item).value for key, item in grants.items()})
        if disabled is not None:
            changes["disabled"] = disabled
        if disabled:
            changes |= _next_generation()
        no_admin = disabled or role not in (None, Role.ADMIN)
        if no_admin:
            self._leave_an_admin(user)
        before = self._set(user.name, changes) if changes else {}
        if no_admin:  # again, for two admins at once
            back = {key: before[key] for key in changes.keys() & before.keys()}
            self._leave_an_admin(user, undo=lambda: self._set(user.name, back))
        if disabled:
            self.tokens.end_sessions(user.name)
        return self.get(user.name)

    def grant(self, name: str, given: Mapping[str, Grant], withdrawn: Iterable[str] = ()) -> User:
        """Add and remove grants of a user, and return the user. Raises NotFound."""
        gone = set(withdrawn)
        kept = {key: item for key, item in self.get(name).grants.items() if key not in gone}
        return self.change(name, grants=kept | dict(given))

    def forget_environment(self, environment: str) -> None:
        """Remove all grants on an environment that was removed."""
        (key,) = encode({environment: ""})
        self.collection.update_many({}, {"$unset": {f"grants.{key}": ""}})

    def set_password(self, name: str, password: str) -> None:
        """Set a new password. Sessions that began with the old one end; service tokens stay.

        Raises NotFound, and ConfigError for a password that is not allowed or a user of the
        directory.
        """
        user = self.get(name)
        if user.origin is not Origin.LOCAL:
            raise ConfigError(
                f"the directory keeps the password of {user.name}", hint="Change it there."
            )
        fresh = {"password_hash": hashed(password), **_next_generation()}
        self.collection.update_one({"name": user.name}, {"$set": fresh})
        self.tokens.end_sessions(user.name)

    def revoke_all(self, name: str) -> int:
        """End all tokens of a user; returns how many there were. Raises NotFound."""
        user = self.get(name)
        self.collection.update_one({"name": user.name}, {"$set": _next_generation()})
        return self.tokens.revoke_all(user.name)

    def remove(self, name: str) -> None:
        """Remove a user and its tokens. Raises NotFound, and Conflict for the last admin."""
        user = self.get(name)
        self._leave_an_admin(user)
        before = self.collection.find_one_and_delete({"name": user.name})
        if before:  # again, for two admins at once
            self._leave_an_admin(user, undo=lambda: self.collection.insert_one(before))
        self.tokens.revoke_all(user.name)

    def seen_in_directory(self, name: str, role: Role | None, first: User) -> User | None:
        """Return the user of a directory after a successful login; a new user is made from `first`.

        `role` is the role of its groups, if they give one; it is set also for the last admin.
        Returns None when the name belongs to a local user, or the user is disabled.
        """
        user = self.find(name)
        if user is None:
            with contextlib.suppress(Conflict):  # two logins at once
                self.add(first)
            user = self.get(name)
        if user.origin is not Origin.LDAP or user.disabled:
            return None
        if role is not None and role is not user.role:
            self.collection.update_one({"name": user.name}, {"$set": {"role": role.value}})
            entry = Entry(user.name, "role by groups", user.name, fields=["role"])
            AuditStore(self._database).add(entry)
            if user.role is Role.ADMIN and not self._another_admin(user.name):
                log.warning(
                    "its groups make %s a %s, and no admin is left that can log in; `calipso user "
                    "grant NAME --role admin` makes one",
                    user.name,
                    role,
                )
            return user.model_copy(update={"role": role})
        return user

    # -- inside ------------------------------------------------------------------------

    def _document(self, name: str) -> Document | None:
        try:
            return self.collection.find_one({"name": user_name(name)})
        except ValueError:
            return None

    def _found(self, name: str) -> Document:
        found = self._document(name)
        if found is None:
            known = [item["name"] for item in self.collection.find({}, {"name": 1})]
            raise NotFound(f"no user {name}{nearest(name, known)}", hint="calipso user list")
        return found

    def _set(self, name: str, fields: Document) -> Document:
        """Change fields of a user; returns the user before the change. Raises NotFound."""
        before = self.collection.find_one_and_update({"name": name}, {"$set": fields})
        return before or self._found(name)

    def _leave_an_admin(self, user: User, *, undo: Callable[[], object] | None = None) -> None:
        """Call `undo` and raise Conflict if no other admin can log in."""
        if user.role is Role.ADMIN and not user.disabled and not self._another_admin(user.name):
            if undo:
                undo()
            raise Conflict(
                f"{user.name} is the last admin that can log in",
                hint="Make another user an admin first, one with a password or a token.",
            )

    def _another_admin(self, name: str) -> bool:
        """True when an admin of another name can log in: by password, directory or token."""
        others = {"role": Role.ADMIN.value, "disabled": False, "name": {"$ne": name}}
        return any(
            item["origin"] == Origin.LDAP
            or item.get("password_hash")
            or self.tokens.of(item["name"])
            for item in self.collection.find(others)
        )


def _next_generation() -> Document:
    """Return a new, unique generation, which ends all sessions and logins."""
    return {"generation": str(ObjectId())}


def _user(document: Document) -> User:
    return User.model_validate(decode(document))


def all_grants(user: User) -> dict[str, Grant]:
    """Return the grants of a user by environment: its own, and those that environments give."""
    grants = dict(user.grants)
    for name, grant in environment_grants(user).items():
        if grant is Grant.EDIT or name not in grants:
            grants[name] = grant
    return grants


def environment_grants(user: User) -> dict[str, Grant]:
    """Return the grants that the `auth` of environments gives a user.

    The original stores grants there: `auth: {view-env: [names], edit-env: [names]}`.
    """
    grants = {}
    environments = MongoAccess().db["environments_config"]
    for item in environments.find({"auth": {"$nin": [None, {}]}}, {"name": 1, "auth": 1}):
        auth = item["auth"] if isinstance(item["auth"], dict) else {}
        if _listed(user, auth.get("edit-env")):
            grants[item["name"]] = Grant.EDIT
        elif _listed(user, auth.get("view-env")):
            grants[item["name"]] = Grant.VIEW
    return grants


def _listed(user: User, names: Any) -> bool:
    return isinstance(names, list) and any(same_name(name, user.name) for name in names)


def parse_grants(words: Iterable[str]) -> dict[str, Grant]:
    """Return words such as `prod=edit` and `*=view` as grants. Raises ConfigError."""
    grants = {}
    for word in words:
        environment, _, grant = word.rpartition("=")
        if not environment.strip() or grant not in [item.value for item in Grant]:
            raise ConfigError(
                f"{word}: not a grant",
                hint=f"ENVIRONMENT=view or ENVIRONMENT=edit; {EVERY} is every environment.",
            )
        grants[environment.strip()] = Grant(grant)
    return grants
