"""UserStore: the collection `users`, passwords as argon2 hashes."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from calipso.errors import Conflict, NotFound
from calipso.model.user import User
from calipso.utils.mongo_access import MongoAccess

Document = dict[str, Any]

_HASHER = PasswordHasher()


class UserStore:
    """Adds, reads and changes users."""

    def __init__(self, database: Database[Document] | None = None) -> None:
        self._database = database

    @property
    def collection(self) -> Collection[Document]:
        """The stored users."""
        database = MongoAccess().db if self._database is None else self._database
        return database["users"]

    def ensure_indexes(self) -> None:
        """Names are unique."""
        self.collection.create_indexes([IndexModel([("name", ASCENDING)], unique=True)])

    def add(self, user: User, password: str | None = None) -> None:
        """Store a new user; without a password only tokens let it in. Raises Conflict."""
        self.ensure_indexes()
        document = user.model_dump(mode="json")
        if password is not None:
            document["password_hash"] = _HASHER.hash(password)
        try:
            self.collection.insert_one(document)
        except DuplicateKeyError:
            raise Conflict(f"there is a user {user.name}", hint="Choose another name.") from None

    def get(self, name: str) -> User:
        """One user. Raises NotFound."""
        found = self.collection.find_one({"name": name})
        if found is None:
            raise NotFound(f"no user {name}", hint="calipso user list")
        return User.model_validate(found)

    def checked(self, name: str, password: str) -> User | None:
        """The user, if the password is right and the user is not disabled."""
        found = self.collection.find_one({"name": name, "disabled": False})
        hashed = (found or {}).get("password_hash", "")
        try:
            _HASHER.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return None
        return User.model_validate(found)
